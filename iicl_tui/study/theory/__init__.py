"""What theory says of a chain of Bayesian agents: ensembles of many chains, exact prediction, fits of agents to chains."""
