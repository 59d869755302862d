"""Law 3: the score is the slope of the log-likelihood, and zero, with the prior's, at the M-step's answer."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import dirichlet

from bayesmix.engines.em.loop import ExpectationMaximisation
from bayesmix.families.gaussian.factors.units import FactorUnits
from bayesmix.families.gaussian.units import Units
from bayesmix.families.parts import Point
from bayesmix.families.protocol import one_pass
from bayesmix.priors import Dirichlet
from tests.central_differences import gradient
from tests.laws.cases import CASES, GAUSSIANS, LIKELIHOOD_CASES, PRIORS, Case
from tests.monte_carlo import Finding

ALLOWED = 1.0  # times what finite differences err by
STEP = 3e-5  # of them: where the remainder of fourth order, at the steepest points, no longer exceeds rounding


def error(slope, wanted, atol, rtol=1e-6) -> float:
    """Largest difference as a share of what finite differences err by."""
    return float(np.max(np.abs(slope - wanted) / (atol + rtol * np.abs(wanted))))


def error_of_gradient(case, which: str) -> float:
    """At the worst of some points. Where a density bends much, a shorter step is the better one; a slope that is wrong
    is so at any step."""
    function, errors = getattr(case.density, which), []
    for q in case.points(3):
        value, slope = function(q)
        # sums over the features, which covariances enlarge by their condition
        rounding = 1e-15 * case.n_features * (1 + abs(value)) * case.condition(q)
        of_steps = []
        for step in (STEP, STEP / 4):
            wanted = gradient(lambda moved: function(moved)[0], q, step=step)
            # rounding of the value, divided by the step, and what the steepest coordinate adds beyond fourth order
            of_steps.append(error(slope, wanted, rounding / step + 1e-7 * np.max(np.abs(slope))))
            if of_steps[-1] <= ALLOWED:
                break
        errors.append(min(of_steps))
    return float(np.max(errors))


@pytest.mark.parametrize("which", ["logp_grad", "map_logp_grad"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradient_of_the_density(case, which):
    assert error_of_gradient(case, which) <= ALLOWED


@pytest.mark.parametrize("which", ["logp_grad", "map_logp_grad"])
@pytest.mark.parametrize("prior", ["conjugate", "separated"])
def test_value_and_gradient_where_concentrations_differ(prior, which):
    """Every component has a concentration of its own, so that none can stand for another."""
    unequal = PRIORS[prior] or {}
    line = replace(GAUSSIANS["diag"], priors={prior: {**unequal, "weights": Dirichlet((1.5, 2.5, 3.5))}})
    case, other = Case(line, prior, 2, 3), Case(GAUSSIANS["diag"], prior, 2, 3)
    assert error_of_gradient(case, which) <= ALLOWED
    equal = other.problem.priors.weights.concentrations(3)
    for q in case.points(3):
        weights = case.density.constrain(q)["weights"]
        weights = weights / weights.sum()  # SciPy asks for a sum of one to the last digit
        wanted = dirichlet.logpdf(weights, 1.5 + np.arange(3)) - dirichlet.logpdf(weights, equal)
        found = getattr(case.density, which)(q)[0] - getattr(other.density, which)(q)[0]
        assert found == pytest.approx(wanted, abs=1e-9)


class InStandardUnits(NamedTuple):
    """Rows and parameters where one step is the same for all of them: in standardised units, where a family has them.

    ``entering`` are the parameters as they enter the fused likelihood.
    """

    rows: np.ndarray
    weights: np.ndarray
    entering: list[np.ndarray]


ROOTS = {"itself": np.asarray, "root": np.sqrt, "factor": np.linalg.cholesky}
POWERS = {"itself": lambda part: part, "root": np.square, "factor": lambda part: part @ np.swapaxes(part, -1, -2)}


def in_standard_units(case) -> InStandardUnits:
    weights, params = case.parameters()
    rows, family, units = case.X, case.family, case.problem.standardised
    if isinstance(units, Units):
        state = units.to_state(params)
        params = {**params, "means": state[0], family.structure.parameter.name: family.structure.values(state[1])}
        rows = np.ascontiguousarray(units.columns.T)
    elif isinstance(units, FactorUnits):
        params = dict(zip((spec.name for spec in family.parameters), units.to_state(params), strict=True))
        rows = np.ascontiguousarray(units.columns.T)
    return InStandardUnits(rows, weights, [ROOTS[spec.enters](params[spec.name]) for spec in family.parameters])


def error_of_score(case) -> float:
    """In the weights' logs and in every parameter: the slope that one pass gives, next to differences of densities."""
    family, (rows, weights, entering) = case.family, in_standard_units(case)
    parts = [np.log(weights), *entering]
    enters = ["itself", *(spec.enters for spec in family.parameters)]
    fused = family.fused
    value, *slopes = fused.total(*fused.laid_out(family.columns(rows), np.empty(0), *parts))

    def log_likelihood(place, part):
        """With another part in that place; of a factor the lower triangle counts."""
        moved = [*parts[:place], np.tril(part) if enters[place] == "factor" else part, *parts[place + 1 :]]
        named = {spec.name: POWERS[spec.enters](one) for spec, one in zip(family.parameters, moved[1:], strict=True)}
        return family.log_mixture(np.exp(moved[0]), named, rows).sum()

    assert value == pytest.approx(log_likelihood(0, parts[0]), rel=1e-11)
    errors = []
    for place, (part, slope) in enumerate(zip(parts, slopes, strict=True)):
        wanted = gradient(lambda moved, place=place: log_likelihood(place, moved), part, step=1e-3)
        errors.append(error(slope, np.tril(wanted) if enters[place] == "factor" else wanted, atol=1e-6))
    return float(np.max(errors))


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
            priors = case.problem.priors
            value += float(priors.weights.log_density(named["weights"]))
            value += float(sum(case.family.log_prior_terms(priors, named).values()))
        return value

    return function


