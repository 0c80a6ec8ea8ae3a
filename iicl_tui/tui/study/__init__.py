"""Widgets of the screens of many chains: a study, and a comparison."""
