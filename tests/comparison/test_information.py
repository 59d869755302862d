import arviz as az
import numpy as np
import pytest

from bayesmix.comparison import loo, waic
from bayesmix.comparison.information import _of_block
from tests.comparison.trees import (
    approximation,
    log_likelihood,
    rebuilt,
    scattered,
    stored,
)
from tests.simulated_trees import simulated_tree


def test_waic_by_hand():
    tree = scattered()
    matrix = log_likelihood(tree).reshape(-1, 35)
    variance = matrix.var(axis=0, ddof=1)
    pointwise = np.log(np.exp(matrix).mean(axis=0)) - variance
    made = waic(tree)
    np.testing.assert_allclose(made.elpd_i, pointwise, atol=1e-10)
    np.testing.assert_allclose(made.p_waic_i, variance, atol=1e-10)
    assert made.elpd == pytest.approx(pointwise.sum())
    assert made.se == pytest.approx(np.sqrt(35 * pointwise.var(ddof=1)))
    assert made.p == pytest.approx(variance.sum())
    assert made.n_bad_p == (variance > 0.4).sum() > 0
    assert made.warning
    assert made.share_bad_p == (variance > 0.4).mean()
    assert f"{made.share_bad_p:.1%} of the rows have p_waic_i > 0.4" in str(made)
    assert "elpd_waic" in str(made)


def test_no_alarm_without_cause():
    made = waic(tight())
    assert not made.warning
    assert "prefer LOO" not in str(made)


def tight():
    return simulated_tree(n_rows=35, shape=(2, 50), spread=0.01)


def test_waic_is_close_to_loo_where_both_hold():
    tree = tight()
    assert waic(tree).elpd == pytest.approx(loo(tree).elpd, abs=0.01)


def test_equal_densities_weigh_equally():
    tree = scattered()
    flat = np.zeros((3, 150))
    same = rebuilt(tree, "laplace", sample_stats={"log_p": flat, "log_q": flat})
    np.testing.assert_allclose(waic(same).elpd_i, waic(tree).elpd_i, atol=1e-10)


def test_draws_of_an_approximation_are_weighted():
    tree = approximation(scattered())
    stats = tree["sample_stats"].to_dataset()
    matrix = log_likelihood(tree).reshape(-1, 35)
    weights, _ = (stats["log_q"] - stats["log_p"]).azstats.psislw(dim=["chain", "draw"])
    weights = np.exp(weights.values.ravel())
    assert weights.sum() == pytest.approx(1)
    mean = weights @ matrix
    variance = weights @ (matrix - mean) ** 2 / (1 - weights @ weights)
    pointwise = np.log(weights @ np.exp(matrix)) - variance
    np.testing.assert_allclose(waic(tree).elpd_i, pointwise, atol=1e-10)


def test_weights_point_to_the_posterior():
    """Draws of N(0, 2^2) weighted to N(0, 1): the weighted variance is the target's."""
    rng = np.random.default_rng(0)
    draws = 2 * rng.standard_normal(20000)
    log_weights = -0.5 * draws**2 + 0.5 * (draws / 2) ** 2
    log_weights -= np.log(np.exp(log_weights).sum())
    density, variance = _of_block(draws[:, None], log_weights)
    assert variance[0] == pytest.approx(1, abs=0.05)
    assert density[0] == pytest.approx(0.5, abs=0.05)  # log E[exp(theta)]


def test_arviz_compares_waic_with_waic_only():
    tree = stored(scattered())
    table = az.compare({"a": waic(tree), "b": waic(scattered(seed=1))}, round_to="none")
    assert table.loc["a", "elpd"] == waic(tree).elpd
    with pytest.raises(ValueError, match="incompatible"):
        az.compare({"a": waic(tree), "b": loo(tree)})
