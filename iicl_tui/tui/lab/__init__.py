"""The laboratory's view-state: what its screen shows, built from a chain by pure functions."""
