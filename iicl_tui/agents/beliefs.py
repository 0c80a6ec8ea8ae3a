"""What is known of an agent's distribution over the hypotheses at one generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Source = Literal["exact", "logprobs", "samples"]


@dataclass(frozen=True, eq=False)
class Belief:
    """log_p: (H,) log-probabilities in nats, −inf where impossible, never NaN. source: how they are known."""

    log_p: NDArray[np.float64]
    source: Source
