"""The parts of the lesson screen."""
