"""The parts of the screen that sets up a chain."""
