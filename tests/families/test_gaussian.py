"""The Gaussian family: its table of parameters, densities against SciPy, draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from bayesmix import Gaussian
from bayesmix.families import family_from_name
from tests.monte_carlo import Finding
from tests.simulated_trees import COVARIANCES, truth

ROUNDING = 1e-9  # of a log density, next to one plus its size
RANDOM = 100  # models of each covariance whose worst difference is in the findings


def scipy_log_joint(family, weights, params, X):
    matrices = family.covariance_matrices(params)
    parts = zip(weights, params["means"], matrices, strict=True)
    return np.stack([np.log(w) + stats.multivariate_normal(m, c).logpdf(X) for w, m, c in parts], axis=-1)


def difference_from_scipy(covariance, seed, n_components, n_features, n_rows) -> float:
    """Of log densities, with and without the groups, next to one plus their size."""
    rng = np.random.default_rng(seed)
    family = Gaussian(covariance)
    weights, params = truth(covariance, n_components, n_features, 2.0, rng)
    X = 4 * rng.normal(size=(n_rows, n_features))
    joint = scipy_log_joint(family, weights, params, X).reshape(n_rows, n_components)
    pairs = [
        (family.log_joint(weights, params, X), joint),
        (family.log_mixture(weights, params, X), logsumexp(joint, axis=1)),
    ]
    return float(np.max([np.max(np.abs(found - wanted) / (1 + np.abs(wanted))) for found, wanted in pairs]))


def findings() -> list[Finding]:
    """The largest difference over random models of every covariance."""
    rng, differences = np.random.default_rng(0), []
    for covariance in COVARIANCES:
        for seed in range(RANDOM):
            shape = rng.integers(1, 5), rng.integers(1, 6), rng.integers(2, 41)
            differences.append(difference_from_scipy(covariance, seed, *shape))
    what = f"log densities of rows: {len(differences)} random models"
    return [Finding(what, "SciPy's multivariate_normal", max(differences), ROUNDING)]


@pytest.mark.parametrize("covariance", COVARIANCES)
@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    seed=st.integers(0, 10**6), n_components=st.integers(1, 4), n_features=st.integers(1, 5), n_rows=st.integers(2, 40)
)
def test_densities(covariance, seed, n_components, n_features, n_rows):
    assert difference_from_scipy(covariance, seed, n_components, n_features, n_rows) <= ROUNDING


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_leading_axes_are_draws(covariance):
    family, rng = Gaussian(covariance), np.random.default_rng(0)
    points = [truth(covariance, 3, 2, 2.0, rng) for _ in range(6)]
    weights = np.stack([w for w, _ in points]).reshape(2, 3, 3)
    params = {name: np.stack([p[name] for _, p in points]) for name in points[0][1]}
    params = {name: value.reshape(2, 3, *value.shape[1:]) for name, value in params.items()}
    X = rng.normal(size=(11, 2))
    joint, mixture = family.log_joint(weights, params, X), family.log_mixture(weights, params, X)
    assert joint.shape == (2, 3, 11, 3)
    assert mixture.shape == (2, 3, 11)
    for s, (w, p) in enumerate(points):
        np.testing.assert_array_equal(joint[divmod(s, 3)], family.log_joint(w, p, X))
        np.testing.assert_array_equal(mixture[divmod(s, 3)], family.log_mixture(w, p, X))
    blocks = list(family.log_joint_blocks(weights, params, X, max_values=6 * 3 * 4))
    assert [part.stop - part.start for part, _ in blocks] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate([b for _, b in blocks], axis=1), joint.reshape(6, 11, 3))
    blocks = list(family.log_mixture_blocks(weights, params, X, max_values=1))
    assert len(blocks) == 11  # never less than one row
    np.testing.assert_array_equal(np.concatenate([b for _, b in blocks], axis=1), mixture.reshape(6, 11))


# number of free values without the K - 1 weights: counted by hand for K = 3, D = 4
COUNTED = {"full": 12 + 3 * 10, "tied": 12 + 10, "diag": 12 + 12, "spherical": 12 + 3}


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_table_of_parameters(covariance):
    family = Gaussian(covariance)
    assert str(family) == f"gaussian-{covariance}"
    assert family_from_name(str(family)) == family
    assert family.n_parameters(3, 4) == 2 + COUNTED[covariance]
    assert family.correlated == (covariance in ("full", "tied"))
    _, params = truth(covariance, 3, 4, 1.0, np.random.default_rng(0))
    for spec in family.parameters:
        assert params[spec.name].shape == spec.shape(3, 4)
        assert spec.shared == (covariance == "tied" and spec.name == "covariances")
        assert (spec.name in family.component_variables) != spec.shared


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_scales_and_matrices(covariance):
    family = Gaussian(covariance)
    _, params = truth(covariance, 3, 2, 1.0, np.random.default_rng(0))
    matrices = family.covariance_matrices(params)
    assert matrices.shape == (3, 2, 2)
    deviations = np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    wanted = {"full": deviations, "tied": deviations[0], "diag": deviations, "spherical": deviations[:, 0]}
    np.testing.assert_allclose(family.complete(params)["scales"], wanted[covariance], rtol=1e-12)
    if covariance == "spherical":
        np.testing.assert_array_equal(deviations[:, 0], deviations[:, 1])
    completed = family.complete(params)
    if family.correlated:
        r = np.broadcast_to(completed["correlations"], (3, 2, 2))
        wanted = matrices[:, 0, 1] / deviations.prod(axis=1)
        np.testing.assert_allclose(r[:, 0, 1], wanted, rtol=1e-12)
        np.testing.assert_allclose(np.diagonal(r, axis1=1, axis2=2), 1, rtol=1e-12)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_draws_follow_the_mixture(covariance):
    family, n = Gaussian(covariance), 40_000
    weights, params = truth(covariance, 3, 2, 8.0, np.random.default_rng(0))
    X, labels = family.sample(weights, params, n, np.random.default_rng(1))
    assert X.shape == (n, 2)
    expected = n * weights
    assert stats.chisquare(np.bincount(labels, minlength=3), expected).pvalue > 1e-4
    for k, matrix in enumerate(family.covariance_matrices(params)):
        own = X[labels == k] - params["means"][k]
        whitened = np.linalg.solve(np.linalg.cholesky(matrix), own.T)
        assert stats.kstest((whitened**2).sum(axis=0), stats.chi2(2).cdf).pvalue > 1e-4
        assert stats.kstest(whitened[0], stats.norm.cdf).pvalue > 1e-4


def test_an_empty_component():
    family = Gaussian("full")
    _, params = truth("full", 2, 2, 3.0, np.random.default_rng(0))
    X = np.random.default_rng(1).normal(size=(5, 2))
    joint = family.log_joint([1.0, 0.0], params, X)
    assert np.all(joint[:, 1] == -np.inf)
    np.testing.assert_array_equal(family.log_mixture([1.0, 0.0], params, X), joint[:, 0])


@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_a_covariance_that_is_none(covariance):
    """Not positive definite: no density, wherever the component stands."""
    family = Gaussian(covariance)
    _, params = truth(covariance, 2, 2, 3.0, np.random.default_rng(0))
    broken = {"means": params["means"], "covariances": params["covariances"].copy()}
    broken["covariances"][(..., *[-1] * (covariance == "full"), slice(None), slice(None))] = [[1.0, 2.0], [2.0, 1.0]]
    assert np.isnan(family.log_mixture([0.5, 0.5], broken, np.zeros((3, 2)))).all()


def test_unknown_names():
    with pytest.raises(ValueError, match=r"covariance must be one of 'full', 'tied', .* not 'round'"):
        Gaussian("round")
    with pytest.raises(ValueError, match="no family is called 'weibull'"):
        family_from_name("weibull")
