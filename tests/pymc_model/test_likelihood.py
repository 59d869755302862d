"""The likelihood as a random variable in people's own models."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bayesmix import Gaussian
from bayesmix.pymc_model import MixtureLikelihood

PYTHON = "FAST_COMPILE"
WEIGHTS = np.array([0.2, 0.8])
MEANS = np.array([[0.0, 1.0, 2.0], [5.0, -5.0, 0.0]])
MATRICES = np.array([np.diag([1.0, 2.0, 3.0]), [[2.0, 0.9, 0.3], [0.9, 1.0, 0.1], [0.3, 0.1, 0.5]]])
PARAMS = {
    "full": {"means": MEANS, "covariances": MATRICES},
    "tied": {"means": MEANS, "covariances": MATRICES[1]},
    "diag": {"means": MEANS, "variances": np.array([[1.0, 2.0, 3.0], [0.5, 0.1, 4.0]])},
    "spherical": {"means": MEANS, "variances": np.array([0.5, 2.0])},
}


def row_log_densities(covariance, rows):
    matrices = Gaussian(covariance).covariance_matrices(PARAMS[covariance])
    components = zip(WEIGHTS, MEANS, matrices, strict=True)
    return np.log(sum(w * stats.multivariate_normal(m, c).pdf(rows) for w, m, c in components))


@pytest.mark.parametrize("covariance", PARAMS)
def test_log_density_of_rows(covariance):
    rows = np.random.default_rng(0).normal(size=(20, 3)) * 3
    distribution = MixtureLikelihood.dist(WEIGHTS, Gaussian(covariance), PARAMS[covariance], shape=(20, 3))
    ours = pm.logp(distribution, rows).eval(mode=PYTHON)
    np.testing.assert_allclose(ours, row_log_densities(covariance, rows), rtol=1e-9)


@pytest.mark.parametrize("shape", [(3,), (4, 5, 3)])
def test_any_number_of_leading_dimensions(shape):
    rows = np.random.default_rng(0).normal(size=shape)
    distribution = MixtureLikelihood.dist(WEIGHTS, Gaussian("diag"), PARAMS["diag"], shape=shape)
    ours = pm.logp(distribution, rows).eval(mode=PYTHON)
    assert ours.shape == shape[:-1]
    np.testing.assert_allclose(ours, row_log_densities("diag", rows), rtol=1e-9)


@pytest.mark.parametrize("covariance", PARAMS)
def test_draws_follow_the_mixture(covariance):
    n = 20_000
    distribution = MixtureLikelihood.dist(WEIGHTS, Gaussian(covariance), PARAMS[covariance], shape=(n, 3))
    draws = pm.draw(distribution, random_seed=1, mode=PYTHON)
    matrices = Gaussian(covariance).covariance_matrices(PARAMS[covariance])
    mean = WEIGHTS @ MEANS
    within = np.einsum("k,kij->ij", WEIGHTS, matrices)
    between = np.einsum("k,ki,kj->ij", WEIGHTS, MEANS - mean, MEANS - mean)
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 5 * draws.std(axis=0) / np.sqrt(n))
    np.testing.assert_allclose(np.cov(draws.T), within + between, atol=0.25)
    near_second = np.linalg.norm(draws[:, :2] - MEANS[1, :2], axis=1) < np.linalg.norm(
        draws[:, :2] - MEANS[0, :2], axis=1
    )
    assert near_second.mean() == pytest.approx(0.8, abs=0.02)


def test_support_point_is_the_mean():
    distribution = MixtureLikelihood.dist(WEIGHTS, Gaussian("tied"), PARAMS["tied"], shape=(2, 3))
    point = pm.distributions.distribution.support_point(distribution).eval(mode=PYTHON)
    np.testing.assert_allclose(point, [WEIGHTS @ MEANS] * 2)


def test_covariance_that_is_not_positive_definite_is_impossible():
    broken = {"means": MEANS, "covariances": np.array([MATRICES[0], -MATRICES[1]])}
    distribution = MixtureLikelihood.dist(WEIGHTS, Gaussian("full"), broken, shape=(2, 3))
    assert np.all(pm.logp(distribution, np.zeros((2, 3))).eval(mode=PYTHON) == -np.inf)


@pytest.fixture(scope="module")
def own_model():
    """Somebody's own model: latent groups of a mixture, data in pm.Data, another observed variable."""
    rng = np.random.default_rng(0)
    with pm.Model(coords={"row": range(30), "column": ["a", "b"]}) as model:
        data = pm.Data("data", rng.normal(size=(30, 2)), dims=("row", "column"))
        weights = pm.Dirichlet("weights", np.ones(2))
        means = pm.Normal("means", 0, 3, shape=(2, 2))
        variances = pm.InverseGamma("variances", 3, 2, shape=2)
        params = {"means": means, "variances": variances}
        MixtureLikelihood("rows", weights, Gaussian("spherical"), params, observed=data, dims=("row", "column"))
        hidden = MixtureLikelihood.dist(weights, Gaussian("spherical"), params, shape=(5, 2))
        hidden = model.register_rv(hidden, "hidden")
        pm.Normal("seen", hidden.sum(axis=-1), 1.0, observed=np.arange(5.0))
    return model


@pytest.mark.gate
def test_own_model_log_density_and_gradient(own_model):
    """Unknown rows too have a gradient, so that nothing falls back to Metropolis."""
    function = own_model.logp_dlogp_function(ravel_inputs=True, mode=PYTHON)
    function.set_extra_values({})
    point = own_model.initial_point()
    size = sum(np.size(value) for value in point.values())
    q = np.random.default_rng(1).normal(size=size)
    _, gradient = function(q)
    for position in range(size):
        step = 1e-5 * (np.arange(size) == position)
        slope = (function(q + step)[0] - function(q - step)[0]) / 2e-5
        assert gradient[position] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_own_model_data_can_be_exchanged(own_model):
    function = own_model.compile_logp(vars=own_model["rows"], sum=False, mode=PYTHON)
    point = own_model.initial_point()
    [before] = function(point)
    with own_model:
        old = own_model["data"].get_value()
        pm.set_data({"data": old + 1.0})
        [after] = function(point)
        pm.set_data({"data": old})
    assert before.shape == (30,)
    assert not np.allclose(before, after)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="must be named means, variances; got means, covariances"):
        MixtureLikelihood.dist(WEIGHTS, Gaussian("diag"), PARAMS["full"])
    with pytest.raises(ValueError, match="covariances must have 3 dimensions for gaussian-full, got 2"):
        MixtureLikelihood.dist(WEIGHTS, Gaussian("full"), PARAMS["tied"])
    with pytest.raises(ValueError, match="weights must have 1 dimensions"):
        MixtureLikelihood.dist(WEIGHTS[None], Gaussian("tied"), PARAMS["tied"])
