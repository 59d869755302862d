"""Log densities of the priors against SciPy, and the LKJ's constant against quadrature."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from bayesmix import Gaussian
from bayesmix.priors import LKJ, Dirichlet, LogNormal, Normal, NormalInverseWishart
from bayesmix.priors.sets import read_priors
from tests.simulated_trees import truth

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("concentration", [1.0, 0.5, 2.5, (0.3, 2.0, 4.0)])
def test_dirichlet(concentration):
    weights = RNG.dirichlet(np.ones(3), size=5)
    alpha = np.broadcast_to(concentration, 3)
    wanted = [stats.dirichlet(alpha).logpdf(one) for one in weights]
    np.testing.assert_allclose(Dirichlet(concentration).log_density(weights), wanted, rtol=1e-12)


def test_flat_dirichlet_of_an_empty_component_is_finite():
    assert Dirichlet().log_density(np.array([0.4, 0.6, 0.0])) == pytest.approx(np.log(2))


def test_normal():
    means = RNG.normal(size=(4, 3, 2))
    prior = Normal((1.0, -2.0), (0.5, 3.0))
    wanted = stats.norm([1.0, -2.0], [0.5, 3.0]).logpdf(means)
    np.testing.assert_allclose(prior.log_density(means), wanted, rtol=1e-12)


def test_log_normal():
    scales = RNG.gamma(2.0, size=(4, 3, 2))
    prior = LogNormal((0.3, -1.0), 0.6)
    wanted = stats.lognorm(0.6, scale=np.exp([0.3, -1.0])).logpdf(scales)
    np.testing.assert_allclose(prior.log_density(scales), wanted, rtol=1e-12)


@pytest.mark.parametrize("eta", [0.5, 1.0, 2.5])
def test_lkj_integrates_to_one_over_two_features(eta):
    def density(r):
        return np.exp(LKJ(eta).log_density(np.array([[1, r], [r, 1]])))

    assert quad(density, -1, 1)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("eta", [1.0, 2.5])
def test_lkj_integrates_to_one_over_three_features(eta):
    """Over r12 = sin a and r13 = sin b, and over r23 in the range that is left to it."""
    nodes, weights = np.polynomial.legendre.leggauss(30)
    a, b, x = np.meshgrid(nodes * np.pi / 2, nodes * np.pi / 2, nodes, indexing="ij")
    volume = (np.pi / 2) ** 2 * np.einsum("i,j,k->ijk", weights, weights, weights)
    half = np.cos(a) * np.cos(b)  # r23 lies within so much of r12 r13; also the Jacobian of a and b
    r, s = np.sin(a), np.sin(b)
    t = r * s + half * x
    one = np.ones_like(t)
    matrices = np.stack([np.stack([one, r, s], -1), np.stack([r, one, t], -1), np.stack([s, t, one], -1)], -2)
    total = (volume * half**2 * np.exp(LKJ(eta).log_density(matrices))).sum()
    assert total == pytest.approx(1, abs=1e-6)


def test_lkj_of_one_feature_is_one():
    assert LKJ(3.0).log_density(np.ones((1, 1))) == 0


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_conjugate_prior(covariance):
    family = Gaussian(covariance)
    weights, params = truth(covariance, 3, 2, 1.0, np.random.default_rng(1))
    scale = {"full": [[2.0, 0.3], [0.3, 1.0]], "tied": [[2.0, 0.3], [0.3, 1.0]], "diag": [2.0, 1.0], "spherical": 1.5}
    prior = NormalInverseWishart((0.5, -0.5), 0.2, 5.0, scale[covariance])
    named = {"weights": weights, **params}
    terms = family.log_prior_terms(read_priors({"components": prior}, family), named)
    name = family.structure.parameter.name
    if family.correlated:
        matrices = params[name].reshape(-1, 2, 2)
        wanted = sum(stats.invwishart(5.0, np.array(prior.scale)).logpdf(one) for one in matrices)
    else:
        wanted = stats.invgamma(2.5, scale=np.array(prior.scale) / 2).logpdf(params[name]).sum()
    assert terms[name] == pytest.approx(wanted, rel=1e-12)
    spreads = family.covariance_matrices(params)
    of_means = [
        stats.multivariate_normal(prior.mean, spread / 0.2).logpdf(mean)
        for mean, spread in zip(params["means"], spreads, strict=True)
    ]
    assert terms["means"] == pytest.approx(sum(of_means), rel=1e-12)


@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_separated_prior_of_draws(covariance):
    family = Gaussian(covariance)
    draws = [truth(covariance, 3, 2, 1.0, np.random.default_rng(seed)) for seed in range(4)]
    stacked = {name: np.stack([params[name] for _, params in draws]) for name in ("means", "covariances")}
    named = {"weights": np.stack([weights for weights, _ in draws])} | family.complete(stacked)
    given = {"means": Normal((0.0, 0.0), (2.0, 2.0)), "scales": LogNormal((0.1, 0.1), 0.5), "correlations": LKJ(2.0)}
    terms = family.log_prior_terms(read_priors(given, family), {name: value[None] for name, value in named.items()})
    assert set(terms) == {"means", "scales", "correlations"}
    axes = tuple(range(1, named["scales"].ndim))
    np.testing.assert_allclose(
        terms["scales"][0], stats.lognorm(0.5, scale=np.exp(0.1)).logpdf(named["scales"]).sum(axis=axes), rtol=1e-12
    )
    r = named["correlations"][..., 0, 1]
    wanted = np.log(1 - r**2) + np.log(3 / 4)  # eta = 2, D = 2: the density is 3/4 (1 - r^2)
    np.testing.assert_allclose(terms["correlations"][0], wanted.reshape(4, -1).sum(axis=1), rtol=1e-10)
