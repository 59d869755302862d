"""The declaration: its arguments, what it refuses, and the way through a tree and back."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.notes import in_words
from bayesmix.priors import LKJ, Dirichlet, LogNormal, Normal, NormalInverseWishart
from bayesmix.tree import record_of
from tests.simulated_trees import COVARIANCES

FAITHFUL = bm.datasets.load_faithful()


def test_defaults():
    mixture = Mixture(3)
    assert mixture.family == Gaussian("full")
    assert mixture.priors.parts == {"weights": Dirichlet(1.0), "components": NormalInverseWishart()}
    assert str(mixture) == "gaussian-full mixture of 3"
    assert Mixture(np.int64(3)) == mixture
    assert Mixture(n_components=3, family=Gaussian(), priors={}) == mixture


def test_immutable():
    mixture = Mixture(2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixture.n_components = 3
    before = mixture.to_dict()
    mixture.fit_em(FAITHFUL, n_init=1)
    mixture.resolve_priors(FAITHFUL)
    assert mixture.to_dict() == before
    assert hash(mixture) == hash(Mixture(2))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "n_components must be an integer of at least 1; got 0"),
        ((-2,), ValueError, "n_components must be an integer of at least 1"),
        ((2.0,), TypeError, "n_components must be an integer of at least 1; got 2.0, of type float"),
        ((True,), TypeError, "a truth value"),
        (("two",), TypeError, "of type str"),
        ((2, Gaussian), TypeError, "family must be a family"),
        ((2, Gaussian(), {"sigma": 1}), ValueError, "no part named 'sigma'"),
        ((2, Gaussian(), {"components": Normal()}), TypeError, "give bm.priors.NormalInverseWishart"),
    ],
)
def test_impossible_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Mixture(*arguments)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("priors", [None, {"means": Normal(), "correlations": LKJ(2)}], ids=["conjugate", "separated"])
def test_resolved_priors_do_not_follow_other_data(covariance, priors):
    mixture = Mixture(2, Gaussian(covariance), priors=priors)
    resolved = mixture.resolve_priors(FAITHFUL)
    assert resolved != mixture
    assert resolved.resolve_priors(FAITHFUL.iloc[:100] * 7) == resolved
    whole, part = resolved.fit_em(FAITHFUL, n_init=1), resolved.fit_em(FAITHFUL.iloc[:200], n_init=1)
    assert whole.priors == part.priors == resolved.priors
    assert mixture.fit_em(FAITHFUL.iloc[:200], n_init=1).priors != whole.priors


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize(
    "priors",
    [None, {"weights": Dirichlet((2.0, 3.0))}, {"scales": LogNormal(log_sd=0.5), "means": Normal(sd=10.0)}],
    ids=["default", "concentrations", "separated"],
)
def test_through_a_tree_and_a_file(covariance, priors, tmp_path):
    mixture = Mixture(2, Gaussian(covariance), priors=priors)
    tree = mixture.fit_em(FAITHFUL, n_init=1, random_seed=0).to_tree()
    assert Mixture.from_tree(tree) == mixture.resolve_priors(FAITHFUL)
    bm.save(tree, tmp_path / "fit.nc")
    assert Mixture.from_tree(bm.load(tmp_path / "fit.nc")) == mixture.resolve_priors(FAITHFUL)


def test_a_foreign_tree_has_no_mixture():
    import xarray as xr

    with pytest.raises(ValueError, match="bayesmix"):
        Mixture.from_tree(xr.DataTree())


def test_to_dict_is_json():
    mixture = Mixture(2, Gaussian("diag"), priors={"means": Normal(), "scales": pm.HalfNormal.dist(2.0)})
    described = json.loads(json.dumps(mixture.to_dict()))
    assert described["n_components"] == 2
    assert described["family"] == "gaussian-diag"
    assert described["priors"]["scales"].keys() == {"pymc"}


@pytest.mark.parametrize("method", ["fit_em", "fit_nuts", "fit_advi", "fit_laplace", "build_model", "resolve_priors"])
def test_every_method_refuses_bad_rows(method):
    bad = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": [1.0, 0.0, np.nan]})
    with pytest.raises(ValueError, match="without any value"):
        getattr(Mixture(2), method)(bad)
    with pytest.raises(ValueError, match="fewer distinct rows"):
        getattr(Mixture(4), method)([[1.0, 2.0], [3.0, 1.0], [1.0, 2.0]])


@pytest.mark.parametrize("method", ["fit_laplace", "fit_advi"])
@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (1, 2), (2, 1)])
def test_edges(method, covariance, n_components, n_features):
    options = {"progressbar": False} if method == "fit_advi" else {}
    tree = getattr(Mixture(n_components, Gaussian(covariance)), method)(
        FAITHFUL.iloc[:, :n_features], draws=60, random_seed=1, **options
    )
    posterior = tree["posterior"]
    assert posterior["weights"].shape == (1, 60, n_components)
    assert posterior["means"].shape == (1, 60, n_components, n_features)
    assert np.isfinite(tree["log_likelihood"]["x"].values).all()


def test_a_singular_data_covariance_is_said():
    few = np.random.default_rng(0).normal(size=(4, 5))
    line = np.arange(30.0)[:, None] * [1.0, 2.0]
    nearly = line + 2e-5 * np.random.default_rng(1).normal(size=line.shape)
    tree = Mixture(1).fit_laplace(few, draws=20, random_seed=1)
    assert any("covariance is singular (4 rows, 5 features)" in note for note in in_words(record_of(tree)["notes"]))
    for family, X in ((Gaussian("diag"), few), (Gaussian(), FAITHFUL), (Gaussian(), nearly)):
        tree = Mixture(1, family).fit_laplace(X, draws=20, random_seed=1)
        assert not any("singular" in note for note in in_words(record_of(tree)["notes"]))
    with pytest.raises(ValueError, match="4 rows and 5 features; use estimate='map'"):
        Mixture(1).fit_em(few, estimate="ml")


@pytest.mark.parametrize("container", [np.asarray, lambda x: x.to_xarray().to_array().T, lambda x: x])
def test_containers_give_one_answer(container):
    em = Mixture(2).fit_em(container(FAITHFUL), random_seed=1)
    wanted = Mixture(2).fit_em(FAITHFUL, random_seed=1)
    np.testing.assert_array_equal(em.params["means"], wanted.params["means"])


def test_a_pymc_prior_equal_to_ours_gives_the_same_map():
    """The log-normal prior of scales, once as ours and once as a PyMC object, which has no closed form."""
    ours = Mixture(2, Gaussian("diag"), priors={"scales": LogNormal(0.0, 1.0)}).fit_em(
        FAITHFUL, n_init=1, tol=1e-12, random_seed=1
    )
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        theirs = Mixture(2, Gaussian("diag"), priors={"scales": pm.LogNormal.dist(0.0, 1.0)}).fit_em(
            FAITHFUL, n_init=1, tol=1e-12, random_seed=1
        )
    assert theirs.converged
    assert theirs.log_prior == pytest.approx(ours.log_prior, rel=1e-7)
    assert theirs.objective == pytest.approx(ours.objective, rel=1e-9)
    np.testing.assert_allclose(theirs.params["means"], ours.params["means"], rtol=1e-4)
    np.testing.assert_allclose(theirs.params["variances"], ours.params["variances"], rtol=1e-3)


@pytest.mark.gate
def test_a_pymc_prior_from_rows_to_tree(tmp_path):
    priors = {"scales": pm.LogNormal.dist(1.0, 1.0), "weights": pm.Dirichlet.dist(np.array([2.0, 2.0]))}
    mixture = Mixture(2, Gaussian("full"), priors=priors)
    em = mixture.fit_em(FAITHFUL, n_init=2, random_seed=1)
    assert em.converged
    tree = mixture.fit_nuts(FAITHFUL, draws=300, random_seed=1, progressbar=False)
    posterior = tree["posterior"]
    assert {"weights", "means", "scales", "correlations", "covariances"} <= set(posterior.data_vars)
    means = posterior["means"].values.mean(axis=(0, 1))
    np.testing.assert_allclose(means, em.params["means"], atol=0.7)
    assert "log_prior" not in tree.children  # known to PyMC alone
    bm.save(tree, tmp_path / "fit.nc")
    loaded = bm.load(tmp_path / "fit.nc")
    before, after = (bm.responsibilities(one, FAITHFUL)["probability"].values for one in (tree, loaded))
    np.testing.assert_array_equal(after, before)
    with pytest.raises(ValueError, match=r"priors\['weights'\] was a PyMC object"):
        Mixture.from_tree(loaded)
    assert record_of(tree)["method"] == "nuts"
