"""How far a belief read along one reply is from the joint: `python docs/factorised_error.py`.

An exactly Bayesian agent with a uniform prior over the 243 rules sees four examples of a random rule, without noise. It states a
rule drawn from its posterior. Read along that reply, each object has its probabilities given the states stated before it; the
factorised belief is their product. Printed are its distances from the posterior: means with standard errors, and the largest.
"""

from __future__ import annotations

import numpy as np

from iicl_tui.bayes.inference import entropy
from iicl_tui.chain.config import read_config

TIMES, EXAMPLES = 5000, 4


def main() -> None:
    task, rng = read_config({}).task, np.random.default_rng(0)
    size = task.space.size
    distances, entropies = [], []
    for _ in range(TIMES):
        examples = task.transmit(int(rng.integers(size)), EXAMPLES, 0.0, rng)
        explains = task.explained(examples) == EXAMPLES
        joint = explains / explains.sum()
        read = along_one_reply(joint, task.space.codes, int(rng.choice(size, p=joint)))
        distances.append(np.abs(read - joint).sum() / 2)
        with np.errstate(divide="ignore"):
            entropies.append(abs(float(entropy(np.log(read)) - entropy(np.log(joint)))))
    for name, values in (("total variation", distances), ("entropy, nats off", entropies)):
        error = np.std(values, ddof=1) / np.sqrt(TIMES)
        print(f"{name:<18} mean {np.mean(values):.3f} ± {error:.3f}, largest {np.max(values):.2f}, of {TIMES:,} replies")


def along_one_reply(joint: np.ndarray, codes: np.ndarray, drawn: int) -> np.ndarray:
    """(H,): the product over the objects of P(state | the states drawn before it)."""
    read, fits = np.ones(joint.size), np.ones(joint.size, dtype=bool)
    for factor in range(codes.shape[1]):
        values = codes[:, factor]
        shares = np.bincount(values, weights=joint * fits, minlength=3)
        read *= (shares / shares.sum())[values]
        fits &= values == values[drawn]
    return read


if __name__ == "__main__":
    main()
