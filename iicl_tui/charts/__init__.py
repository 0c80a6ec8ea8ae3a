"""Terminal charts: numbers in, pictures out. No Textual."""
