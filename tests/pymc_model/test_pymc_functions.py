"""PyMC's own functions on a declared model: each runs, and none falls back to something slower in silence."""

import warnings

import numpy as np
import pymc as pm
import pytest

from bayesmix import Gaussian
from bayesmix.data import read_rows
from bayesmix.pymc_model import MixtureLikelihood, declare
from bayesmix.pymc_model.op import SumLogDensity
from tests.problems import problem_of

PYTHON = {"mode": "FAST_COMPILE"}
FULL = Gaussian("full")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    left = rng.normal(size=(60, 2)) * [2.0, 30.0] + [5.0, 1000.0]
    right = rng.normal(size=(40, 2)) * [1.0, 10.0] + [20.0, 1300.0]
    return read_rows(np.vstack([left, right]))


@pytest.fixture(scope="module")
def model(rows):
    start = {
        "weights": np.array([0.6, 0.4]),
        "means": np.array([[5.0, 1000.0], [20.0, 1300.0]]),
        "covariances": np.array([np.diag([4.0, 900.0]), np.diag([1.0, 100.0])]),
    }
    return declare(problem_of(rows, FULL, 2), start=start)


@pytest.fixture(scope="module")
def sampled(model):
    with model:
        return pm.sample(
            30, tune=60, chains=2, cores=1, nuts_sampler="pymc", random_seed=1, progressbar=False, quiet=True
        )


@pytest.mark.gate
def test_nuts_and_not_metropolis(sampled):
    assert {"diverging", "tree_depth"} <= set(sampled.sample_stats.data_vars)
    check_means(sampled)


def check_means(tree):
    """Near the truth, whatever labels a chain settled on."""
    ordered = np.sort(tree.posterior["means"].values, axis=2).mean(axis=(0, 1))
    np.testing.assert_allclose(ordered, [[5.0, 1000.0], [20.0, 1300.0]], rtol=0.15)


def test_value_and_gradient_are_one_pass(model):
    function = model.logp_dlogp_function(ravel_inputs=True, mode="FAST_COMPILE")
    nodes = function._pytensor_function.maker.fgraph.toposort()
    assert sum(isinstance(node.op, SumLogDensity) for node in nodes) == 1
    assert not any("Cholesky" in str(node.op) and node.inputs[0].owner for node in nodes)


def test_compute_log_likelihood(model, sampled, rows):
    with model:
        tree = pm.compute_log_likelihood(sampled, extend_inferencedata=False, progressbar=False, compile_kwargs=PYTHON)
    log_likelihood = tree["log_likelihood"]["x"] if "log_likelihood" in tree else tree["x"]
    posterior = {name: sampled.posterior[name].values for name in ("weights", "means", "covariances")}
    expected = FULL.log_mixture(posterior["weights"], posterior, rows.values)
    assert log_likelihood.dims == ("chain", "draw", "obs")
    np.testing.assert_allclose(log_likelihood, expected, rtol=1e-9)


def test_posterior_predictive(model, sampled):
    with model:
        tree = pm.sample_posterior_predictive(sampled, random_seed=1, progressbar=False, compile_kwargs=PYTHON)
    x = tree["posterior_predictive"]["x"]
    assert x.dims == ("chain", "draw", "obs", "feature")
    np.testing.assert_allclose(x.mean(("chain", "draw", "obs")), [11.0, 1120.0], rtol=0.1)


def test_prior_predictive(model):
    with model:
        tree = pm.sample_prior_predictive(10, random_seed=1, compile_kwargs=PYTHON)
    assert tree["prior_predictive"]["x"].dims == ("chain", "draw", "obs", "feature")
    assert {"weights", "means", "covariances", "scales"} == set(tree["prior"].data_vars)


def test_draws_are_compiled_without_python():
    """Numba warns when it has to call Python: then chains would wait for each other."""
    weights, means = np.array([0.5, 0.5]), np.zeros((2, 2))
    params = {"means": means, "covariances": np.array([np.eye(2), 4 * np.eye(2)])}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        draws = pm.draw(MixtureLikelihood.dist(weights, FULL, params, shape=(50, 2)), random_seed=1)
    assert draws.shape == (50, 2)


@pytest.mark.parametrize("minibatch_size", [None, 16])
def test_variational_fit(rows, minibatch_size):
    declared = declare(problem_of(rows, Gaussian("diag"), 2), minibatch_size=minibatch_size)
    with declared:
        approximation = pm.fit(20, progressbar=False, random_seed=1, compile_kwargs=PYTHON)
        tree = approximation.sample(5, random_seed=1)
    assert np.all(np.isfinite(approximation.hist))
    assert tree.posterior["means"].shape == (1, 5, 2, 2)


@pytest.mark.gate
def test_numpyro(model):
    with model:
        tree = pm.sample(30, tune=60, chains=1, nuts_sampler="numpyro", random_seed=1, progressbar=False, quiet=True)
    assert "diverging" in tree.sample_stats
    check_means(tree)


def test_graph(model):
    graph = pm.model_to_mermaid(model)
    for edge in ("weights --> x", "means --> x", "covariances --> x", "covariances --> means"):
        assert edge in graph
    assert "GaussianMixture(weights, means, covariances)" in model.str_repr()


def test_model_can_be_transformed(model, rows):
    """Starts are support points and not initial values, which PyMC's model transformations refuse."""
    conditioned = pm.do(model, {"weights": np.array([0.5, 0.5])})
    assert [variable.name for variable in conditioned.free_RVs] == ["covariances", "means"]
    start = conditioned.initial_point()
    np.testing.assert_allclose(start["means_affine__"], model.initial_point()["means_affine__"])
