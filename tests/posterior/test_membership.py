import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import multivariate_normal, norm

from bayesmix import Gaussian
from bayesmix.posterior.labels.apply import undo
from bayesmix.posterior.membership import responsibilities, with_responsibilities
from bayesmix.posterior.renaming import relabel
from bayesmix.tree import draws_of, load, save, training_rows
from tests.simulated_trees import COVARIANCES, random_permutations, simulated_tree


def scipy_responsibilities(tree: xr.DataTree, covariance: str, values: np.ndarray) -> np.ndarray:
    """(chain, draw, N, K), one density at a time."""
    weights, params = draws_of(tree)
    matrices = Gaussian(covariance).covariance_matrices(params)
    out = np.empty((*weights.shape[:2], len(values), weights.shape[-1]))
    for chain, draw, k in np.ndindex(weights.shape):
        density = multivariate_normal(params["means"][chain, draw, k], matrices[chain, draw, k])
        out[chain, draw, :, k] = weights[chain, draw, k] * density.pdf(values)
    return out / out.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("new_rows", [False, True])
def test_summaries_are_those_of_scipy_densities(covariance, new_rows):
    tree = simulated_tree(covariance, separation=1.5, spread=0.2)
    X = np.random.default_rng(4).normal(2, 2, size=(17, 2)) if new_rows else None
    values = training_rows(tree).values if X is None else X
    share = scipy_responsibilities(tree, covariance, values)
    result = responsibilities(tree, X)
    draws = ("chain", "draw")
    expected = xr.DataArray(share, dims=(*draws, "obs", "component"))
    np.testing.assert_allclose(result["probability"], expected.mean(draws), atol=1e-12)
    np.testing.assert_allclose(result["probability_sd"], expected.std(draws), atol=1e-12)
    np.testing.assert_allclose(
        result["probability_interval"],
        expected.quantile([0.055, 0.945], draws).transpose("obs", "component", "quantile"),
        atol=1e-12,
    )
    np.testing.assert_allclose(result["probability"].sum("component"), 1, rtol=1e-12)
    np.testing.assert_array_equal(result["label"], expected.mean(draws).argmax("component"))
    np.testing.assert_array_equal(result["label_probability"], result["probability"].max("component"))
    p = result["probability"].values
    np.testing.assert_allclose(result["entropy"], -(p * np.log(p)).sum(-1), atol=1e-12)


def test_dims_and_coordinates():
    tree = simulated_tree(obs=pd.Index([f"row {i}" for i in range(60)]))
    result = responsibilities(tree)
    assert result["probability"].dims == ("obs", "component")
    assert result["probability_interval"].dims == ("obs", "component", "ci_bound")
    assert list(result["ci_bound"].values) == ["lower", "upper"]
    assert result["obs"].values[3] == "row 3"
    assert result.attrs["ci_prob"] == az.rcParams["stats.ci_prob"]


def test_blocks_do_not_change_the_result(monkeypatch):
    tree = simulated_tree(separation=1.0)
    whole = responsibilities(tree)
    plain = Gaussian.log_joint_blocks
    monkeypatch.setattr(
        Gaussian,
        "log_joint_blocks",
        lambda self, weights, params, X: plain(self, weights, params, X, max_values=500),
    )
    xr.testing.assert_allclose(responsibilities(tree), whole, rtol=1e-13)


def test_a_row_far_from_everything_still_has_probabilities():
    result = responsibilities(simulated_tree(), [[1e9, -1e9], [-1e12, 3.0]])
    np.testing.assert_allclose(result["probability"].sum("component"), 1, rtol=1e-12)


def test_point_estimate_and_one_component():
    result = responsibilities(simulated_tree(shape=(1, 1), separation=1.0))
    assert (result["probability_sd"] == 0).all()
    for bound in ("lower", "upper"):
        np.testing.assert_array_equal(result["probability_interval"].sel(ci_bound=bound), result["probability"])
    alone = responsibilities(simulated_tree(n_components=1))
    assert (alone["probability"] == 1).all()
    assert (alone["entropy"] == 0).all()


def test_the_stored_group_is_used_for_its_own_interval_only(tmp_path):
    tree = with_responsibilities(simulated_tree(separation=1.0), ci_prob=0.5)
    stored = load(save(tree, tmp_path / "fit.nc"))
    marked = stored.responsibilities.to_dataset()
    marked["entropy"] = marked["entropy"] + 1
    stored["responsibilities"] = xr.DataTree(marked)
    assert (responsibilities(stored, ci_prob=0.5)["entropy"] >= 1).all()
    fresh = responsibilities(stored, ci_prob=0.9)
    assert fresh.attrs["ci_prob"] == 0.9
    np.testing.assert_allclose(fresh["entropy"] + 1, marked["entropy"], rtol=1e-12)


def test_predictions_are_the_same_bits_after_loading(tmp_path):
    tree = simulated_tree(separation=1.0)
    X = np.random.default_rng(0).normal(size=(50, 2))
    for name in ("fit.nc", "fit.zarr"):
        again = responsibilities(load(save(tree, tmp_path / name)), X)
        assert responsibilities(tree, X).identical(again)


def test_relabelling_permutes_the_responsibilities():
    raw = simulated_tree(separation=1.5, permutations=random_permutations((2, 12), 3, seed=1))
    relabelled = relabel(with_responsibilities(raw, ci_prob=0.6))
    expected = responsibilities(simulated_tree(separation=1.5), ci_prob=0.6)
    xr.testing.assert_allclose(relabelled.responsibilities.to_dataset(), expected, rtol=1e-12)
    assert "responsibilities" not in undo(relabelled).children
    assert "responsibilities" not in relabel(raw).children


def test_refusals():
    tree = simulated_tree()
    with pytest.raises(ValueError, match="ci_prob must lie between 0 and 1"):
        responsibilities(tree, ci_prob=89)
    with pytest.raises(ValueError, match="X"):
        responsibilities(tree, np.zeros((3, 5)))
    with pytest.raises(ValueError, match="X"):
        responsibilities(tree, pd.DataFrame({"a": [1.0], "b": [2.0]}))
    with pytest.raises(TypeError, match=r"must be an xarray\.DataTree or an EMResult, not DataFrame"):
        responsibilities(pd.DataFrame({"a": [1.0], "b": [2.0]}))


def test_missing_cells_are_summed_out_in_every_draw():
    """By SciPy's density of what is there; a row of nothing gets the weights."""
    tree = simulated_tree(separation=1.5, spread=0.2)
    X = np.full((3, 2), np.nan)
    X[0, 1], X[1, 0] = training_rows(tree).values[0, 1], training_rows(tree).values[5, 0]
    weights, params = draws_of(tree)
    share = np.repeat(weights[..., None, :], 3, axis=-2)
    for i, j in ((0, 1), (1, 0)):
        scales = np.sqrt(params["covariances"][..., j, j])
        share[..., i, :] *= norm(params["means"][..., j], scales).pdf(X[i, j])
    share /= share.sum(axis=-1, keepdims=True)
    result = responsibilities(tree, X)
    np.testing.assert_allclose(result["probability"], share.mean(axis=(0, 1)), atol=1e-12)
    np.testing.assert_allclose(result["probability_sd"], share.std(axis=(0, 1)), atol=1e-12)
    np.testing.assert_allclose(result["probability"][2], weights.mean(axis=(0, 1)), atol=1e-12)
    assert result.attrs["missing_cells"] == 4
    assert "missing_cells" not in responsibilities(tree, training_rows(tree).values).attrs
