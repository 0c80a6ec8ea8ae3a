"""One chain: its configuration, the phase machine, its records, and the measures derived from them."""
