"""Inverse-Wishart and LKJ against SciPy and against known volumes; their draws against their laws."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from bayesmix.pymc_model.matrix_priors import InverseWishart, LKJMatrix

PYTHON = "FAST_COMPILE"
N_DRAWS = 4000


def covariances(n_features, n_matrices, seed=0):
    wishart = stats.wishart(n_features + 3, np.eye(n_features))
    draws = wishart.rvs(n_matrices, random_state=seed)
    return np.reshape(draws, (n_matrices, n_features, n_features))


def log_density_of(distribution):
    value = pt.tensor(dtype="float64", shape=(None,) * distribution.ndim)
    return pytensor.function([value], pm.logp(distribution, value), mode=PYTHON)


def draws_of(distribution, seed=1):
    [draws] = pm.draw([distribution], random_seed=seed, mode=PYTHON)
    return draws


@pytest.mark.parametrize("n_features", [1, 2, 4])
def test_inverse_wishart_equals_scipy(n_features):
    dof = n_features + 1.5
    [scale] = covariances(n_features, 1, seed=7)
    values = covariances(n_features, 5)
    ours = log_density_of(InverseWishart.dist(dof, scale, size=5))(values)
    theirs = [stats.invwishart(dof, scale).logpdf(value) for value in values]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_inverse_wishart_of_one_matrix():
    [scale, value] = covariances(3, 2)
    ours = log_density_of(InverseWishart.dist(5.0, scale))(value)
    assert ours == pytest.approx(stats.invwishart(5.0, scale).logpdf(value), rel=1e-12)


def test_outside_the_support_is_impossible():
    not_definite = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert log_density_of(InverseWishart.dist(4.0, np.eye(2)))(not_definite) == -np.inf
    assert log_density_of(LKJMatrix.dist(2.0, 2))(not_definite) == -np.inf


@pytest.mark.parametrize("n_features", [1, 3])
def test_inverse_wishart_draws(n_features):
    """A diagonal entry is inverse-gamma; the mean is scale / (dof - D - 1)."""
    dof = n_features + 6.0
    [scale] = covariances(n_features, 1, seed=3)
    draws = draws_of(InverseWishart.dist(dof, scale, size=N_DRAWS))
    marginal = stats.invgamma((dof - n_features + 1) / 2, scale=scale[-1, -1] / 2)
    assert stats.kstest(draws[:, -1, -1], marginal.cdf).pvalue > 1e-3
    error = draws.std(axis=0) / np.sqrt(N_DRAWS)
    expected = scale / (dof - n_features - 1)
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 5 * error)


@pytest.mark.parametrize(("n_features", "volume"), [(2, 2.0), (3, np.pi**2 / 2), (4, 32 * np.pi**2 / 27)])
def test_lkj_is_uniform_at_one(n_features, volume):
    """The volumes of the sets of correlation matrices are known."""
    value = np.eye(n_features)
    assert log_density_of(LKJMatrix.dist(1.0, n_features))(value) == pytest.approx(-np.log(volume), rel=1e-12)


def test_lkj_of_two_features_integrates_to_one():
    grid = np.linspace(-1, 1, 4001)[1:-1]
    values = np.broadcast_to(np.eye(2), (grid.size, 2, 2)).copy()
    values[:, 0, 1] = values[:, 1, 0] = grid
    density = np.exp(log_density_of(LKJMatrix.dist(3.0, 2, size=grid.size))(values))
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-5)


def test_lkj_of_three_features_integrates_to_one():
    """By importance sampling: the mean of p_3 / p_1 over draws from p_1."""
    draws = draws_of(LKJMatrix.dist(1.0, 3, size=20 * N_DRAWS))
    sharper, uniform = (log_density_of(LKJMatrix.dist(eta, 3, size=len(draws))) for eta in (2.5, 1.0))
    ratio = np.exp(sharper(draws) - uniform(draws))
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / np.sqrt(ratio.size)


@pytest.mark.parametrize(("eta", "n_features"), [(1.0, 2), (0.7, 3), (3.0, 4)])
def test_lkj_draws(eta, n_features):
    """Every correlation is a beta variable on (-1, 1), and the draws are correlation matrices."""
    draws = draws_of(LKJMatrix.dist(eta, n_features, size=N_DRAWS))
    np.testing.assert_allclose(np.diagonal(draws, axis1=1, axis2=2), 1.0, rtol=1e-12)
    shape = eta + n_features / 2 - 1
    marginal = stats.beta(shape, shape, loc=-1, scale=2)
    for i, j in zip(*np.tril_indices(n_features, -1), strict=True):
        assert stats.kstest(draws[:, i, j], marginal.cdf).pvalue > 1e-3


def test_one_dof_and_one_scale():
    with pytest.raises(NotImplementedError, match="one dof and one scale matrix"):
        InverseWishart.dist(np.array([4.0, 5.0]), np.eye(2))
    with pytest.raises(NotImplementedError, match="one eta"):
        LKJMatrix.dist(np.array([1.0, 2.0]), 2)
