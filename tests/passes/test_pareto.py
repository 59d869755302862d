"""The compiled Pareto smoothing beside ArviZ's, and beside the loo package of R."""

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy.special import logsumexp
from scipy.stats import genpareto

from bayesmix.passes.pareto import left_out, smoothed, tail_size


def log_densities(n_draws, n_rows=40, seed=1):
    """Rows whose weights have tails from light to hopeless."""
    rng = np.random.default_rng(seed)
    heaviness = np.linspace(0.05, 2.0, n_rows)
    return -np.exp(heaviness * rng.normal(size=(n_draws, n_rows))) * np.linspace(0.1, 8.0, n_rows)


@pytest.mark.parametrize(("n_draws", "efficiency"), [(25, 1.0), (230, 0.9), (501, 0.31), (4000, 1.7)])
def test_weights_and_shape_are_those_of_arviz(n_draws, efficiency):
    densities = log_densities(n_draws)
    n_tail = tail_size(n_draws, efficiency)
    for row in densities.T:
        expected, k = array_stats.psislw(row, r_eff=efficiency)
        made, shape = smoothed(-row, n_tail)
        np.testing.assert_allclose(made, expected, rtol=0, atol=1e-9 * max(1.0, abs(expected.min())))
        assert shape == pytest.approx(np.inf if np.isnan(k) else float(k), abs=1e-10)


@pytest.mark.parametrize("corrected", [False, True])
def test_rows_left_out_are_those_of_arviz(corrected):
    densities = log_densities(400)
    ratios = np.random.default_rng(2).normal(size=400) * corrected
    elpd, pareto_k, log_mean = left_out(densities, ratios, tail_size(400))
    for i, row in enumerate(densities.T):
        weights, k = array_stats.psislw(row - ratios)
        assert elpd[i] == pytest.approx(logsumexp(weights + row), abs=1e-10)
        assert pareto_k[i] == pytest.approx(np.inf if np.isnan(k) else float(k), abs=1e-10)
        assert log_mean[i] == pytest.approx(logsumexp(row) - np.log(400), abs=1e-10)


def test_a_row_hangs_on_no_other_row():
    densities, ratios = log_densities(300, n_rows=70), np.zeros(300)
    whole = left_out(densities, ratios, tail_size(300))
    for part in (slice(0, 3), slice(31, 70)):
        alone = left_out(np.ascontiguousarray(densities[:, part]), ratios, tail_size(300))
        for one, all_of_them in zip(alone, whole, strict=True):
            np.testing.assert_array_equal(one, all_of_them[part])


@pytest.mark.parametrize("shape", [0.1, 0.5, 0.9])
def test_the_shape_of_a_known_law_is_found(shape):
    n_draws = 40_000
    weights = genpareto.rvs(shape, size=n_draws, random_state=np.random.default_rng(3))
    n_tail = tail_size(n_draws)
    found = smoothed(np.log(weights), n_tail)[1]
    assert abs(found - shape) < 4 * (1 + shape) / np.sqrt(n_tail)  # Hosking and Wallis (1987)


def test_what_has_no_tail_keeps_its_weights():
    flat = np.where(np.arange(100) < 60, 0.0, -1.0)
    steep = -(10.0 ** np.linspace(3, 9, 100))
    for ratios in (flat, steep, np.zeros(100)):
        weights, k = smoothed(ratios, tail_size(100))
        assert k == np.inf
        np.testing.assert_allclose(weights, ratios - logsumexp(ratios), atol=1e-12 * np.abs(ratios).max())


def test_a_density_of_zero_has_no_number():
    densities = log_densities(50, n_rows=3)
    densities[7, 1] = -np.inf
    elpd, pareto_k, _ = left_out(densities, np.zeros(50), tail_size(50))
    assert np.isnan(elpd[1]) and np.isinf(pareto_k[1])
    assert np.isfinite(elpd[[0, 2]]).all() and np.isfinite(pareto_k[[0, 2]]).all()
