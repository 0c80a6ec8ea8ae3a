"""The interaction phase: what a filter keeps, replaces or lets pass. One module a filter."""
