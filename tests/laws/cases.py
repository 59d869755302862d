"""Every family, prior and shape over which the laws run: a new family adds its line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix import (
    Bernoulli,
    Categorical,
    Gaussian,
    Mixture,
    NegativeBinomial,
    Poisson,
    StudentT,
    ZeroInflatedPoisson,
)
from bayesmix.data import Rows
from bayesmix.density import Density
from bayesmix.engines.begin import density_of
from bayesmix.families import Family, with_noise
from bayesmix.priors import LKJ, Beta, Dirichlet, LogNormal, Normal
from bayesmix.problem import Problem
from tests.problems import problem_of
from tests.simulated_trees import truth

Simulation = Callable[[Family, int, int, np.random.Generator], np.ndarray]


def from_the_prior(family: Family, n_components: int, n_features: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of parameters that are drawn from the family's default prior, as it is scaled by rows without groups."""
    wild = {
        "real": lambda shape: rng.standard_normal(shape),
        "count": lambda shape: rng.poisson(6.0, shape),
        "binary": lambda shape: rng.integers(2, size=shape),
        "categorical": lambda shape: rng.integers(3, size=shape),
    }[family.takes]((60, n_features))
    problem = problem_of(wild, family, n_components)
    drawn = problem.family.prior_draws(problem.priors, n_components, n_features, 1, rng)
    weights = np.full(n_components, 1 / n_components)
    size = 40 + 10 * n_components
    return problem.family.sample(weights, {name: value[0] for name, value in drawn.items()}, size, rng)[0]


def clouds(family: Family, n_components: int, n_features: int, rng: np.random.Generator) -> np.ndarray:
    """Clouds in columns of different units, far from zero."""
    values = clouds_of_one_unit(family, n_components, n_features, rng)
    return values * np.resize([1.0, 30.0, 0.02, 5.0], n_features) + 7.0


def clouds_of_one_unit(family: Family, n_components: int, n_features: int, rng: np.random.Generator) -> np.ndarray:
    """Clouds in columns of one unit: for axes in common, whose derivatives are steep where one is 1e3 times another."""
    weights, params = truth("full", n_components, n_features, 2.5, rng)
    return Gaussian("full").sample(weights, params, 40 + 10 * n_components, rng)[0]


def clouds_in_noise(family: Family, n_components: int, n_features: int, rng: np.random.Generator) -> np.ndarray:
    """Clouds, and every sixth row anywhere in the box that they span."""
    rows = clouds(family, n_components, n_features, rng)
    noise = rng.random(len(rows)) < 1 / 6
    low, high = rows.min(axis=0), rows.max(axis=0)
    rows[noise] = rng.uniform(2 * low - high, 2 * high - low, (noise.sum(), n_features))
    return rows


@dataclass(frozen=True, eq=False)
class Line:
    """A family, and what the laws need to know to run over it.

    Attributes
    ----------
    family : Family
    priors : mapping
        A name for each form of its prior, and what the user writes for it; the first one is used where a law speaks of
        the likelihood alone.
    simulate : callable
        ``(family, K, D, rng) -> rows``.
    latent : bool
        Whether something but the memberships is latent, so that M-steps do not maximise ``sum_ik r_ik log f``.
    alike : bool
        Whether all components have the same unconstrained coordinates, so that renaming them stretches nothing.
    shapes : tuple of (int, int)
        Numbers of columns and of components.
    """

    family: Family
    priors: Mapping[str, Mapping[str, Any] | None] = field(default_factory=lambda: {"default": None})
    simulate: Simulation = from_the_prior
    latent: bool = False
    alike: bool = True
    shapes: tuple[tuple[int, int], ...] = ((1, 2), (2, 1), (2, 3), (4, 2))


PRIORS = {
    "conjugate": None,
    # Dirichlet and LKJ away from one, so that no factor of the prior is constant
    "separated": {"weights": Dirichlet(2.5), "means": Normal(), "scales": LogNormal(), "correlations": LKJ(2.5)},
}
PRIORS_WITH_NOISE = {name: {**(parts or {}), "noise_weight": Beta(1.5, 4.0)} for name, parts in PRIORS.items()}
COVARIANCES = ("full", "tied", "diag", "spherical", "EEI", "EII")
STRETCHED = ("VEE", "EVE", "VVE", "EEV", "VEV")  # a component's coordinates are relative to another's, or many
RESTRICTED = ("VEI", "EVI", *STRETCHED, "EVV")
ROWS_OF = {"EVE": clouds_of_one_unit, "VVE": clouds_of_one_unit}
GAUSSIANS = {covariance: Line(Gaussian(covariance), PRIORS, clouds) for covariance in COVARIANCES}
STUDENTS = (StudentT("full"), StudentT("tied", dof=4.0), StudentT("diag", dof="shared"), StudentT("spherical"))

