"""Draws from other samplers become bayesmix trees."""

import numpy as np
import pymc as pm
import pytest
import xarray as xr

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.tree import record_of
from tests.simulated_trees import COVARIANCES, permuted, random_permutations, shared_names

FAITHFUL = bm.datasets.load_faithful()


def as_from_another_sampler(tree, *, names=("weights", "means", "covariances"), permute=None):
    """A bare DataTree as ``pm.sample`` would return it: plain groups, no record, another sampler's statistics."""
    posterior = tree["posterior"].to_dataset()
    found = {name: posterior[name] for name in names if name in posterior}
    if permute is not None:
        shared = shared_names(bm.tree.family_of(tree))
        values = permuted({name: one.values for name, one in found.items()}, permute, shared)
        found = {name: (found[name].dims, values[name]) for name in found}
    stats = tree["sample_stats"].to_dataset()
    renamed = {"logp": stats["lp"], "diverging": stats["diverging"], "divergence_message": stats["lp"].astype(str)}
    return xr.DataTree.from_dict({"posterior": xr.Dataset(found), "sample_stats": xr.Dataset(renamed)})


@pytest.fixture(scope="module", params=COVARIANCES)
def fitted(request):
    mixture = Mixture(2, Gaussian(request.param))
    return mixture, mixture.fit_nuts(FAITHFUL, draws=100, tune=100, random_seed=1, progressbar=False)


def test_permuted_draws_are_put_right(fitted):
    mixture, tree = fitted
    permutations = random_permutations((4, 100), 2, seed=3)
    assert len(np.unique(permutations.reshape(-1, 2), axis=0)) == 2
    names = ["weights", "means", mixture.family.structure.parameter.name]
    adopted = mixture.adopt(as_from_another_sampler(tree, names=names, permute=permutations), FAITHFUL)
    for name in [*names, "scales"]:
        np.testing.assert_array_equal(adopted["posterior"][name].values, tree["posterior"][name].values)
    np.testing.assert_array_equal(adopted["sample_stats"]["permutation"].values, np.argsort(permutations, axis=-1))
    np.testing.assert_array_equal(adopted["sample_stats"]["lp"].values, tree["sample_stats"]["lp"].values)
    assert "divergence_message" not in adopted["sample_stats"].data_vars
    assert record_of(adopted)["method"] == "adopted"
    np.testing.assert_allclose(
        adopted["responsibilities"]["probability"].values, tree["responsibilities"]["probability"].values, atol=1e-12
    )
    np.testing.assert_allclose(adopted["log_likelihood"]["x"].values, tree["log_likelihood"]["x"].values, rtol=1e-12)


def test_without_relabelling(fitted):
    mixture, tree = fitted
    permutations = random_permutations((4, 100), 2, seed=4)
    names = ["weights", "means", mixture.family.structure.parameter.name]
    given = as_from_another_sampler(tree, names=names, permute=permutations)
    adopted = mixture.adopt(given, FAITHFUL, relabel=None)
    np.testing.assert_array_equal(adopted["posterior"]["means"].values, given["posterior"]["means"].values)


def test_one_component_needs_no_weights():
    mixture = Mixture(1, Gaussian("diag"))
    tree = mixture.fit_nuts(FAITHFUL, draws=50, tune=50, chains=2, random_seed=1, progressbar=False)
    adopted = mixture.adopt(as_from_another_sampler(tree, names=("means", "variances")), FAITHFUL)
    assert np.all(adopted["posterior"]["weights"].values == 1)


def test_what_cannot_be_adopted(fitted):
    mixture, tree = fitted
    own = mixture.family.structure.parameter.name
    with pytest.raises(TypeError, match="DataTree with a posterior group"):
        mixture.adopt({"posterior": {}}, FAITHFUL)
    with pytest.raises(TypeError, match="DataTree with a posterior group"):
        mixture.adopt(xr.DataTree(), FAITHFUL)
    with pytest.raises(ValueError, match=f"no '{own}'"):
        mixture.adopt(as_from_another_sampler(tree, names=("weights", "means")), FAITHFUL)
    with pytest.raises(ValueError, match=r"weights has shape \(2,\) a draw, but this mixture and X need \(3,\)"):
        Mixture(3, mixture.family).adopt(as_from_another_sampler(tree, names=("weights", "means", own)), FAITHFUL)
    with pytest.raises(ValueError, match=r"means has shape \(2, 2\) a draw"):
        mixture.adopt(as_from_another_sampler(tree, names=("weights", "means", own)), FAITHFUL[["waiting"]])


def test_draws_of_other_rows_are_refused(fitted):
    """The observed rows, where the tree carries them, must be those that are given."""
    mixture, tree = fitted
    names = ["weights", "means", mixture.family.structure.parameter.name]
    given = as_from_another_sampler(tree, names=names)
    given["observed_data"] = tree["observed_data"]
    mixture.adopt(given, FAITHFUL)
    with pytest.raises(ValueError, match="other rows"):
        mixture.adopt(given, FAITHFUL.iloc[:200])
    with pytest.raises(ValueError, match="other rows"):
        mixture.adopt(given, FAITHFUL + 1)


# The others compile for half a minute, and PyMC for most of one; tests/pymc_model/test_pymc_functions.py draws a few.
COMPILING = [pytest.param(name, marks=pytest.mark.slow) for name in ("pymc", "nutpie")]


@pytest.mark.gate
@pytest.mark.parametrize("sampler", [*COMPILING, "numpyro"])
def test_draws_of_pm_sample(sampler):
    mixture = Mixture(2)
    with mixture.build_model(FAITHFUL):
        idata = pm.sample(500, tune=500, chains=2, cores=1, nuts_sampler=sampler, random_seed=1, progressbar=False)
    assert "diverging" in idata["sample_stats"]  # NUTS, not Metropolis
    adopted = mixture.adopt(idata, FAITHFUL)
    ours = mixture.fit_nuts(FAITHFUL, random_seed=1, progressbar=False)
    for name in ("weights", "means", "scales"):
        one, other = (tree["posterior"][name].values for tree in (adopted, ours))
        spread = other.std(axis=(0, 1))
        assert np.all(np.abs(one.mean(axis=(0, 1)) - other.mean(axis=(0, 1))) < 0.25 * spread)
        assert np.all(np.abs(np.log(one.std(axis=(0, 1)) / spread)) < 0.25)
    assert adopted["responsibilities"]["probability"].shape == (272, 2)
