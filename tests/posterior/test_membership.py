import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import rel_entr
from scipy.stats import entropy, multivariate_normal, norm

from bayesmix import Gaussian
from bayesmix.posterior.every_draw import responsibility_draws
from bayesmix.posterior.labels.apply import undo
from bayesmix.posterior.membership import responsibilities, with_responsibilities
from bayesmix.posterior.predictive import log_density
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
    with pytest.raises(ValueError, match=r"ci_kind must be 'eti' \(equal tails\) or 'hdi'.*not 'hpd'"):
        responsibilities(tree, ci_kind="hpd")
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
    np.testing.assert_allclose(responsibility_draws(tree, X), share, atol=1e-12)
    assert result.attrs["missing_cells"] == 4
    assert "missing_cells" not in responsibilities(tree, training_rows(tree).values).attrs


@pytest.mark.parametrize("new_rows", [False, True])
def test_entropy_is_overlap_and_uncertain_parameters(new_rows):
    tree = simulated_tree(separation=1.5, spread=0.4)
    X = np.random.default_rng(4).normal(2, 2, size=(17, 2)) if new_rows else None
    values = training_rows(tree).values if X is None else X
    share = scipy_responsibilities(tree, "full", values)
    result = responsibilities(tree, X)
    overlap = entropy(share, axis=-1).mean(axis=(0, 1))
    np.testing.assert_allclose(result["entropy_overlap"], overlap, atol=1e-12)
    # the mutual information of group and parameters: how far, on average, a draw is from the mean of all
    information = rel_entr(share, share.mean(axis=(0, 1))).sum(axis=-1).mean(axis=(0, 1))
    np.testing.assert_allclose(result["entropy_parameters"], information, atol=1e-12)
    assert information.max() > 0.1
    np.testing.assert_array_equal(result["entropy_overlap"] + result["entropy_parameters"], result["entropy"])


def test_the_parts_of_the_entropy_where_only_one_is_there():
    point = responsibilities(simulated_tree(shape=(1, 1), separation=1.0))
    assert (point["entropy_parameters"] < 1e-12).all()
    assert point["entropy_overlap"].max() > 0.5
    # every draw is sure, and they say different things
    torn = simulated_tree(separation=30.0, permutations=random_permutations((2, 12), 3, seed=1))
    found = responsibilities(torn)
    assert (found["entropy_overlap"] < 1e-12).all()
    assert (found["entropy_parameters"] > 0.5).all()


def test_intervals_of_both_kinds_are_arviz_s():
    tree = simulated_tree(separation=1.0, spread=0.3)
    share = scipy_responsibilities(tree, "full", training_rows(tree).values).reshape(24, 60, 3)
    for kind, of in (("eti", az.eti), ("hdi", az.hdi)):
        expected = of(np.moveaxis(share, 0, -1), prob=0.8, axis=-1)
        found = responsibilities(tree, ci_prob=0.8, ci_kind=kind)
        np.testing.assert_allclose(found["probability_interval"], expected, atol=1e-12)
        assert found.attrs == {"ci_prob": 0.8, "ci_kind": kind}
        with az.rc_context({"stats.ci_kind": kind, "stats.ci_prob": 0.8}):
            xr.testing.assert_identical(responsibilities(tree), found)
    new = training_rows(tree).values[:5]
    density = log_density(tree, new, ci_prob=0.8, ci_kind="hdi")
    of_draws = Gaussian("full").log_mixture(*draws_of(tree), new).reshape(24, 5)
    np.testing.assert_allclose(density["log_density_interval"], az.hdi(of_draws.T, prob=0.8, axis=-1), atol=1e-12)


