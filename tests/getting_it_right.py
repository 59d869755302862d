"""Geweke's test of a Gibbs sampler: rows are drawn anew after every sweep, and parameters must follow their prior.

Assignments and parameters given rows, and rows given both, are two steps of one chain, which keeps their joint
distribution if each step keeps its own; in the joint distribution parameters are as before the rows were seen, and what
is expected of them is known without sampling.

References
----------
Geweke, J. (2004). Getting it right: joint distribution tests of posterior simulators. Journal of the American
Statistical Association 99, 799-804. https://doi.org/10.1198/016214504000001132
"""

from collections.abc import Callable
from typing import Any

import arviz as az
import numpy as np
from scipy.special import digamma, gammaln, polygamma

from bayesmix import StudentT
from bayesmix.families.parts import State, Sweeps
from bayesmix.problem import Problem
from tests.monte_carlo import ALLOWED, FEWEST, Finding, mean_of

KNOWN = (np.empty(0), 1.0)  # the concentration is no unknown
SWEEPS = (2, 1, 1)  # two of them, with moves of assignments before each


class Chain:
    """Assignments and parameters in turn, from a start that fits nothing."""

    def __init__(self, problem: Problem, sweeps: Sweeps, seed: int):
        self.rng, self.sweeps = np.random.default_rng(seed), sweeps
        family, n_components = problem.family, problem.n_components
        self.columns = problem.standardised.columns.copy()
        self.concentrations = np.asarray(problem.priors.weights.concentrations(n_components), dtype=float)
        self.labels = self.rng.integers(n_components, size=self.columns.shape[1])
        state, statistics = family.gathered(self.columns, self.labels, n_components)
        self.shapes = [np.shape(part) for part in state]
        self.flat = np.concatenate([np.ravel(part) for part in state])
        self.form = tuple(np.ascontiguousarray(part)[None] for part in statistics.form)

    def state_of(self, flat: np.ndarray) -> State:
        """Parameters (..., P) in their shapes."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        parts = zip(np.split(flat, ends[:-1], axis=-1), self.shapes, strict=True)
        return tuple(part.reshape((*flat.shape[:-1], *shape)) for part, shape in parts)

    def run(self, plan: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Weights (S, K) and flat states (S, P) of the sweeps that are kept."""
        nothing = np.zeros((0, self.labels.size), dtype=bool)
        no_rows = (self.sweeps.n_known, self.sweeps.shared)
        problem = (
            self.columns,
            self.concentrations,
            self.sweeps.numbers,
            no_rows,
            nothing,
            KNOWN,
            np.empty((0, self.labels.size)),
        )
        weights, states, *_, self.form = self.sweeps.run(self.rng, problem, (self.labels, self.flat, self.form), plan)
        return weights, states


class JointChain(Chain):
    """Rows, assignments and parameters in turn; ``rows_of(labels, state, rng)`` gives new columns in standard units."""

    def __init__(self, problem: Problem, sweeps: Sweeps, rows_of: Callable, seed: int):
        super().__init__(problem, sweeps, seed)
        self.rows_of = rows_of

    def step(self) -> tuple[np.ndarray, State]:
        """New assignments and parameters, then new rows; weights (K,) and state are returned."""
        weights, _ = self.run(SWEEPS)
        state = self.state_of(self.flat)
        self.columns = np.ascontiguousarray(self.rows_of(self.labels, state, self.rng))
        return weights[-1], state


def findings_of(
    chains: list[JointChain], n_steps: int, quantities: Callable[[State], dict[str, float]], expected: dict[str, float]
) -> list[Finding]:
    """How far the means of some quantities of the parameters, and of assignments, are from those of the prior."""
    alpha, n_rows = chains[0].concentrations, chains[0].labels.size
    expected = expected | {
        "squared weight": alpha[0] * (alpha[0] + 1) / alpha.sum() / (alpha.sum() + 1),
        "all rows in one component": alpha.size * chance_of_all(alpha, n_rows),
    }
    drawn = {name: np.empty((len(chains), n_steps)) for name in expected}
    for c, chain in enumerate(chains):
        for s in range(n_steps):
            weights, state = chain.step()
            found = quantities(state) | {
                "squared weight": (weights**2).mean(),
                "all rows in one component": float((chain.labels == chain.labels[0]).all()),
            }
            for name, value in found.items():
                drawn[name][c, s] = value
    sizes = {name: float(az.ess(draws, method="mean")) for name, draws in drawn.items()}
    assert min(sizes.values()) > FEWEST, sizes
    return [
        Finding(name, "the prior", mean_of(draws).errors_from(expected[name]), ALLOWED) for name, draws in drawn.items()
    ]


def matrices_of(family: Any, state: State) -> np.ndarray:
    """Scale matrices (K, D, D) of clouds."""
    means, factor = state[:2]
    return family.structure.matrices(family.structure.values(factor), *means.shape)


def rows_of_clouds(family: Any) -> Callable:
    """New rows of a family of clouds, in the units of the state."""

    def rows_of(labels: np.ndarray, state: State, rng: np.random.Generator) -> np.ndarray:
        noise = rng.standard_normal((labels.size, state[0].shape[1]))
        if isinstance(family, StudentT):
            dof = np.broadcast_to(state[2] if len(state) > 2 else family.dof, len(state[0]))[labels]
            noise /= np.sqrt(rng.chisquare(dof) / dof)[:, None]
        halves = np.linalg.cholesky(matrices_of(family, state))[labels]
        return (state[0][labels] + (halves @ noise[:, :, None])[:, :, 0]).T

    return rows_of


def chance_of_all(alpha: np.ndarray, n_rows: int) -> float:
    """That the first component has all rows, under a Dirichlet prior of the weights."""
    return float(
        np.exp(gammaln(alpha[0] + n_rows) - gammaln(alpha[0]) + gammaln(alpha.sum()) - gammaln(alpha.sum() + n_rows))
    )


def log_of_gamma(shape: float, rate: float) -> tuple[float, float]:
    """Mean, and mean square, of the log of a gamma number."""
    mean = float(digamma(shape) - np.log(rate))
    return mean, mean**2 + float(polygamma(1, shape))
