"""Law 12: Gibbs sampling next to the sum over all assignments of a few rows. A model joins by a line of MODELS."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np
import pytest
from scipy import stats

import bayesmix as bm
from bayesmix.engines import gibbs
from bayesmix.families import Family
from bayesmix.families.parts import Sweeps
from bayesmix.problem import Problem
from tests.exact import test_counts_and_answers as counts
from tests.exact import test_enumeration as clouds
from tests.exact.conjugate import prior_of
from tests.exact.conjugate_rates import Chances, Levels, Rates
from tests.exact.enumeration import Enumeration, Group
from tests.exact.gridded import Gridded, negative_binomial, zero_inflated_poisson
from tests.monte_carlo import ALLOWED, FEWEST, Estimate, Finding, effective_draws, mean_of
from tests.problems import problem_of

CONCENTRATIONS = (1.0, 2.0, 0.5)  # unequal: no component is taken for another
N_ROWS = 6
COUNTS, ANSWERS = (counts.ROWS[name][:N_ROWS] for name in ("poisson", "bernoulli"))
LEVELS, SIZES = np.array([[0, 1], [2, 1], [0, 0], [0, 1], [1, 0], [1, 0]]), (3, 2)


@dataclass(frozen=True, eq=False)
class Model:
    """A family on a few rows, and the same by closed forms: what K components are under the prior."""

    family: Family
    priors: Mapping[str, Any]
    rows: np.ndarray
    groups: Callable[[int], list[Group]]

    def __str__(self):
        return str(self.family)

    def problem(self, n_components: int) -> Problem:
        weights = bm.priors.Dirichlet(CONCENTRATIONS[:n_components])
        return problem_of(self.rows, self.family, n_components, {"weights": weights, **self.priors})

    def exact(self, n_components: int) -> Enumeration:
        return _enumerated(self, n_components)


@functools.cache
def _enumerated(model: Model, n_components: int) -> Enumeration:
    return Enumeration(model.rows, model.groups(n_components), CONCENTRATIONS[:n_components])


def poisson(rows: np.ndarray, shape: float, rates: tuple[float, float]) -> Model:
    group = Rates(np.full(2, shape), np.array(rates))
    return Model(bm.Poisson(), {"rates": bm.priors.Gamma(shape, rates)}, rows, lambda k: [group] * k)


def spread(rows: np.ndarray) -> Model:
    """Counts with spread."""
    numbers = (2.5, 0.5), (2.0, 2.5)
    own = stats.gamma(2.5, scale=2.0), stats.gamma(2.0, scale=0.4)
    priors = {name: bm.priors.Gamma(*pair) for name, pair in zip(("rates", "dispersions"), numbers, strict=True)}
    group = Gridded(negative_binomial, own, np.empty((0, rows.shape[1])))
    return Model(bm.NegativeBinomial(), priors, rows, lambda k: [group] * k)


def zeros(rows: np.ndarray) -> Model:
    """Counts with extra zeros."""
    priors = {"rates": bm.priors.Gamma(2.5, 0.5), "extra_zeros": bm.priors.Beta(2.0, 3.0)}
    group = Gridded(
        zero_inflated_poisson, (stats.gamma(2.5, scale=2.0), stats.beta(2.0, 3.0)), np.empty((0, rows.shape[1]))
    )
    return Model(bm.ZeroInflatedPoisson(), priors, rows, lambda k: [group] * k)


def gaussian(covariance: str) -> Model:
    scale = clouds.SCALES.get(covariance, np.diag(clouds.SPREAD))
    numbers = clouds.MEAN, clouds.SHRINKAGE, clouds.DOF, scale
    prior = bm.priors.NormalInverseWishart(**dict(zip(("mean", "shrinkage", "dof", "scale"), numbers, strict=True)))
    return Model(
        bm.Gaussian(covariance), {"components": prior}, clouds.ROWS, lambda k: prior_of(covariance, k, *numbers)
    )


MODELS = {
    str(model): model
    for model in (
        poisson(COUNTS, 2.5, (0.5, 0.25)),
        spread(3 * COUNTS),
        zeros(np.array([[0, 6], [0, 0], [3, 0], [2, 6], [0, 5], [3, 0]])),
        Model(
            bm.Bernoulli(),
            {"probabilities": bm.priors.Beta(2.0, 1.5)},
            ANSWERS,
            lambda k: [Chances(np.full(3, 2.0), np.full(3, 1.5))] * k,
        ),
        Model(
            bm.Categorical(),
            {"probabilities": bm.priors.Dirichlet(0.75)},
            LEVELS,
            lambda k: [Levels(tuple(np.full(size, 0.75) for size in SIZES))] * k,
        ),
        *(gaussian(covariance) for covariance in ("full", "tied", "diag", "spherical", "EEI", "EII")),
    )
}


@dataclass(frozen=True, eq=False)
class Run:
    """Draws (chain, draw, ...) in the units of the data, and what the chains say of each."""

    values: dict[str, np.ndarray]
    log_likelihood: np.ndarray
    n_occupied: np.ndarray


def run(
    problem: Problem,
    sweeps: Sweeps,
    draws: int = 4000,
    thin: int = 5,
    between_moves: int = 1,
    *,
    recalling: bool = True,
) -> Run:
    """Four chains from random assignments, whose groups they remember if they are to."""

    def often(rng, of_problem, position, plan):
        return sweeps.run(rng, of_problem, position, (*plan[:2], between_moves))

    n_rows, chains = problem.rows.n_rows, []
    for c, seed in enumerate(np.random.SeedSequence(1).spawn(4)):
        labels = np.random.default_rng(c).integers(problem.n_components, size=n_rows)
        chains.append(gibbs.Chain(problem, sweeps._replace(run=often), labels, seed))
    remembered = gibbs.memory_of(chains)[: None if recalling else 0]
    for chain in chains:
        chain.remembered = remembered
        chain.extend((100 + draws) * thin, thin, Event())
    kept = [chain.draws(draws, thin) for chain in chains]
    log_likelihood = np.stack([one.log_likelihood for one in kept]) + problem.standardised.log_likelihood_shift
    return Run(gibbs.named(problem, chains, kept), log_likelihood, np.stack([one.n_occupied for one in kept]))


@functools.cache
def sampled(model: Model, n_components: int) -> Run:
    problem = model.problem(n_components)
    return run(problem, problem.sweeps)


def of_points(family: Family, values: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """What does not depend on labels at every point (...) of the parameters."""
    weights = -np.sort(-values["weights"], axis=-1)
    log_likelihood = family.log_mixture(values["weights"], values, rows).sum(axis=-1)
    return {"log-likelihood": log_likelihood} | {f"weight {k}": weights[..., k] for k in range(weights.shape[-1])}


def exact_points(exact: Enumeration, family: Family, rows: np.ndarray) -> dict[str, Estimate]:
    """The same of independent draws from the enumerated posterior."""
    weights, means, spreads = exact.draws(20_000, np.random.default_rng(0))
    first, *rest = (spec.name for spec in family.parameters)
    values = {"weights": weights, first: means}
    values |= {name: np.stack(spreads, axis=1) if len(spreads) > 1 else spreads[0] for name in rest}
    drawn = of_points(family, values, rows)
    return {what: Estimate(float(x.mean()), float(x.std() / np.sqrt(x.size))) for what, x in drawn.items()}


def estimates(model: Model, n_components: int, found: Run) -> Iterator[tuple[str, np.ndarray, Estimate | float]]:
    """What, draws of it (chain, draw), and its exact mean."""
    exact, problem = model.exact(n_components), model.problem(n_components)
    family, rows, values = problem.family, problem.rows.values, found.values
    wanted = exact_points(exact, family, rows)
    for what, draws in of_points(family, values, rows).items():
        yield what, draws, wanted[what]
    for k in range(n_components - 1):
        yield f"{k + 1} of the components have rows", (found.n_occupied == k + 1).astype(float), exact.occupied[k]
    joint = family.log_joint(values["weights"], values, rows)
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=-1, keepdims=True))
    for i in range(len(rows)):
        for j in range(i):
            yield f"rows {i} and {j} together", (r[..., i, :] * r[..., j, :]).sum(axis=-1), exact.co_clustering[i, j]
    densities = np.exp(family.log_mixture(values["weights"], values, rows))
    for i, density in enumerate(exact.predictive(rows)):
        yield f"a new row like row {i}", densities[..., i], density


def farthest(model: Model, n_components: int, found: Run) -> float:
    """In Monte Carlo errors."""
    return max(mean_of(x).errors_from(wanted) for _, x, wanted in estimates(model, n_components, found))


def fewest(model: Model, n_components: int, found: Run) -> float:
    """Effective draws."""
    return min(effective_draws(x) for _, x, _ in estimates(model, n_components, found))


def findings() -> list[Finding]:
    """The largest distance of each model, in Monte Carlo errors."""
    return [
        Finding(
            f"{name}, {N_ROWS} rows, K = {k}: label-free posterior means by Gibbs sampling",
            f"sum over all {k**N_ROWS} assignments",
            farthest(model, k, sampled(model, k)),
            ALLOWED,
        )
        for name, model in MODELS.items()
        for k in (2, 3)
    ]


@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_posterior_is_the_sum_over_assignments(name, n_components):
    model = MODELS[name]
    found = sampled(model, n_components)
    assert fewest(model, n_components, found) >= FEWEST
    assert farthest(model, n_components, found) < ALLOWED


@pytest.mark.parametrize("name", MODELS)
def test_log_likelihood_of_the_pass_that_draws_assignments(name):
    model = MODELS[name]
    found, problem = sampled(model, 2), model.problem(2)
    wanted = problem.family.log_mixture(found.values["weights"], found.values, problem.rows.values).sum(axis=-1)
    np.testing.assert_allclose(found.log_likelihood, wanted, rtol=1e-9)
