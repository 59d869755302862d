import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from bayesmix import Gaussian
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.posterior.predictive import log_density, replicated_sets, sample_predictive
from bayesmix.tree import draws_of, load, save, training_rows
from tests.simulated_trees import COVARIANCES, simulated_tree


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_log_density_is_that_of_scipy(covariance):
    tree = simulated_tree(covariance, separation=1.5, spread=0.2)
    X = np.random.default_rng(4).normal(2, 2, size=(17, 2))
    weights, params = draws_of(tree)
    matrices = Gaussian(covariance).covariance_matrices(params)
    joint = np.empty((*weights.shape, len(X)))
    for chain, draw, k in np.ndindex(weights.shape):
        density = multivariate_normal(params["means"][chain, draw, k], matrices[chain, draw, k])
        joint[chain, draw, k] = np.log(weights[chain, draw, k]) + density.logpdf(X)
    per_draw = logsumexp(joint, axis=2).reshape(-1, len(X))
    result = log_density(tree, X, ci_prob=0.8)
    expected = np.log(np.exp(per_draw).mean(axis=0))
    np.testing.assert_allclose(result["log_density"], expected, rtol=1e-11)
    np.testing.assert_allclose(
        result["log_density_interval"].sel(ci_bound="lower"),
        np.quantile(per_draw, 0.1, axis=0),
        rtol=1e-11,
    )
    np.testing.assert_allclose(
        result["log_density_interval"].sel(ci_bound="upper"),
        np.quantile(per_draw, 0.9, axis=0),
        rtol=1e-11,
    )
    assert result["log_density"].dims == ("obs",)


def test_log_density_far_away_is_finite_and_a_point_estimate_has_no_width():
    result = log_density(simulated_tree(shape=(1, 1)), [[1e6, -1e6], [0.0, 0.0]])
    assert np.isfinite(result["log_density"]).all()
    np.testing.assert_array_equal(result["log_density_interval"].sel(ci_bound="lower"), result["log_density"])


def test_log_density_is_the_same_bits_after_loading(tmp_path):
    tree = simulated_tree()
    X = np.random.default_rng(0).normal(size=(50, 2))
    for name in ("fit.nc", "fit.zarr"):
        again = log_density(load(save(tree, tmp_path / name)), X)
        assert log_density(tree, X).identical(again)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_new_rows_have_the_moments_of_the_posterior_predictive(covariance):
    tree = simulated_tree(covariance, separation=3.0, spread=0.3)
    n = 100_000
    predictions = sample_predictive(tree, n, random_seed=3).predictions
    x = predictions["x"].values
    weights, params = draws_of(tree)
    means = np.einsum("csk,cskd->csd", weights, params["means"]).reshape(-1, 2)
    within = label_free(tree)["total_covariance"].values.reshape(-1, 2, 2).mean(axis=0)
    mean, covariance = means.mean(axis=0), within + np.cov(means.T, ddof=0)
    assert (np.abs(x.mean(axis=0) - mean) < 4 * x.std(axis=0) / np.sqrt(n)).all()
    centred = x - mean
    products = centred[:, :, None] * centred[:, None, :]
    assert (np.abs(products.mean(axis=0) - covariance) < 4 * products.std(axis=0) / np.sqrt(n)).all()
    share = np.bincount(predictions["label"], minlength=3) / n
    expected = weights.reshape(-1, 3).mean(axis=0)
    assert (np.abs(share - expected) < 4 * np.sqrt(expected / n)).all()
    order = np.corrcoef(np.arange(n), predictions["draw"])[0, 1]
    assert abs(order) < 4 / np.sqrt(n)


def test_new_rows_come_from_the_draw_they_name():
    tree = simulated_tree(n_components=1, shape=(2, 5), n_rows=10)
    posterior = tree.posterior.to_dataset()
    posterior["means"] = posterior["means"] * 0 + 1e6 * (10 * posterior["chain"] + posterior["draw"])
    tree["posterior"] = posterior
    predictions = sample_predictive(tree, 200, random_seed=0).predictions.to_dataset()
    assert predictions["x"].dims == ("sample", "feature")
    place = 10 * predictions["chain"] + predictions["draw"]
    np.testing.assert_array_equal(np.round(predictions["x"][:, 0] / 1e6), place)


def tree_whose_weights_and_means_belong_together():
    """Two components at 1 and -1 times a number that names the draw; the weights leave one of them, by turns."""
    tree = simulated_tree("spherical", n_components=2, shape=(2, 6), n_rows=10)
    posterior = tree.posterior.to_dataset()
    number = 1 + 10 * posterior["chain"] + posterior["draw"]
    sign = xr.DataArray([1, -1], dims="component")
    first = (number % 2).where(number % 3 > 0, 1 - number % 2)
    posterior["means"] = (1e6 * number * sign + 0 * posterior["means"]).transpose(*posterior["means"].dims)
    posterior["weights"] = xr.concat([first, 1 - first], dim="component").transpose(*posterior["weights"].dims) * 1.0
    tree["posterior"] = posterior
    return tree, np.where(first == 1, number, -number)


