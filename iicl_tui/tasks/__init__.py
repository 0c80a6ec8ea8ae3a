"""Tasks: what is learned. A task defines hypotheses, their likelihood, and how examples are written. One package per task."""