FAMILIES = (
    *GAUSSIANS.values(),
    *(
        Line(Gaussian(code), {"conjugate": None}, ROWS_OF.get(code, clouds), alike=code not in STRETCHED)
        for code in RESTRICTED
    ),
    Line(Poisson()),
    Line(NegativeBinomial()),
    Line(ZeroInflatedPoisson()),
    Line(Bernoulli()),
    Line(Categorical()),
    *(Line(family, simulate=clouds, latent=True) for family in STUDENTS),
    Line(Gaussian(factors=1), simulate=clouds, latent=True, shapes=((3, 1), (4, 2))),
    Line(Gaussian(factors=2), simulate=clouds, latent=True, shapes=((6, 2),)),
)


@dataclass(frozen=True)
class Case:
    """One mixture with rows of its own, of which the seed makes others."""

    line: Line
    prior: str
    n_features: int
    n_components: int
    seed: int = field(default=0, kw_only=True)

    def __str__(self):
        name = str(self.line.family).removeprefix("gaussian-")
        return f"{name}-{self.prior}-D{self.n_features}-K{self.n_components}"

    @cached_property
    def X(self) -> np.ndarray:
        rng = np.random.default_rng(1 + self.n_features + 10 * self.n_components + 1000 * self.seed)
        return self.line.simulate(self.line.family, self.n_components, self.n_features, rng)

    @cached_property
    def problem(self) -> Problem:
        return problem_of(self.X, self.line.family, self.n_components, self.line.priors[self.prior])

    @property
    def family(self) -> Family:
        return self.problem.family

    @property
    def rows(self) -> Rows:
        return self.problem.rows

    @cached_property
    def mixture(self) -> Mixture:
        """With its priors resolved on the rows."""
        return Mixture(self.n_components, self.family, priors=self.problem.priors)

    @cached_property
    def density(self) -> Density:
        return density_of(self.problem)

    def points(self, n: int, seed: int = 0) -> np.ndarray:
        """Random points of the flat vector, some of them far out."""
        rng = np.random.default_rng(seed + 1000 * self.seed)
        return rng.normal(size=(n, self.density.size)) * np.linspace(0.2, 1.5, n)[:, None]

    def condition(self, q: np.ndarray) -> float:
        """Largest condition of a component's correlations at a point; 1 of features without any."""
        named = self.density.constrain(q)
        if "covariances" not in named:
            return 1.0
        deviations = np.sqrt(np.diagonal(named["covariances"], axis1=-2, axis2=-1))
        return float(np.linalg.cond(named["covariances"] / deviations[..., :, None] / deviations[..., None, :]).max())

    def parameters(self, seed: int = 0):
        """Random weights and named parameters in the units of the data."""
        named = self.density.constrain(self.points(1, seed)[0])
        return named["weights"], {spec.name: named[spec.name] for spec in self.family.parameters}

    def vector(self, weights: np.ndarray, params: Mapping[str, np.ndarray]) -> np.ndarray:
        """The flat vector of weights and named parameters."""
        return self.density.unconstrain({"weights": weights, **self.family.complete(params)})


CASES = [Case(line, prior, *shape) for line in FAMILIES for prior in line.priors for shape in line.shapes]
# Groups with noise beside them, over which those laws run that do not speak of groups alone (tests/laws/test_noise.py)
NOISY = [Line(with_noise(Gaussian(one)), PRIORS_WITH_NOISE, clouds_in_noise) for one in ("full", "diag")]
WITH_NOISE = [Case(line, prior, 2, k) for line in NOISY for prior in line.priors for k in (1, 3)]
# Laws that speak of the likelihood alone need one prior
LIKELIHOOD_CASES = [case for case in CASES if case.prior == next(iter(case.line.priors))]
# Laws of columns whose units do not matter: rescaled, they are as good
GAUSSIAN_CASES = [case for case in CASES if isinstance(case.line.family, Gaussian)]