def test_weights_and_parameters_are_those_of_one_draw():
    """In every way in which data sets are made: whole, thinned, one at a time, and row by row."""
    tree, wanted = tree_whose_weights_and_means_belong_together()
    for draws in (None, 3):
        x = sample_predictive(tree, draws=draws, random_seed=1).posterior_predictive["x"]
        found = np.round(x / 1e6)
        assert (found == xr.DataArray(wanted[:, x["draw"]], dims=("chain", "draw"))).all()
    sets = np.round(np.array(list(replicated_sets(tree, 5, np.random.default_rng(1)))) / 1e6)
    chosen = wanted.ravel()[np.linspace(0, 11, 5).round().astype(int)]
    np.testing.assert_array_equal(sets, np.broadcast_to(chosen[:, None, None], sets.shape))
    rows = sample_predictive(tree, 300, random_seed=1).predictions
    np.testing.assert_array_equal(np.round(rows["x"][:, 0] / 1e6), wanted[rows["chain"], rows["draw"]])
    np.testing.assert_array_equal(rows["label"], (wanted[rows["chain"], rows["draw"]] < 0).astype(int))


def test_replicated_data_have_the_moments_of_their_draw_and_suit_arviz():
    tree = simulated_tree("full", shape=(2, 3), n_rows=4000, separation=2.0, spread=0.3)
    result = sample_predictive(tree, random_seed=8)
    x = result.posterior_predictive["x"]
    assert x.dims == ("chain", "draw", "obs", "feature")
    assert x.shape == (2, 3, 4000, 2)
    np.testing.assert_array_equal(result.observed_data["x"], training_rows(tree).values)
    weights, params = draws_of(tree)
    mean = np.einsum("csk,cskd->csd", weights, params["means"])
    error = x.std("obs") / np.sqrt(4000)
    assert (np.abs(x.mean("obs") - mean) < 4 * error).all()
    az.plot_ppc_dist(result, cols=["feature"], sample_dims=["chain", "draw"], num_samples=6, backend="none")


def test_the_same_seed_gives_the_same_rows():
    tree = simulated_tree()
    for n in (None, 20):
        first, second = (sample_predictive(tree, n, random_seed=5) for _ in range(2))
        assert first.identical(second)
        assert not first.identical(sample_predictive(tree, n, random_seed=6))


def test_draws_thin_evenly_and_too_many_are_thinned_with_a_word(monkeypatch):
    tree = simulated_tree(shape=(2, 13))
    few = sample_predictive(tree, draws=3, random_seed=1).posterior_predictive
    np.testing.assert_array_equal(few["draw"], [0, 6, 12])
    assert "note" not in few.attrs
    monkeypatch.setattr("bayesmix.posterior.predictive.MAX_VALUES", 2 * 60 * 2 * 5)
    with pytest.warns(UserWarning, match="5 of 13 draws of each chain"):
        thinned = sample_predictive(tree, random_seed=1).posterior_predictive
    assert thinned.sizes["draw"] == 5
    assert "draws=13" in thinned.attrs["note"]
    assert sample_predictive(tree, draws=13, random_seed=1).posterior_predictive.sizes["draw"] == 13


def test_point_estimates_sample_too():
    tree = simulated_tree(shape=(1, 1))
    assert sample_predictive(tree, random_seed=0).posterior_predictive.sizes["draw"] == 1
    assert sample_predictive(tree, 7, random_seed=0).predictions.sizes["sample"] == 7


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "3"])
def test_counts_must_be_positive_integers(n):
    tree = simulated_tree()
    with pytest.raises(ValueError, match="n must be an integer of at least 1"):
        sample_predictive(tree, n)
    with pytest.raises(ValueError, match="draws must be an integer of at least 1"):
        sample_predictive(tree, draws=n)


def test_draws_and_n_exclude_each_other():
    with pytest.raises(ValueError, match="no meaning together with n"):
        sample_predictive(simulated_tree(), 5, draws=3)


def test_log_density_of_what_was_seen():
    tree = simulated_tree("diag", separation=1.5, spread=0.2)
    weights, params = draws_of(tree)
    density = norm(params["means"][..., 1], np.sqrt(params["variances"][..., 1])).pdf(1.25)
    result = log_density(tree, [[np.nan, 1.25], [np.nan, np.nan]])
    of_draws = (weights * density).sum(axis=-1)
    np.testing.assert_allclose(result["log_density"], [np.log(of_draws.mean()), 0.0], atol=1e-12)
    lower = np.quantile(np.log(of_draws), 0.055)
    np.testing.assert_allclose(result["log_density_interval"].sel(ci_bound="lower"), [lower, 0.0], atol=1e-12)
    assert result.attrs["missing_cells"] == 3
