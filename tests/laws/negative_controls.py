"""Law 10: errors planted one by one, and the laws that must catch each.

An error in a density is a term left out of the value and, consistently, of the gradient, as by someone who derived
both from one wrong formula (the gradient by one-sided differences, which err by 1e-7); where a law can only see that
value and gradient belong together, the gradient alone is made wrong too. The smallest errors tell how closely law 6
looks. Those in Gibbs sampling stand in :mod:`tests.laws.planted_in_sweeps`.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy.optimize import approx_fprime
from scipy.special import logsumexp

from bayesmix import Gaussian, Mixture
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.problem import Problem
from tests.calibration.planted import no_jacobian
from tests.calibration.results import LEVEL, judgements, read
from tests.exact import test_enumeration as enumeration
from tests.exact import test_one_component as one_component
from tests.laws import planted_in_sweeps as in_sweeps
from tests.laws.cases import CASES, GAUSSIANS, Case
from tests.laws.test_density import TOLERANCE, disagreement, python_model
from tests.laws.test_objective import FLAT, slope_at_the_end
from tests.laws.test_permutation import OF_DENSITIES, change_of_density
from tests.laws.test_score import ALLOWED as OF_GRADIENTS
from tests.laws.test_score import error_of_gradient

Term = Callable[["Wrong", np.ndarray], float]

DETERMINANT = "the log-determinant dropped from the likelihood"
DETERMINANT_OF_SLOPE = "the log-determinant dropped from the gradient alone"
JACOBIAN = "the Jacobian of the transforms left out"
PRIOR_TERM = "a term of the prior left out"
CONSTANT = "the constant of the simplex transform left out"
ENTRY = "one entry of the gradient too large by 1e-6 of itself"
DEGREE = "one degree of freedom too many in the prior"
LABELS = "labels permuted in one variable only"


class Wrong:
    """A density with an error in what subclasses say."""

    def __init__(self, right: ClosedFormDensity, problem: Problem):
        self.right, self.problem = right, problem

    def __getattr__(self, name: str) -> Any:
        return getattr(self.right, name)

    def changed(self, value: float, slope: np.ndarray, q: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient with the error."""
        raise NotImplementedError

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        return self.changed(*self.right.logp_grad(q), q)

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        return self.changed(*self.right.map_logp_grad(q), q)


class Lacking(Wrong):
    """A density without a term, or whose gradient alone is without it."""

    def __init__(self, right: ClosedFormDensity, problem: Problem, term: Term, *, value: bool = True):
        super().__init__(right, problem)
        self.term, self.value = term, value

    def changed(self, value: float, slope: np.ndarray, q: np.ndarray) -> tuple[float, np.ndarray]:
        missing = self.term(self, q) if self.value else 0.0
        return value - missing, slope - approx_fprime(q, lambda moved: self.term(self, moved), 1e-6)


class WithoutJacobian(Wrong):
    """The density of the parameters, taken for that of the unconstrained vector."""

    def changed(self, value: float, slope: np.ndarray, q: np.ndarray) -> tuple[float, np.ndarray]:
        return self.right.map_logp_grad(q)


class WrongEntry(Wrong):
    """The last entry of the gradient is not what it should be."""

    def changed(self, value: float, slope: np.ndarray, q: np.ndarray) -> tuple[float, np.ndarray]:
        slope[-1] *= 1 + 1e-6
        return value, slope


def of_simplex(density: Wrong, q: np.ndarray) -> float:
    """``log K``, which the Jacobian of the weights has in front."""
    return float(np.log(density.n_components))


def of_determinants(density: Wrong, q: np.ndarray) -> float:
    """What ``-log|Sigma_k| / 2`` adds to the log-likelihood, in standardised units."""
    named, family, units = density.constrain(q), density.problem.family, density.right.coordinates.units
    joint = family.log_joint(named["weights"], named, density.problem.rows.values)
    matrices = family.covariance_matrices(named)
    halves = np.linalg.slogdet(matrices)[1] / 2 - family.structure.log_determinant(units.scale)
    return float((logsumexp(joint, axis=1) - logsumexp(joint + halves, axis=1)).sum())