def test_every_draw_is_computed_where_it_is_read(monkeypatch):
    tree = simulated_tree(separation=1.5, spread=0.2, obs=[f"row {i}" for i in range(60)])
    expected = scipy_responsibilities(tree, "full", training_rows(tree).values)
    asked, plain = [], Gaussian.responsibilities_blocks

    def counted(self, weights, params, X, **rest):
        asked.append((weights.shape[:2], len(X)))
        return plain(self, weights, params, X, **rest)

    monkeypatch.setattr(Gaussian, "responsibilities_blocks", counted)
    draws = responsibility_draws(tree)
    assert draws.dims == ("chain", "draw", "obs", "component")
    assert draws.shape == expected.shape
    assert "values with dtype" in repr(draws)
    assert not asked  # nothing was computed to make or show it
    one = draws.sel(obs="row 7").isel(chain=1, draw=slice(2, 9, 3))
    np.testing.assert_allclose(one, expected[1, 2:9:3, 7], atol=1e-12)
    assert asked == [((1, 3), 1)]
    np.testing.assert_allclose(draws[:, [5, 3], [7, 7, 0], 2], expected[:, [5, 3]][:, :, [7, 7, 0], 2], atol=1e-12)
    picked = xr.DataArray([0, 4, 9], dims="pick")
    points = draws.isel(draw=picked, obs=picked)
    np.testing.assert_allclose(
        points.transpose("chain", "pick", "component"), expected[:, [0, 4, 9], [0, 4, 9]], atol=1e-12
    )
    np.testing.assert_allclose(draws.mean(("chain", "draw")), responsibilities(tree)["probability"], atol=1e-12)
    X = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(responsibility_draws(tree, X), scipy_responsibilities(tree, "full", X), atol=1e-12)


def of_before(tree):
    """A tree as earlier versions wrote it: no parts of the entropy, and one kind of interval."""
    earlier = with_responsibilities(tree, ci_prob=0.5, ci_kind="eti")
    stored = earlier["responsibilities"].to_dataset().drop_vars(["entropy_overlap", "entropy_parameters"])
    del stored.attrs["ci_kind"]
    earlier["responsibilities"] = xr.DataTree(stored)
    return earlier


def test_files_of_before_load_and_have_the_parts_of_the_entropy(tmp_path):
    tree = simulated_tree(separation=1.0)
    earlier = load(save(of_before(tree), tmp_path / "fit.nc"))
    xr.testing.assert_allclose(responsibilities(earlier, ci_prob=0.5), responsibilities(tree, ci_prob=0.5))
    renamed = relabel(earlier)
    assert renamed["responsibilities"].attrs == {"ci_prob": 0.5, "ci_kind": "eti"}
    assert "entropy_overlap" in renamed["responsibilities"].data_vars


def test_one_renaming_of_all_draws_renames_the_summaries_and_computes_nothing(monkeypatch):
    backwards = np.broadcast_to([2, 0, 1], (2, 12, 3))
    raw = with_responsibilities(simulated_tree(separation=1.5, permutations=backwards), ci_kind="hdi")
    expected = responsibilities(simulated_tree(separation=1.5), ci_kind="hdi")
    monkeypatch.setattr(Gaussian, "responsibilities_blocks", None)
    xr.testing.assert_allclose(relabel(raw)["responsibilities"].to_dataset(), expected, rtol=1e-12)


def test_summaries_of_very_many_rows_are_of_some_draws(monkeypatch):
    tree = simulated_tree("full", separation=1.5, spread=0.2)
    whole, sizes = responsibilities(tree), tree["posterior"].sizes
    n_draws = sizes["chain"] * sizes["draw"]
    assert "draws" not in whole.attrs
    monkeypatch.setattr("bayesmix.posterior.membership._MOST_SHARES", whole["probability"].size * 20)
    monkeypatch.setattr("bayesmix.posterior.membership._FEWEST_DRAWS", 10)
    some = responsibilities(tree.drop_nodes("responsibilities", errors="ignore"))
    assert some.attrs["draws"] == 20 < n_draws
    share = scipy_responsibilities(tree, "full", training_rows(tree).values)
    places = np.linspace(0, n_draws - 1, 20).round().astype(int)
    chosen = share.reshape(n_draws, *share.shape[2:])[places]
    np.testing.assert_allclose(some["probability"], chosen.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(some["probability_sd"], chosen.std(axis=0), atol=1e-12)
