"""Bridges between densities whose integrals are known."""

import numpy as np
import pytest
from scipy import signal, stats

from bayesmix.comparison.evidence.bridge import bridge
from tests.monte_carlo import ALLOWED

LOG_INTEGRAL = -321.5


def ratios(p, q, rng, n_chains=4, n_draws=500):
    ours = p.rvs(size=(n_chains, n_draws), random_state=rng)
    theirs = q.rvs(size=2000, random_state=rng)
    return [LOG_INTEGRAL + p.logpdf(x) - q.logpdf(x) for x in (ours, theirs)]


@pytest.mark.parametrize("q", [stats.norm(0.5, 1.5), stats.norm(1, 0.4), stats.t(3)], ids=["wide", "narrow", "heavy"])
def test_integral_and_error(q):
    """Errors are what they say they are: the squares of 200 of them average to one."""
    found = [bridge(*ratios(stats.norm(), q, np.random.default_rng(seed))) for seed in range(200)]
    errors = np.sqrt([one.variance_of_chains + one.variance_of_proposal for one in found])
    apart = (np.array([one.log_integral for one in found]) - LOG_INTEGRAL) / errors
    # a mean of 200 squares of standard normals has the deviation 0.1
    assert abs(apart.mean()) < ALLOWED / np.sqrt(200)
    assert 0.5 < (apart**2).mean() < 1.5


def test_error_of_slow_chains_and_of_parts_with_their_shares():
    """Autoregressive draws, and a proposal of two parts, each with half of the draws, one of which is far away."""
    parts = stats.norm([[0.0], [8.0]], [[1.2], [1.0]])
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        chains = autoregressive(rng, 0.7)
        proposed = parts.rvs(size=(2, 500), random_state=rng).ravel()
        found.append(bridge(*(LOG_INTEGRAL + stats.norm.logpdf(x) - log_mixture(parts, x) for x in (chains, proposed))))
    errors = np.sqrt([one.variance_of_chains + one.variance_of_proposal for one in found])
    apart = (np.array([one.log_integral for one in found]) - LOG_INTEGRAL) / errors
    # a mean of 300 squares of standard normals has the deviation 0.08
    assert abs(apart.mean()) < ALLOWED / np.sqrt(300)
    assert 0.6 < (apart**2).mean() < 1.4


def autoregressive(rng, correlation, n_chains=4, n_draws=500):
    """Draws of standard normals, each correlated with the one before."""
    normal = rng.standard_normal((n_chains, n_draws))
    normal[:, 1:] *= np.sqrt(1 - correlation**2)
    return signal.lfilter([1], [1, -correlation], normal, axis=1)


def log_mixture(parts, x):
    return np.logaddexp(*(part.reshape(x.shape) for part in parts.logpdf(x.reshape(1, -1)))) - np.log(2)


def test_points_that_a_proposal_cannot_reach():
    rng = np.random.default_rng(0)
    ours, theirs = ratios(stats.norm(), stats.norm(0, 1.2), rng)
    ours[0, :3], theirs[:3] = np.inf, -np.inf
    found = bridge(ours, theirs)
    assert abs(found.log_integral - LOG_INTEGRAL) < 0.1
    ours[0, 0] = np.nan
    assert np.isnan(bridge(ours, theirs).log_integral)


def test_a_chain_in_a_place_of_its_own_is_seen():
    rng = np.random.default_rng(1)
    ours, theirs = ratios(stats.norm(), stats.norm(0, 1.5), rng)
    ours[3] += 3
    found = bridge(ours, theirs)
    assert np.ptp(found.by_chain[:3]) < 0.5 < np.ptp(found.by_chain)
