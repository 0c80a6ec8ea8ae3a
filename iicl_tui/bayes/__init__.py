"""Hypothesis spaces, inference, exact Markov prediction. The lowest layer; imports only numpy."""
