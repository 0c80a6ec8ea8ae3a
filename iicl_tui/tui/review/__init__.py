"""The panes that show a review or an unreadable reply."""
