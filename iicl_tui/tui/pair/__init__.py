"""The parts of the screen that shows two chains."""
