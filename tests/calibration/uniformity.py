"""Whether ranks are uniform: simultaneous bands of their distribution function, at any level, exactly.

The bands are those that ``az.plot_ecdf_pit`` draws (Säilynoja, Bürkner and Vehtari, 2022, Graphical test for discrete
uniformity and its applications in goodness-of-fit evaluation and multiple sample comparison, Statistics and Computing
32): equal tails of a binomial at every point, as wide as it takes for all points together to hold with the probability
wanted. ArviZ finds the width by simulation, which a level of one in a hundred over hundreds of quantities puts out of
reach; here the probability of staying inside is computed, by walking along the points.
"""

import functools

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from scipy.special import bdtr, bdtrc, gammaln

_ROUNDING = 1e-9  # tails that are equal by symmetry differ by less


def counts_below(counts: np.ndarray) -> np.ndarray:
    """Number of replicates whose rank is below 1, 2, ..., from the number with rank 0, 1, ...."""
    return np.cumsum(counts)[:-1]


def distance(counts: np.ndarray) -> float:
    """Largest difference between the distribution function of the ranks and the uniform one."""
    return float(np.abs(counts_below(counts) / counts.sum() - _points(len(counts))).max())


def p_value(counts: np.ndarray) -> float:
    """Probability that uniform ranks leave a band that these touch: the smaller, the less uniform."""
    n, points = int(counts.sum()), _points(len(counts))
    below = counts_below(counts)
    tails = np.minimum(stats.binom.cdf(below, n, points), stats.binom.sf(below - 1, n, points))
    return min(1.0, _probability_outside(n, len(counts), float(tails.min())))


def band(n: int, n_ranks: int, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, and the lowest and highest distribution function that a test of this level lets pass."""

    def excess(log_tail):
        return np.log(max(_probability_outside(n, n_ranks, np.exp(log_tail)), 1e-300)) - np.log(level)

    tail = np.exp(brentq(excess, np.log(level) - 12, np.log(level), xtol=1e-3))
    lower, upper = _limits(n, n_ranks, tail)
    return _points(n_ranks), lower / n, upper / n


def _points(n_ranks: int) -> np.ndarray:
    return np.arange(1, n_ranks) / n_ranks


def _limits(n: int, n_ranks: int, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and largest counts at which both tails are above ``tail``; where none is, the largest is below."""
    values, points = np.arange(n + 1)[:, None], _points(n_ranks)
    least = tail * (1 + _ROUNDING)
    inside = (stats.binom.cdf(values, n, points) > least) & (stats.binom.sf(values - 1, n, points) > least)
    return inside.argmax(axis=0), np.where(inside.any(axis=0), n - inside[::-1].argmax(axis=0), -1)


@functools.lru_cache(maxsize=4096)
def _probability_outside(n: int, n_ranks: int, tail: float) -> float:
    """That some count of uniform ranks has a tail of at most ``tail``.

    Given ``x`` ranks below one point, those up to the next are binomial among the ``n - x`` others: the counts are a
    Markov chain, and what leaves the band is lost. It is added up where it leaves: as the difference between what was
    there and what stayed, a small probability would be rounding.
    """
    lower, upper = _limits(n, n_ranks, tail)
    points = np.concatenate([[0.0], _points(n_ranks)])
    mass, values = np.ones(1), np.zeros(1, dtype=int)
    lost = 0.0
    for i, (low, high) in enumerate(zip(lower, upper, strict=True)):
        share = (points[i + 1] - points[i]) / (1 - points[i])
        reached = np.arange(low, high + 1)
        steps = reached[:, None] - values
        left = n - values
        possible = (steps >= 0) & (steps <= left)
        k = np.where(possible, steps, 0)
        log_probability = gammaln(left + 1) - gammaln(k + 1) - gammaln(left - k + 1)
        log_probability += k * np.log(share) + (left - k) * np.log1p(-share)
        below, above = bdtr(np.maximum(low - 1 - values, 0), left, share), bdtrc(high - values, left, share)
        lost += (np.where(values < low, below, 0.0) + np.where(high - values < left, above, 0.0)) @ mass
        mass, values = np.where(possible, np.exp(log_probability), 0.0) @ mass, reached
    return float(lost)
