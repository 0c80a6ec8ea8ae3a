"""What is learned: the hypothesis space, the semantics, the likelihood, and how examples are written. One module a task."""
