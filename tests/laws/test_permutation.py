"""Law 5: permuting components permutes everything, and what has no labels stays as it is."""

import functools

import numpy as np
import pytest

from bayesmix.engines.begin import density_of
from bayesmix.engines.exchangeability import is_exchangeable
from bayesmix.priors import Dirichlet
from tests.laws.cases import CASES, LIKELIHOOD_CASES
from tests.monte_carlo import Finding
from tests.problems import problem_of

SEVERAL = [case for case in CASES if case.n_components > 1]
OF_DENSITIES = 1e-12
OF_RESPONSIBILITIES = {"closed-form M-steps": 1e-9, "L-BFGS": 1e-4}


def permuted(case, named, order):
    return {name: value[order] if name in case.family.component_variables else value for name, value in named.items()}


def steps_of(case) -> str:
    """How EM climbs."""
    return "L-BFGS" if case.problem.conditional is None else "closed-form M-steps"


def findings() -> list[Finding]:
    """Largest changes where components change their names."""
    densities = max(map(change_of_density, SEVERAL))
    lines = [Finding(f"log posterior: {len(SEVERAL)} models", "components renamed", densities, OF_DENSITIES)]
    for name, allowed in OF_RESPONSIBILITIES.items():
        changes = [change_of_responsibilities(case) for case in SEVERAL if steps_of(case) == name]
        what = f"responsibilities by EM: {name}, {len(changes)} models"
        lines.append(Finding(what, "components renamed", max(changes), allowed))
    return lines


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_densities(case):
    weights, params = case.parameters()
    order = np.random.default_rng(1).permutation(case.n_components)
    moved = permuted(case, {"weights": weights, **params}, order)
    joint = case.family.log_joint(weights, params, case.X)
    np.testing.assert_array_equal(case.family.log_joint(moved["weights"], moved, case.X), joint[:, order])
    density = case.family.log_mixture(weights, params, case.X)
    np.testing.assert_allclose(case.family.log_mixture(moved["weights"], moved, case.X), density, rtol=1e-14)


def change_of_density(case) -> float:
    """Of log posterior and MAP objective next to their size, where components change their names."""
    changes = []
    order = np.roll(np.arange(case.n_components), 1)
    for q in case.points(3):
        moved = case.density.unconstrain(permuted(case, case.density.constrain(q), order))
        assert not np.allclose(moved, q)
        functions = (case.density.map_logp_grad, case.density.logp_grad)
        for function in functions if case.line.alike else functions[:1]:
            value = function(q)[0]
            changes.append(abs(function(moved)[0] - value) / abs(value))
    return float(np.max(changes))


@pytest.mark.parametrize("case", SEVERAL, ids=str)
def test_posterior_density(case):
    assert is_exchangeable(case.density, case.family, case.n_components)
    assert change_of_density(case) <= OF_DENSITIES


@functools.cache
def em_from_two_namings(case):
    """EM from labels, and from the same labels renamed."""
    labels = np.argsort(np.argsort(case.X[:, 0])) * case.n_components // len(case.X)
    # M-steps in closed form go side by side; the last logit of the weights is none of L-BFGS's coordinates, so that
    # numeric ones take other ways to the same top
    closed = steps_of(case) == "closed-form M-steps"
    settings = {"tol": 0, "max_iter": 30} if closed else {"tol": 1e-13, "max_iter": 5000}
    return (
        case.mixture.fit_em(case.X, init=labels, **settings),
        case.mixture.fit_em(case.X, init=(labels + 1) % case.n_components, **settings),
    )


def change_of_responsibilities(case) -> float:
    one, other = em_from_two_namings(case)
    return float(np.max(np.abs(other.responsibilities - one.responsibilities)))


@pytest.mark.parametrize("case", SEVERAL, ids=str)
def test_em_from_permuted_labels(case):
    one, other = em_from_two_namings(case)
    assert np.all(np.diff(one.weights) <= 0)
    assert other.objective == pytest.approx(one.objective, rel=1e-9)
    assert change_of_responsibilities(case) <= OF_RESPONSIBILITIES[steps_of(case)]
    np.testing.assert_array_equal(other.labels, one.labels)


@pytest.mark.parametrize("case", SEVERAL, ids=str)
def test_unequal_concentrations_identify_the_labels(case):
    concentrations = tuple(1.5 + np.arange(case.n_components))
    priors = case.problem.priors.parts | {"weights": Dirichlet(concentrations)}
    density = density_of(problem_of(case.rows, case.family, case.n_components, priors))
    assert not is_exchangeable(density, case.family, case.n_components)
