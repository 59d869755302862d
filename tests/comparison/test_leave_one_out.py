import warnings

import arviz as az
import numpy as np
import pandas as pd
import pytest
from arviz_stats.utils import ELPDDataLOO

from bayesmix.comparison import loo, pointwise, waic
from bayesmix.comparison.pointwise import bad_rows
from bayesmix.datasets import load_faithful
from bayesmix.mixture import Mixture
from bayesmix.tree import log_likelihood_blocks, reading, training_rows
from bayesmix.verdict import UntrustedWarning
from tests.comparison.trees import approximation, rebuilt, scattered, stored
from tests.simulated_trees import COVARIANCES, discrete_tree, simulated_tree


def quietly(function, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **options)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_loo_is_that_of_arviz_on_the_whole_matrix(covariance):
    tree = stored(scattered(covariance))
    expected = quietly(az.loo, tree, pointwise=True)
    made = loo(tree)
    np.testing.assert_allclose(made.elpd_i, expected.elpd_i, rtol=0, atol=1e-12)
    np.testing.assert_allclose(made.pareto_k, expected.pareto_k, rtol=0, atol=1e-12)
    assert made.elpd == pytest.approx(expected.elpd, abs=1e-10)
    assert made.se == pytest.approx(expected.se, abs=1e-10)
    assert made.p == pytest.approx(expected.p, abs=1e-10)
    assert (made.n_samples, made.n_data_points) == (expected.n_samples, expected.n_data_points)
    assert (made.good_k, made.warning) == (expected.good_k, expected.warning)


def test_one_component_has_constant_weights_that_do_not_disturb():
    tree = stored(scattered(n_components=1))
    expected = quietly(az.loo, tree, pointwise=True)
    np.testing.assert_allclose(loo(tree).elpd_i, expected.elpd_i, atol=1e-12)


@pytest.mark.parametrize("score", [loo, waic])
def test_streamed_equals_stored(score, monkeypatch):
    tree = scattered(seed=4)
    whole = score(stored(tree))
    monkeypatch.setattr(reading, "MAX_VALUES", 450 * 4)  # four rows at a time
    for other in (score(tree), score(stored(tree))):
        np.testing.assert_allclose(other.elpd_i, whole.elpd_i, rtol=0, atol=1e-10)
        assert other.elpd == pytest.approx(whole.elpd, abs=1e-10)
        assert other.se == pytest.approx(whole.se, abs=1e-10)
        assert other.p == pytest.approx(whole.p, abs=1e-10)
        assert other.warning == whole.warning


def test_streaming_holds_few_rows_at_once(monkeypatch):
    monkeypatch.setattr(reading, "MAX_VALUES", 450 * 4 * 3)  # a draw holds three components
    blocks = [values.shape for _, values in log_likelihood_blocks(scattered())]
    assert max(shape[-1] for shape in blocks) == 4
    assert sum(shape[-1] for shape in blocks) == 35


@pytest.mark.parametrize("kind", ["count", "binary", "categorical"])
def test_of_a_large_posterior_weights_and_first_parameter_speak(kind, monkeypatch):
    whole = pointwise.relative_efficiency(discrete_tree(kind))
    monkeypatch.setattr(pointwise, "_MAX_ENTRIES", 1)
    assert pointwise.relative_efficiency(discrete_tree(kind)) == whole  # they are all there is


def test_draws_of_an_approximation_are_corrected():
    tree = approximation(scattered())
    stats = tree["sample_stats"]
    expected = quietly(az.loo_approximate_posterior, tree, stats["log_p"], stats["log_q"], True)
    made = loo(tree)
    assert made.approx_posterior
    np.testing.assert_allclose(made.elpd_i, expected.elpd_i, atol=1e-12)
    np.testing.assert_allclose(made.pareto_k, expected.pareto_k, atol=1e-12)
    assert made.p == pytest.approx(expected.p, abs=1e-10)


def test_arviz_takes_the_result():
    one, other = (stored(scattered(seed=seed)) for seed in (1, 1))
    better, worse = loo(one), loo(rebuilt(other))
    worse.elpd_i = worse.elpd_i - 0.5
    worse.elpd = float(worse.elpd_i.sum())
    table = quietly(az.compare, {"better": better, "worse": worse}, round_to="none")
    assert table.loc["worse", "elpd_diff"] == pytest.approx(-0.5 * 35)
    assert isinstance(better, ELPDDataLOO)
    assert "elpd_loo" in str(better)
    quietly(az.plot_khat, better, backend="none")


def test_bad_rows_are_counted_and_warned_of_in_own_words():
    values = np.vstack([training_rows(scattered()).values, [[300.0, -300.0]]])
    tree = scattered()
    far = rebuilt(tree)
    far["observed_data"] = far["observed_data"].to_dataset().isel(obs=[0] * 36).assign(x=(("obs", "feature"), values))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        elpd = loo(far)
    assert {one.category for one in caught} == {UntrustedWarning}
    assert f"Pareto k is above 0.7 for {len(bad_rows(elpd))} of 36 rows" in str(caught[-1].message)
    assert elpd.warning
    assert bad_rows(elpd)[0] == 35


def test_chains_that_stand_still_do_not_stop_it():
    """ArviZ raises where the tail of the weights is flat; such a row cannot be trusted."""
    tree = stored(scattered())
    matrix = tree["log_likelihood"]["x"].values
    matrix[0, :, :2] = matrix[0, 0, :2] - 3.0  # the lowest densities of two rows
    with pytest.raises(ValueError, match="tail"):
        quietly(az.loo, tree)
    moving = loo(stored(scattered()))
    still = loo(tree)
    assert np.isinf(still.pareto_k.values[:2]).all()
    np.testing.assert_allclose(still.elpd_i[2:], moving.elpd_i[2:], atol=1e-12)
    by_hand = -np.log(np.mean(np.exp(-matrix[..., 0])))
    assert float(still.elpd_i[0]) == pytest.approx(by_hand)


def test_few_draws_are_refused():
    with pytest.raises(ValueError, match="12 draws, and LOO, WAIC and the evidence need at least 25"):
        loo(simulated_tree(shape=(1, 12)))


def test_the_obs_coordinate_is_the_tree_s():
    tree = scattered(obs=[f"row {i}" for i in range(35)])
    assert loo(tree).pareto_k.obs.values[3] == "row 3"
    assert waic(tree).elpd_i.obs.values[3] == "row 3"


@pytest.mark.parametrize("score", [loo, waic])
def test_x_must_be_the_training_rows(score):
    tree = scattered()
    rows = training_rows(tree)
    frame = pd.DataFrame(rows.values, columns=list(rows.features))
    assert score(tree, frame).elpd == score(tree).elpd
    with pytest.raises(ValueError, match=r"not the data that the tree was fitted on.*log_density"):
        score(tree, frame.iloc[:-1])
    with pytest.raises(ValueError, match="log_density"):
        score(tree, frame + 1e-9)
    with pytest.raises(ValueError, match="column"):
        score(tree, frame.iloc[:, :1])


@pytest.mark.parametrize("score", [loo, waic])
def test_a_point_estimate_has_neither(score):
    em = Mixture(2).fit_em(load_faithful(), random_seed=1)
    for estimate in (em, em.to_tree()):
        with pytest.raises(ValueError, match=r"point estimate: use fit;"):
            score(estimate)
