"""Derivatives by central differences, the oracle of every gradient."""

from collections.abc import Callable

import numpy as np


def gradient(function: Callable[[np.ndarray], float], at: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Slope of a function of an array, by the fourth-order central rule; the error is about step^4 and eps / step."""
    at = np.asarray(at, dtype=float)
    out = np.empty(at.shape)
    for place in np.ndindex(at.shape):
        moved = [at.copy() for _ in range(4)]
        for one, width in zip(moved, (-2, -1, 1, 2), strict=True):
            one[place] += width * step
        outer_low, low, high, outer_high = (function(one) for one in moved)
        out[place] = (8 * (high - low) - (outer_high - outer_low)) / (12 * step)
    return out
