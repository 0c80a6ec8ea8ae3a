"""Many chains: what theory predicts, and what ensembles, sweeps and comparisons show."""
