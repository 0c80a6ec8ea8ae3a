"""Who learns: one module a kind of agent."""
