"""Ground floor, numpy only: hypothesis spaces, inference, exact Markov prediction."""
