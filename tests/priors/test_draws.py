"""Draws from the priors, held to the same laws as SciPy states them, and to the PyMC model."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

import bayesmix as bm
from bayesmix.families.gaussian.prior_faces import draw_correlations, draw_wishart_factors
from tests.problems import problem_of

SIZE = 4000
# Kolmogorov and Smirnov's test of so many draws rejects a true law once in so many runs; seeds are fixed.
LEVEL = 1e-3


def follows(draws, law) -> bool:
    return stats.kstest(np.ravel(draws), law.cdf).pvalue > LEVEL


@pytest.mark.parametrize("eta", [0.5, 1.0, 4.0])
def test_every_correlation_has_the_marginal_law_of_lkj(eta):
    n_features = 4
    drawn = draw_correlations(eta, (SIZE,), n_features, np.random.default_rng(1))
    assert np.allclose(np.diagonal(drawn, axis1=1, axis2=2), 1)
    shape = eta - 1 + n_features / 2
    for i, j in zip(*np.triu_indices(n_features, 1), strict=True):
        assert follows((drawn[:, i, j] + 1) / 2, stats.beta(shape, shape))


@pytest.mark.parametrize("eta", [0.5, 3.0])
def test_the_determinants_of_lkj_are_products_of_betas(eta):
    """1 - R^2 of each feature on those before it: independent betas (Joe, 2006)."""
    drawn = draw_correlations(eta, (SIZE,), 3, np.random.default_rng(2))
    rng = np.random.default_rng(7)
    theirs = rng.beta(eta + 0.5, 0.5, SIZE) * rng.beta(eta, 1.0, SIZE)
    assert stats.ks_2samp(np.linalg.det(drawn), theirs).pvalue > LEVEL


def test_inverse_wishart_against_scipy():
    scale = np.array([[4.0, 1.5, 0.0], [1.5, 1.0, 0.2], [0.0, 0.2, 9.0]])
    factors = draw_wishart_factors(6.5, scale, (SIZE,), np.random.default_rng(3))
    ours = factors @ factors.swapaxes(-1, -2)
    theirs = stats.invwishart(6.5, scale).rvs(SIZE, random_state=4)
    for quantity in (
        lambda s: np.linalg.slogdet(s)[1],
        lambda s: s[:, 0, 1] / np.sqrt(s[:, 0, 0] * s[:, 1, 1]),
        lambda s: s[:, 2, 2],
        lambda s: s[:, 0, 1],
    ):
        assert stats.ks_2samp(quantity(ours), quantity(theirs)).pvalue > LEVEL
    # A diagonal entry is inverse-gamma: a law that neither sampler wrote.
    assert follows(ours[:, 0, 0], stats.invgamma((6.5 - 3 + 1) / 2, scale=scale[0, 0] / 2))


PRIORS = {
    "conjugate": {"components": bm.priors.NormalInverseWishart(dof=7.0, shrinkage=0.5)},
    "separated": {
        "weights": bm.priors.Dirichlet([1.0, 3.0, 0.5]),
        "scales": bm.priors.LogNormal(log_sd=0.3),
        "correlations": bm.priors.LKJ(2.0),
    },
}


# PyMC compiles for up to a minute where a matrix is drawn.
QUICK = [("conjugate", "spherical"), ("separated", "diag")]
LONG = [(kind, covariance) for kind in PRIORS for covariance in ("full", "tied", "diag", "spherical")]


@pytest.mark.parametrize(
    ("kind", "covariance"), [*QUICK, *(pytest.param(*one, marks=pytest.mark.slow) for one in LONG if one not in QUICK)]
)
def test_the_draws_are_those_of_the_declared_model(covariance, kind):
    X = bm.datasets.load_faithful()[::8]
    mixture = bm.Mixture(3, bm.Gaussian(covariance), priors=PRIORS[kind])
    family, priors = mixture.family, problem_of(X, mixture.family, 3, mixture.priors).priors
    rng = np.random.default_rng(5)
    params = family.prior_draws(priors, 3, 2, SIZE, rng)
    weights = rng.dirichlet(priors.weights.concentrations(3), SIZE)
    names = ["weights", *params]
    with mixture.build_model(X) as model:
        theirs = dict(zip(names, pm.draw([model[name] for name in names], draws=SIZE, random_seed=6), strict=True))
    ours = {"weights": weights, **params}
    for name in names:
        assert ours[name].shape == theirs[name].shape
        flat = (ours[name].reshape(SIZE, -1), theirs[name].reshape(SIZE, -1))
        for own, other in zip(flat[0].T, flat[1].T, strict=True):
            assert stats.ks_2samp(own, other).pvalue > LEVEL / 10
    # Means and spreads depend on each other in the one prior, and not in the other.
    second = family.parameters[1].name
    size = np.abs(ours["means"][:, 0, 0] - np.median(ours["means"][:, 0, 0]))
    spread = ours[second].reshape(SIZE, -1)[:, 0]
    dependent = stats.spearmanr(size, spread).pvalue < LEVEL
    assert dependent == (kind == "conjugate")
