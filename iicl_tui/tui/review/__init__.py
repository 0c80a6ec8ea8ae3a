"""The human filter's review: its state, its decider, and the pane that shows them."""
