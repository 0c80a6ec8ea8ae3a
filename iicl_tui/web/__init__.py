"""The program in a browser: a server, and one process for each visitor. Needs the extra `serve`."""
