"""The bands against enumeration, against simulation by ArviZ, and against themselves."""

import itertools

import numpy as np
import pytest
from arviz_stats.ecdf_utils import simulate_confidence_bands
from scipy import stats

from tests.calibration.uniformity import band, counts_below, distance, p_value


def all_counts(n, n_ranks):
    """The counts of every sequence of ranks, each sequence being as probable as another."""
    return [np.bincount(ranks, minlength=n_ranks) for ranks in itertools.product(range(n_ranks), repeat=n)]


@pytest.mark.parametrize(("n", "n_ranks"), [(6, 4), (9, 2), (5, 5)])
def test_p_values_are_those_of_enumeration(n, n_ranks):
    points = np.arange(1, n_ranks) / n_ranks
    below = np.array([counts_below(counts) for counts in all_counts(n, n_ranks)])
    law = stats.binom(n, points)
    smallest = np.minimum(law.cdf(below), law.sf(below - 1)).min(axis=1)
    for counts, tail in zip(all_counts(n, n_ranks)[::7], smallest[::7], strict=True):
        assert p_value(counts) == pytest.approx((smallest <= tail * (1 + 1e-9)).mean(), abs=1e-9)


@pytest.mark.parametrize("n", [20, 100])
def test_small_p_values_are_not_rounding(n):
    """Of two ranks, all are one of them with the probability ``2 / 2**n``."""
    assert p_value(np.array([n, 0])) == pytest.approx(0.5 ** (n - 1), rel=1e-9, abs=0)


def test_bands_are_those_of_arviz():
    """Its pointwise probability, found by simulation, leaves as much outside as it was asked to."""
    n, simulations = 64, 4000  # a power of two: ArviZ cuts counts off, and 29 / 100 * 100 is less than 29
    for prob in (0.8, 0.94, 0.99):
        rng = np.random.default_rng(1)
        points = np.arange(1, n) / n
        pointwise = simulate_confidence_bands(n, 1, points, prob, simulations, rng)
        law = stats.binom(n, points)
        tail = (1 - pointwise) / 2
        ranks = np.random.default_rng(2).integers(0, n, size=(simulations, n))
        below = np.array([counts_below(np.bincount(row, minlength=n)) for row in ranks])
        inside = (np.minimum(law.cdf(below), law.sf(below - 1)) > tail).all(axis=1).mean()
        _, lower, upper = band(n, n, 1 - prob)
        ours = ((below >= n * lower) & (below <= n * upper)).all(axis=1).mean()
        error = np.sqrt(2 * prob * (1 - prob) / simulations)
        assert abs(inside - ours) < 4 * error + 0.01  # binomial tails come in steps, of up to a hundredth here


@pytest.mark.parametrize("level", [0.05, 1e-3])
def test_what_leaves_the_band_has_a_small_p_value(level):
    n, n_ranks = 200, 101
    _, lower, upper = band(n, n_ranks, level)
    rng = np.random.default_rng(3)
    for tilt in np.linspace(0, 1.2, 40):
        ranks = np.minimum((n_ranks * rng.beta(1, 1 + tilt, size=n)).astype(int), n_ranks - 1)
        counts = np.bincount(ranks, minlength=n_ranks)
        share = counts_below(counts) / n
        outside = bool(((share < lower - 1e-12) | (share > upper + 1e-12)).any())
        assert outside == (p_value(counts) <= level)


def test_uniform_ranks_pass_as_often_as_they_should():
    rng = np.random.default_rng(4)
    p = [p_value(np.bincount(rng.integers(0, 101, size=100), minlength=101)) for _ in range(400)]
    for level in (0.01, 0.1, 0.5):
        assert stats.binomtest(int((np.array(p) <= level).sum()), 400, level).pvalue > 1e-3


def test_distance():
    assert distance(np.array([4, 0])) == 0.5
    assert distance(np.array([3, 3, 3])) == 0.0
