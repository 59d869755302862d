"""Density maker 2: equal to the model's own log density, with the right gradients and maps."""

import numpy as np
import pymc as pm
import pytest

from bayesmix import Gaussian
from bayesmix.priors import Dirichlet
from bayesmix.pymc_model import declare, map_objective
from bayesmix.pymc_model.density import PyMCDensity
from tests.problems import problem_of

CASES = {
    "full": ("full", {"weights": Dirichlet(0.5)}),
    "tied": ("tied", {"scales": pm.HalfNormal.dist(5.0)}),
    "diag": ("diag", {"means": pm.StudentT.dist(nu=4.0, mu=0.0, sigma=10.0)}),
    "spherical": ("spherical", {}),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    covariance, priors = CASES[request.param]
    X = np.random.default_rng(0).normal(size=(40, 2)) * [1.0, 3.0] + [0.0, 5.0]
    family = Gaussian(covariance)
    model = declare(problem_of(X, family, 2, priors))
    # Numba takes half a minute for each function of each case: one case is enough.
    density = PyMCDensity(model, mode=None if covariance == "spherical" else "FAST_COMPILE")
    q = np.random.default_rng(1).normal(size=density.size) * 0.5
    return density, q, family, X


def point_of(density, q):
    values = [density.model.rvs_to_values[variable].name for variable in density.model.free_RVs]
    return {name: q[one.place].reshape(one.shape) for name, one in zip(values, density.variables, strict=True)}


def check_gradient(function, q):
    _, gradient = function(q)
    slopes = [(function(q + step)[0] - function(q - step)[0]) / 2e-5 for step in 1e-5 * np.eye(q.size)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-5)


def test_variables(case):
    density, q, _, _ = case
    assert [one.name for one in density.variables] == [variable.name for variable in density.model.free_RVs]
    assert density.variables[0].place.start == 0
    assert density.variables[-1].place.stop == density.size == q.size
    start = density.model.initial_point()
    for one, value in zip(density.variables, start.values(), strict=True):
        assert one.shape == value.shape


@pytest.mark.gate
def test_equals_the_model(case):
    density, q, _, _ = case
    expected = density.model.compile_logp(mode="FAST_COMPILE")(point_of(density, q))
    assert density.logp_grad(q)[0] == pytest.approx(expected, rel=1e-10)
    check_gradient(density.logp_grad, q)


def test_map_objective(case):
    """No Jacobians, and a Dirichlet below 1 counts as 1."""
    density, q, _, _ = case
    expected = density.model.compile_logp(jacobian=False, mode="FAST_COMPILE")(point_of(density, q))
    if density.variables[0].name == "weights" and "covariances" in density.variables[1].name:
        weights = density.constrain(q)["weights"]
        expected -= pm.logp(pm.Dirichlet.dist([0.5, 0.5]), weights).eval(mode="FAST_COMPILE")
        expected += pm.logp(pm.Dirichlet.dist([1.0, 1.0]), weights).eval(mode="FAST_COMPILE")
    assert density.map_logp_grad(q)[0] == pytest.approx(expected, rel=1e-10)
    check_gradient(density.map_logp_grad, q)


def test_the_rest_of_the_map_objective_is_the_likelihood(case):
    density, q, family, X = case
    values = density.constrain(q)
    log_prior = density.model.compile_fn(map_objective.log_prior(density.model), mode="FAST_COMPILE")
    log_likelihood = family.log_mixture(values["weights"], values, X).sum()
    assert log_prior(point_of(density, q)) + log_likelihood == pytest.approx(density.map_logp_grad(q)[0], rel=1e-8)


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)])
def test_round_trip(case, leading):
    density, _, family, _ = case
    q = np.random.default_rng(5).normal(size=(*leading, density.size))
    values = density.constrain(q)
    for spec in family.parameters:
        assert values[spec.name].shape == (*leading, *spec.shape(2, 2))
    np.testing.assert_allclose(density.unconstrain(values), q, rtol=1e-9, atol=1e-9)


def test_missing_value(case):
    density, _, _, _ = case
    with pytest.raises(ValueError, match="values of weights"):
        density.unconstrain({})


def test_one_component_has_constant_weights():
    density = PyMCDensity(declare(problem_of(np.arange(10.0), Gaussian("spherical"), 1)))
    values = density.constrain(np.zeros((2, 4, density.size)))
    np.testing.assert_array_equal(values["weights"], np.ones((2, 4, 1)))
    assert values["means"].shape == (2, 4, 1, 1)


def test_discrete_variables_are_refused():
    with pm.Model() as model:
        pm.Poisson("count", 1.0)
    with pytest.raises(ValueError, match="count is discrete"):
        PyMCDensity(model)
