"""Where the estimate is known in closed form: one component, and a hand-made allocation."""

import numpy as np
import pytest
from scipy import stats

from bayesmix import Gaussian, Mixture
from bayesmix.priors import NormalInverseWishart
from tests.simulated_trees import COVARIANCES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3)) @ np.triu(np.ones((3, 3))) * [1.0, 50.0, 0.1] + [0, 1000, 5]


def reduced(matrix, covariance):
    return {"full": matrix, "tied": matrix, "diag": np.diag(matrix), "spherical": np.diag(matrix).mean()}[covariance]


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_maximum_likelihood_of_one_component(covariance):
    em = Mixture(1, Gaussian(covariance)).fit_em(X, estimate="ml")
    scatter = reduced(np.cov(X.T, ddof=0), covariance)
    found = em.params[em.family.structure.parameter.name]
    np.testing.assert_allclose(em.params["means"][0], X.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(found if covariance == "tied" else found[0], scatter, rtol=1e-9)
    assert em.weights.tolist() == [1.0]
    spread = em.family.covariance_matrices(em.params)[0]
    wanted = stats.multivariate_normal(X.mean(axis=0), spread).logpdf(X).sum()
    assert em.log_likelihood == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("mean", [None, (0.5, 900.0, 5.0)])
def test_map_of_one_component(covariance, mean):
    """The joint modes of DESIGN, section 5, with W the scatter plus the pull of the prior mean."""
    n, d, kappa, nu = 30, 3, 0.3, 7.0
    m = X.mean(axis=0) if mean is None else np.array(mean)
    gap = X.mean(axis=0) - m
    pull = kappa * n / (kappa + n) * np.outer(gap, gap)
    W = np.cov(X.T) * (n - 1) + pull
    prior_scale = np.cov(X.T)
    wanted = {
        "full": (prior_scale + W) / (n + nu + d + 2),
        "tied": (prior_scale + W) / (n + nu + d + 1 + 1),
        "diag": np.diag(prior_scale + W) / (n + nu + 3),
        "spherical": (np.diag(prior_scale).mean() + np.trace(W)) / (n * d + nu + d + 2),
    }[covariance]
    prior = NormalInverseWishart(mean=mean, shrinkage=kappa, dof=nu)
    em = Mixture(1, Gaussian(covariance), priors={"components": prior}).fit_em(X)
    found = em.params[em.family.structure.parameter.name]
    np.testing.assert_allclose(em.params["means"][0], (n * X.mean(axis=0) + kappa * m) / (n + kappa), rtol=1e-9)
    np.testing.assert_allclose(found if covariance == "tied" else found[0], wanted, rtol=1e-6)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_one_feature_is_one_model(covariance):
    """At D = 1 full, diag and spherical are the same; tied is not."""
    x = np.concatenate([RNG.normal(0, 1, 60), RNG.normal(6, 2, 40)])
    reference = Mixture(2, Gaussian("full")).fit_em(x, random_seed=0)
    em = Mixture(2, Gaussian(covariance)).fit_em(x, random_seed=0)
    if covariance == "tied":
        assert em.n_parameters == reference.n_parameters - 1
        assert em.log_likelihood < reference.log_likelihood
    else:
        assert em.n_parameters == reference.n_parameters
        assert em.log_likelihood == pytest.approx(reference.log_likelihood, rel=1e-10)
        assert em.log_prior == pytest.approx(reference.log_prior, rel=1e-10)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_fewer_rows_than_features(covariance):
    few = X[:3]
    em = Mixture(1, Gaussian(covariance)).fit_em(few)
    assert em.converged
    assert np.isfinite(em.log_likelihood)
    assert np.all(np.linalg.eigvalsh(em.family.covariance_matrices(em.params)) > 0)
    if covariance in ("full", "tied"):
        with pytest.raises(ValueError, match=r"full rank for gaussian-.*3 rows and 3 features; use estimate='map'"):
            Mixture(1, Gaussian(covariance)).fit_em(few, estimate="ml")


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_one_row(covariance):
    em = Mixture(1, Gaussian(covariance)).fit_em(X[:1])
    np.testing.assert_allclose(em.params["means"], X[:1])
    assert np.isfinite([em.log_likelihood, em.log_prior]).all()
