"""Filters of the interaction and transmission phases. One module per filter."""
