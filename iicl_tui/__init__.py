"""iicl-tui: a laboratory for iterated learning in a terminal."""

__version__ = "0.1.0"
