"""The predictive density of a row from draws without it, and, where there are, with it."""

from typing import cast

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_expit


def log_predictive(without: np.ndarray, including: np.ndarray | None = None) -> tuple[float, float]:
    r"""``log p(x_i | x_-i)`` and its Monte Carlo standard error.

    The mean of :math:`p(x_i \mid \theta)` over draws of the posterior without the row is
    carried by few of them when the row is surprising. Draws of the posterior with the row have
    their density in proportion to that of the draws without it times
    :math:`p(x_i \mid \theta)`, and the constant between the two is the number asked for: it is
    estimated from both sets of draws by Bennett's acceptance ratio, whose error is the smallest.

    Parameters
    ----------
    without : array
        ``log p(x_i | theta)`` over draws of the posterior without row i.
    including : array, optional
        The same over draws of the posterior with row i.

    Returns
    -------
    value : float
    error : float
        As if draws were independent; near 1 where no few draws reach from one posterior to the
        other, and the value means nothing.

    References
    ----------
    Bennett (1976), Efficient estimation of free energy differences from Monte Carlo data, Journal
    of Computational Physics 22. Meng and Wong (1996), Simulating ratios of normalizing constants
    via a simple identity, Statistica Sinica 6.
    """
    if including is None:
        value = log_sum(without) - float(np.log(without.size))
        return value, float(np.sqrt(_squared_error(without)))
    log_sizes = np.log(without.size) - np.log(including.size)

    def imbalance(constant: float) -> float:
        there = log_sum(log_expit(without - constant - log_sizes))
        return there - log_sum(log_expit(constant + log_sizes - including))

    low = min(without.min(), including.min()) - abs(log_sizes) - 10
    high = max(without.max(), including.max()) + abs(log_sizes) + 10
    value = cast(float, brentq(imbalance, low, high, xtol=1e-10))
    steps = without - value - log_sizes, value + log_sizes - including
    return value, float(np.sqrt(sum(_squared_error(log_expit(step)) for step in steps)))


def log_sum(log_values: np.ndarray) -> float:
    """``log sum exp`` of an array."""
    return float(np.logaddexp.reduce(log_values))


def _squared_error(log_values: np.ndarray) -> float:
    """Squared relative standard error of the mean of positive numbers, given by their logs."""
    values = np.exp(log_values - log_values.max())
    return float((np.mean(values**2) / np.mean(values) ** 2 - 1) / values.size)