def of_prior(density: Wrong, q: np.ndarray) -> float:
    """The log prior density of the means (default prior) or of the standard deviations (separated prior)."""
    family, priors = density.problem.family, density.problem.priors
    name = "means" if "components" in priors.parts else "scales"
    return float(family.log_prior_terms(priors, density.constrain(q))[name])


PLANT: dict[str, Callable[[ClosedFormDensity, Problem], Wrong]] = {
    DETERMINANT: partial(Lacking, term=of_determinants),
    DETERMINANT_OF_SLOPE: partial(Lacking, term=of_determinants, value=False),
    JACOBIAN: WithoutJacobian,
    PRIOR_TERM: partial(Lacking, term=of_prior),
    CONSTANT: partial(Lacking, term=of_simplex),
    ENTRY: WrongEntry,
}
ERRORS = (*PLANT, DEGREE, LABELS, *in_sweeps.ERRORS)


class MeansAlone(Gaussian):
    """A family that, where components are renamed, renames their means and nothing else."""

    @property
    def component_variables(self) -> tuple[str, ...]:
        return ("means",)


@dataclass(frozen=True)
class PlantedCase(Case):
    """A case of the laws with an error in it."""

    error: str

    @property
    def family(self) -> Gaussian:
        return (MeansAlone if self.error == LABELS else Gaussian)(self.line.family.covariance)

    @cached_property
    def right(self) -> Case:
        return Case(self.line, self.prior, self.n_features, self.n_components)

    @cached_property
    def density(self) -> Any:
        right = self.right.density
        return PLANT[self.error](right, self.right.problem) if self.error in PLANT else right


TWO = ("full", "diag")
RIGHT = [
    case
    for case in CASES
    if (case.n_features, case.n_components) == (2, 3) and case.line in [GAUSSIANS[covariance] for covariance in TWO]
]


def of_error(error: str) -> list[PlantedCase]:
    """Two covariances and both priors with the error in them."""
    return [PlantedCase(one.line, one.prior, one.n_features, one.n_components, error) for one in RIGHT]


class Law(NamedTuple):
    """What a law makes of a case, right or wrong: a figure, and what it may be at most."""

    says: str
    figure: Callable[[Any], float]
    allowed: float


def right_of(case: Case) -> Case:
    return case.right if isinstance(case, PlantedCase) else case


LAWS = {
    "gradient": Law(
        "law 3: the gradient is the slope of the value",
        lambda case: error_of_gradient(case, "logp_grad"),
        OF_GRADIENTS,
    ),
    "top": Law(
        "law 4: where EM ends, the slope of the objective is zero",
        lambda case: slope_at_the_end(right_of(case), case.density),
        FLAT,
    ),
    "renaming": Law("law 5: components renamed, the density stays", change_of_density, OF_DENSITIES),
    "model": Law(
        "law 6: the density is that of the declared model, by PyMC",
        lambda case: disagreement(case.density.logp_grad, python_model(right_of(case)), case.points(4)),
        TOLERANCE,
    ),
}


@functools.cache
def figure(name: str, case: Case) -> float:
    """What a law makes of a case."""
    return LAWS[name].figure(case)


# The laws that must catch an error in every one of two covariances and both priors.
CAUGHT_BY = {
    DETERMINANT: ("top", "model"),
    DETERMINANT_OF_SLOPE: ("gradient", "top", "model"),
    JACOBIAN: ("model",),
    PRIOR_TERM: ("top", "model"),
    CONSTANT: ("model",),
    ENTRY: ("model",),
    LABELS: ("renaming",),
}


def by_enumeration(error: str, covariance: str) -> float:
    """Prior times likelihood next to posterior times evidence, summed over all assignments of six rows."""

    def make(problem):
        return PLANT[error](problem.closed_form(), problem)

    return max(enumeration.density_errors(covariance, 2, enumeration.mixture_of(covariance), make))