def first_pass(case):
    """A point in standardised units, its statistics and its responsibilities."""
    weights, params = case.parameters(seed=5)
    units = case.problem.standardised
    point = Point(weights, units.to_state(params))
    joint = case.family.log_joint(weights, params, case.X)
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
    return point, one_pass(case.family, point, units.blocks), r


def slope_after_step(case, *, with_prior: bool) -> float:
    """Of the expected objective at the answer of an M-step: MAP, or maximum likelihood."""
    problem = case.problem
    point, statistics, r = first_pass(case)
    if with_prior:
        em = ExpectationMaximisation.of(problem)
    else:
        em = ExpectationMaximisation(problem.family, problem.standardised.blocks, problem.likelihood)
    answer = em.m_step(point, statistics)
    vectors = [case.vector(one.weights, problem.standardised.to_params(one.state)) for one in (point, answer)]
    return slope_left(expected_objective(case, r, with_prior=with_prior), *vectors)


MAXIMUM_LIKELIHOOD = [case for case in LIKELIHOOD_CASES if not case.line.latent and case.problem.likelihood is not None]
MAP = [case for case in LIKELIHOOD_CASES if not case.line.latent and case.problem.conditional is not None]


@pytest.mark.parametrize("case", MAXIMUM_LIKELIHOOD, ids=str)
def test_maximum_likelihood_step_is_stationary(case):
    assert slope_after_step(case, with_prior=False) < ALLOWED


@pytest.mark.parametrize("case", MAP, ids=str)
def test_conjugate_step_is_stationary(case):
    assert slope_after_step(case, with_prior=True) < ALLOWED


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
        "maximum likelihood": [slope_after_step(case, with_prior=False) for case in MAXIMUM_LIKELIHOOD],
        "MAP with the default prior": [slope_after_step(case, with_prior=True) for case in MAP],
    }
    scores = max(map(error_of_score, LIKELIHOOD_CASES))
    differences = "central differences"
    return [
        *(Finding(f"gradient: {n}, {len(CASES)} models", differences, one, ALLOWED) for n, one in of_gradients.items()),
        Finding(f"score: log-likelihood, {len(LIKELIHOOD_CASES)} models", differences, scores, ALLOWED),
        *(
            Finding(f"slope at the M-step's answer: {name}, {len(of)} models", "zero", max(of), ALLOWED)
            for name, of in steps.items()
        ),
    ]


def test_point_is_finite_or_not():
    assert Point(np.ones(1), (np.zeros((1, 1)), np.ones((1, 1)))).finite
    assert not Point(np.ones(1), (np.array([[np.nan]]), np.ones((1, 1)))).finite
