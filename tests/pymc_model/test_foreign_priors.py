"""Priors that only PyMC knows: ``.dist()`` objects and ``create_variable``."""

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bayesmix import Gaussian
from bayesmix.pymc_model import declare
from bayesmix.pymc_model.transforms import Affine
from tests.problems import problem_of

PYTHON = "FAST_COMPILE"


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(20, 2)) * [1.0, 100.0]


def declare_with(X, covariance="full", n_components=2, **priors):
    return declare(problem_of(X, Gaussian(covariance), n_components, priors))


def prior_draws(model, name):
    return pm.draw(model[name], random_seed=1, mode=PYTHON)


def test_broadcast_to_the_parameter(X):
    prior = pm.Normal.dist([0.0, 50.0], 10.0)
    model = declare_with(X, n_components=3, means=prior)
    assert prior_draws(model, "means").shape == (3, 2)
    means = model["means"]
    assert isinstance(model.rvs_to_transforms[means], Affine)
    value = np.arange(6.0).reshape(3, 2)
    expected = stats.norm([0.0, 50.0], 10.0).logpdf(value)
    np.testing.assert_allclose(pm.logp(means, value).eval(mode=PYTHON), expected)


def test_own_transform_is_kept(X):
    model = declare_with(X, scales=pm.HalfNormal.dist(100.0))
    name = model.rvs_to_values[model["scales"]].name
    assert name == "scales_log__"


def test_vectors_and_matrices(X):
    means = pm.MvNormal.dist(np.zeros(2), np.eye(2))
    model = declare_with(X, means=means, correlations=pm.LKJCorr.dist(n=2, eta=3.0))
    assert prior_draws(model, "means").shape == (2, 2)
    correlations = prior_draws(model, "correlations")
    np.testing.assert_allclose(np.diagonal(correlations, axis1=1, axis2=2), 1.0)
    value = np.array([[[1.0, 0.5], [0.5, 1.0]]] * 2)
    ours = pm.logp(model["correlations"], value).eval(mode=PYTHON)
    np.testing.assert_allclose(ours, stats.beta(3, 3, loc=-1, scale=2).logpdf(0.5))


def test_copied_for_every_model(X):
    prior = pm.Normal.dist(0.0, 100.0)
    one, other = declare_with(X, means=prior), declare_with(X, n_components=4, means=prior)
    assert prior.name is None
    assert one["means"].owner is not other["means"].owner
    assert one["means"].owner.inputs[0] is not other["means"].owner.inputs[0]
    assert prior_draws(other, "means").shape == (4, 2)


@dataclass
class Factory:
    """Something with ``create_variable``, as pymc_extras has it."""

    dims: tuple[str, ...]

    def create_variable(self, name):
        return pm.Gamma(name, 2.0, 1.0, dims=self.dims)


def test_create_variable(X):
    model = declare_with(X, "diag", scales=Factory(("component", "feature")))
    assert "scales" in model.named_vars
    with pytest.raises(ValueError, match="the prior of scales has shape"):
        declare_with(X, "diag", scales=Factory(("component",)))


def test_weights_need_whole_vectors(X):
    model = declare_with(X, weights=pm.StickBreakingWeights.dist(1.0, K=1))
    assert prior_draws(model, "weights").shape == (2,)
    with pytest.raises(ValueError, match="the prior of weights must be a distribution of whole vectors"):
        declare_with(X, weights=pm.Gamma.dist(1.0, 1.0))
    with pytest.raises(ValueError, match=r"the prior of weights has shape \(3,\)"):
        declare_with(X, weights=pm.Dirichlet.dist(np.ones(3)))


def test_too_many_dimensions(X):
    with pytest.raises(ValueError, match="the prior of scales has 2 dimensions, but scales has dims"):
        declare_with(X, "spherical", scales=pm.Wishart.dist(5, np.eye(2)))


@pytest.mark.parametrize("prior", [pm.HalfNormal, pm.HalfCauchy, pm.Exponential])
def test_refuses_ties_that_a_group_could_collapse_onto(X, prior):
    tied = X.copy()
    tied[:3, 1] = 7.0
    with pytest.raises(ValueError, match=r"3 rows have the same value of 'x1', .* improper, .* bm.priors.LogNormal"):
        declare_with(tied, scales=prior.dist(1.0))
    declare_with(tied, "spherical", scales=prior.dist(1.0))  # whose rows differ
    declare_with(tied, "tied", scales=prior.dist(1.0))
    with pytest.raises(ValueError, match="rows are equal, and the prior of scales is positive at zero"):
        declare_with(np.vstack([X, X[:1]]), "spherical", scales=prior.dist(1.0))
    few = X.copy()
    few[:, 1] = few[:, 1] > few[0, 1]
    with pytest.raises(ValueError, match="'x1' has no more values than there are groups"):
        declare_with(few, "tied", scales=prior.dist(1.0))


def test_takes_ties_where_nothing_collapses(X):
    tied = X.copy()
    tied[:3, 1] = 7.0
    declare_with(X, scales=pm.HalfNormal.dist(1.0))
    declare_with(tied, scales=pm.LogNormal.dist(0.0, 1.0))
    declare_with(tied)