def by_enumerated_memberships(covariance: str) -> float:
    """Of draws whose means change places and whose weights and covariances do not: who belongs with whom."""
    tree = enumeration.tree_of(covariance)
    posterior = tree["posterior"].to_dataset()
    renamed = posterior.assign(means=posterior["means"].isel(component=[1, 0]).drop_vars("component"))
    exact, tree = enumeration.enumerated(covariance), tree.copy()
    tree["posterior"] = xr.DataTree(renamed)
    return max(
        enumeration.mean_of(x).errors_from(exact.co_clustering[ij])
        for ij, x in enumeration.co_clustering_draws(tree, covariance)
    )


def by_closed_form(plant: Callable[[Mixture], Mixture], covariance: str) -> float:
    """NUTS with one component next to the normal-inverse-Wishart posterior, in Monte Carlo errors."""

    def tree_of(covariance, n_features):
        rows = one_component.rows_of(n_features)
        mixture = plant(Mixture(1, Gaussian(covariance)).resolve_priors(rows))
        return mixture.fit_nuts(rows, draws=2000, random_seed=1, progressbar=False)

    return max(one.figure for one in one_component.findings(tree_of, [(covariance, 3)]))


def one_degree_of_freedom_more(mixture: Mixture) -> Mixture:
    parts = mixture.priors.parts
    more = replace(parts["components"], dof=parts["components"].dof + 1)
    return replace(mixture, priors=parts | {"components": more})


def by_calibration(error: str) -> float:
    """The level over the least p-value of the committed run with the error, times the number of tests."""
    found = list(judgements(error, read()["planted"][error]))
    return LEVEL / (max(min(one.p_value for one in found), np.finfo(float).tiny) * len(found))


ASSIGNMENTS = "exact answers: the density, summed over all assignments of six rows"
MEMBERSHIPS = "exact answers: who belongs with whom, over all assignments of six rows"
CLOSED_FORM = "law 9: the posterior of one component, by NUTS, in closed form"
CALIBRATION = "law 9: simulation-based calibration"
GIBBS = "law 12: Gibbs sampling, and the sum over all assignments of six rows"
# What else must catch an error: the least figure over the models, and the most that is allowed.
ALSO_CAUGHT_BY: dict[str, list[Law]] = {
    DETERMINANT: [
        Law(ASSIGNMENTS, lambda error: min(by_enumeration(error, one) for one in TWO), enumeration.ROUNDING),
    ],
    PRIOR_TERM: [
        Law(ASSIGNMENTS, lambda error: min(by_enumeration(error, one) for one in TWO), enumeration.ROUNDING),
    ],
    JACOBIAN: [
        Law(CLOSED_FORM, lambda _: min(by_closed_form(no_jacobian, one) for one in TWO), one_component.ALLOWED),
        Law(CALIBRATION, lambda _: by_calibration("the Jacobian dropped"), 1.0),
    ],
    DEGREE: [
        Law(
            CLOSED_FORM,
            lambda _: min(by_closed_form(one_degree_of_freedom_more, one) for one in TWO),
            one_component.ALLOWED,
        ),
    ],
    LABELS: [Law(MEMBERSHIPS, lambda _: by_enumerated_memberships("spherical"), enumeration.ALLOWED)],
    **{error: [Law(GIBBS, in_sweeps.figure_of, in_sweeps.MOST)] for error in in_sweeps.ERRORS},
}


class Caught(NamedTuple):
    """An error, a law that catches it, the least figure over the models, and the most that the law allows."""

    error: str
    law: str
    figure: float
    allowed: float


@functools.cache
def caught() -> list[Caught]:
    """Which law catches which error: every figure is above what the law allows."""
    lines = []
    for error in ERRORS:
        for name in CAUGHT_BY.get(error, ()):
            law, cases = LAWS[name], of_error(error)
            lines.append(Caught(error, law.says, min(figure(name, case) for case in cases), law.allowed))
        lines += [Caught(error, law.says, law.figure(error), law.allowed) for law in ALSO_CAUGHT_BY.get(error, ())]
    return lines
