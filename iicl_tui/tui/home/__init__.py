"""What the home screen says of sessions and presets, without a screen."""
