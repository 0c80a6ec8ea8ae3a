"""Untrusted text made safe to show."""
