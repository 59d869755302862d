"""Law 3: the score is the slope of the log-likelihood, and zero, with the prior's, at the M-step's answer."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
from bayesmix.density.prior_terms import log_prior_terms
from bayesmix.families.units import Point, Units
from scipy.stats import dirichlet

from bayesmix import Mixture
from bayesmix.engines.em.loop import ExpectationMaximisation
from bayesmix.priors import Dirichlet
from tests.central_differences import gradient
from tests.laws.cases import CASES, LIKELIHOOD_CASES, Case
from tests.monte_carlo import Finding

ALLOWED = 1.0  # times what finite differences err by


def error(slope, wanted, atol, rtol=1e-6) -> float:
    """Largest difference as a share of what finite differences err by."""
    return float(np.max(np.abs(slope - wanted) / (atol + rtol * np.abs(wanted))))


def error_of_gradient(case, which: str) -> float:
    function, errors = getattr(case.density, which), []
    for q in case.points(3):
        value, slope = function(q)
        wanted = gradient(lambda moved: function(moved)[0], q, step=1e-4)
        # rounding of the value, divided by the step, and what the steepest coordinate adds beyond fourth order
        atol = 1e-15 * (1 + abs(value)) / 1e-4 + 1e-7 * np.max(np.abs(slope))
        errors.append(error(slope, wanted, atol))
    return float(np.max(errors))


@pytest.mark.parametrize("which", ["logp_grad", "map_logp_grad"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradient_of_the_density(case, which):
    assert error_of_gradient(case, which) <= ALLOWED


@dataclass(frozen=True)
class Unequal(Case):
    """A case in which every component has a concentration of its own, so that none can stand for another."""

    @cached_property
    def mixture(self) -> Mixture:
        parts = {part: getattr(super().mixture.priors, part) for part in super().mixture.priors.parts}
        own = Dirichlet(tuple(1.5 + np.arange(self.n_components)))
        return Mixture(self.n_components, self.family, priors=parts | {"weights": own})


@pytest.mark.parametrize("which", ["logp_grad", "map_logp_grad"])
@pytest.mark.parametrize("prior", ["conjugate", "separated"])
def test_value_and_gradient_where_concentrations_differ(prior, which):
    case = Unequal("diag", prior, 2, 3)
    assert error_of_gradient(case, which) <= ALLOWED
    other = Case("diag", prior, 2, 3)
    equal = other.mixture.priors.weights.concentrations(3)
    for q in case.points(3):
        weights = case.density.constrain(q)["weights"]
        weights = weights / weights.sum()  # SciPy asks for a sum of one to the last digit
        wanted = dirichlet.logpdf(weights, 1.5 + np.arange(3)) - dirichlet.logpdf(weights, equal)
        found = getattr(case.density, which)(q)[0] - getattr(other.density, which)(q)[0]
        assert found == pytest.approx(wanted, abs=1e-9)


def error_of_score(case) -> float:
    """In the means and in the factor."""
    weights, params = case.parameters()
    units = Units.whitened(case.rows, case.family)
    point = units.to_point(weights, params)
    form = case.family.standard_form_of_factor(point.weights, point.means, point.factor)
    score = case.family.score(form, case.family.statistics(form, units.columns))

    def log_likelihood(means, factor):
        values = case.family.structure.values(factor)
        named = {"means": means, case.family.structure.parameter.name: values}
        return case.family.log_mixture(weights, named, units.columns.T).sum()

    of_means = gradient(lambda means: log_likelihood(means, point.factor), point.means, step=1e-3)
    slope = score[1]
    shared = slope.shape != point.factor.shape
    if shared:  # slopes add where components (tied) or features (spherical) share the factor
        slope = slope.sum(axis=0 if case.covariance == "tied" else 1)
    if case.family.correlated:
        wanted = np.tril(gradient(lambda f: log_likelihood(point.means, np.tril(f)), point.factor, step=1e-3))
    else:
        wanted = gradient(lambda f: log_likelihood(point.means, f), point.factor, step=1e-3)
    return float(np.max([error(score[0], of_means, atol=1e-6), error(slope, wanted, atol=1e-6)]))


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_score_of_the_family(case):
    assert error_of_score(case) <= ALLOWED


def expected_objective(case, responsibilities, *, with_prior):
    """``sum_ik r_ik log w_k f(x_i | theta_k)``, plus log prior, as a function of ``q``; from the densities of rows."""

    def function(q):
        named = case.density.constrain(q)
        joint = case.family.log_joint(named["weights"], named, case.X)
        value = float((responsibilities * joint).sum())
        if with_prior:
            value += float(sum(log_prior_terms(case.family, case.mixture.priors, named).values()))
        return value

    return function


def first_pass(case):
    """A point in standardised units, its statistics and its responsibilities."""
    weights, params = case.parameters(seed=5)
    units = Units.whitened(case.rows, case.family)
    point = units.to_point(weights, params)
    form = case.family.standard_form_of_factor(point.weights, point.means, point.factor)
    joint = case.family.log_joint(weights, params, case.X)
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
    return units, point, case.family.statistics(form, units.columns), r


def as_vector(case, units, point):
    return case.density.unconstrain({"weights": point.weights, **units.to_params(point)})


def slope_after_maximum_likelihood_step(case) -> float:
    units, point, statistics, r = first_pass(case)
    answer = ExpectationMaximisation(case.family, units.columns).m_step(point, statistics)
    objective = expected_objective(case, r, with_prior=False)
    return slope_left(objective, as_vector(case, units, point), as_vector(case, units, answer))


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_maximum_likelihood_step_is_stationary(case):
    assert slope_after_maximum_likelihood_step(case) < ALLOWED


def slope_after_conjugate_step(case) -> float:
    units, point, statistics, r = first_pass(case)
    priors = case.mixture.priors
    components = priors.components.standardised(units.centre, units.scale)
    surplus = priors.weights.concentrations(case.n_components) - 1
    em = ExpectationMaximisation(case.family, units.columns, components, surplus)
    answer = em.m_step(point, statistics)
    objective = expected_objective(case, r, with_prior=True)
    return slope_left(objective, as_vector(case, units, point), as_vector(case, units, answer))


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_conjugate_step_is_stationary(case):
    assert slope_after_conjugate_step(case) < ALLOWED


def slope_left(objective, start, answer) -> float:
    """The slope at the answer as a share of rounding, next to what it was where the step began."""
    before = np.max(np.abs(gradient(objective, start, step=1e-3)))
    after = np.max(np.abs(gradient(objective, answer, step=1e-3)))
    assert objective(answer) > objective(start)
    return float(after / (1e-8 * max(before, 1.0) + 1e-12 * abs(objective(answer)) / 1e-3))


def findings() -> list[Finding]:
    """The largest errors, as shares of what finite differences err by."""
    of_gradients = {
        "log posterior": max(error_of_gradient(case, "logp_grad") for case in CASES),
        "MAP objective": max(error_of_gradient(case, "map_logp_grad") for case in CASES),
    }
    steps = {
        "maximum likelihood": max(map(slope_after_maximum_likelihood_step, LIKELIHOOD_CASES)),
        "MAP with the default prior": max(map(slope_after_conjugate_step, LIKELIHOOD_CASES)),
    }
    scores = max(map(error_of_score, LIKELIHOOD_CASES))
    differences = "central differences"
    return [
        *(Finding(f"gradient: {n}, {len(CASES)} models", differences, one, ALLOWED) for n, one in of_gradients.items()),
        Finding(f"score: log-likelihood, {len(LIKELIHOOD_CASES)} models", differences, scores, ALLOWED),
        *(
            Finding(f"slope at the M-step's answer: {name}, {len(LIKELIHOOD_CASES)} models", "zero", one, ALLOWED)
            for name, one in steps.items()
        ),
    ]


def test_point_is_finite_or_not():
    assert Point(np.ones(1), np.zeros((1, 1)), np.ones((1, 1))).finite
    assert not Point(np.ones(1), np.array([[np.nan]]), np.ones((1, 1))).finite
