"""The one EM loop, and what it climbs with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bayesmix.em.status import Status
from bayesmix.families import Gaussian, Statistics
from bayesmix.priors import Dirichlet, NormalInverseWishart


@dataclass(frozen=True, eq=False)
class Point:
    """Parameters in standardised units: weights (K,), means (K, D) and the covariance structure's factor."""

    weights: np.ndarray
    means: np.ndarray
    factor: np.ndarray

    @property
    def finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return all(np.isfinite(part).all() for part in (self.weights, self.means, self.factor))


class Rule(Protocol):
    """The M-step of an objective, and the part of the objective that is not the likelihood."""

    def m_step(self, point: Point, statistics: Statistics) -> Point:
        """The parameters that maximise (or at least raise) the expected objective."""
        ...

    def log_prior(self, point: Point) -> float:
        """Log prior density at a point, in the units of the data; 0 for maximum likelihood."""
        ...


@dataclass(frozen=True, eq=False)
class ClosedFormRule:
    """M-step in closed form: maximum likelihood (no priors), or MAP under the conjugate prior.

    The weights' MAP is ``(n_k + a_k - 1) / sum``; a concentration below 1 counts as 1 (see
    :attr:`Status.FLAT_WEIGHTS`). ``components`` is in standardised units, and ``log_prior_shift`` is what its log
    density gains in the units of the data.
    """

    family: Gaussian
    components: NormalInverseWishart | None = None
    weights: Dirichlet | None = None
    log_prior_shift: float = 0.0

    def m_step(self, point: Point, statistics: Statistics) -> Point:
        """See :class:`Rule`."""
        surplus = statistics.counts
        if self.weights is not None:
            surplus = surplus + np.maximum(self.weights.concentrations(surplus.size) - 1, 0)
        means, factor = self.family.structure.m_step(point.means, point.factor, statistics, self.components)
        return Point(surplus / surplus.sum(), means, factor)

    def log_prior(self, point: Point) -> float:
        """See :class:`Rule`."""
        total = 0.0
        if self.components is not None:
            parts = self.family.structure.log_prior(point.means, point.factor, self.components)
            total += float(sum(parts.values())) + self.log_prior_shift
        if self.weights is not None:
            a = np.maximum(self.weights.concentrations(point.weights.size), 1)
            total += float(Dirichlet(tuple(a)).log_density(point.weights))
        return total


@dataclass(frozen=True, eq=False)
class Climb:
    """Where one start led: the point, the pass made there, the objective at every iteration, and why it ended."""

    point: Point
    statistics: Statistics
    log_prior: float
    status: Status
    history: np.ndarray = field(repr=False)

    @property
    def objective(self) -> float:
        """Log-likelihood plus log prior, in standardised units."""
        return self.statistics.log_likelihood + self.log_prior


def climb(
    start: Point,
    rule: Rule,
    one_pass: Callable[[Point], Statistics],
    n_rows: int,
    tol: float,
    max_iter: int,
) -> Climb:
    """Alternate passes and M-steps until an iteration gains less than ``tol`` per row.

    The returned point is the last one at which the objective was finite, and the statistics are those of the pass
    made there.
    """
    point, history, best, status = start, [], None, Status.MAX_ITER
    for _ in range(max_iter + 1):
        statistics = one_pass(point)
        log_prior = rule.log_prior(point)
        objective = statistics.log_likelihood + log_prior
        if not np.isfinite(objective):
            status = Status.DEGENERATE
            break
        converged = tol > 0 and bool(history) and objective - history[-1] < tol * n_rows
        best = (point, statistics, log_prior)
        history.append(objective)
        if converged:
            status = Status.CONVERGED
            break
        with np.errstate(divide="ignore", invalid="ignore"):  # a dying component is a status, not a warning
            point = rule.m_step(point, statistics)
        if not point.finite:
            status = Status.EMPTY if statistics.counts.min() < 1e-8 else Status.DEGENERATE
            break
    if best is None:
        statistics = one_pass(start)
        best = (start, statistics, -np.inf)
    return Climb(*best, status, np.array(history))
