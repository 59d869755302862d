"""The one EM loop, and what it climbs with."""

from dataclasses import dataclass, field
from math import isfinite, log
from typing import Protocol

import numba as nb
import numpy as np

from bayesmix.engines.em.leaps import PLAIN, Leaps
from bayesmix.engines.em.status import Status
from bayesmix.families import Family
from bayesmix.families.column_blocks import ColumnBlocks
from bayesmix.families.parts import Conditional, Point, Statistics
from bayesmix.families.protocol import one_pass
from bayesmix.passes.blocks import COMPILED
from bayesmix.priors.weights import Dirichlet, log_dirichlet_constant
from bayesmix.problem import Problem
from bayesmix.progress import turns
from bayesmix.threads import Threads


class Ascent(Protocol):
    """An objective on some rows, and a way to climb it."""

    @property
    def family(self) -> Family:
        """What a component is."""
        ...

    @property
    def n_rows(self) -> float:
        """How many rows they count as."""
        ...

    def climb(self, start: Point, tol: float, max_iter: int) -> "Climb":
        """Climb until an iteration gains less than ``tol`` per row.

        The returned point is the last one at which the objective was finite, and the statistics are those of the pass
        made there. The objective never falls from one iteration to the next.
        """
        ...


@dataclass(frozen=True, eq=False)
class ExpectationMaximisation:
    """Passes and M-steps: maximum likelihood, or MAP where the components' prior has a conditional in closed form.

    The weights' MAP is ``(n_k + a_k - 1) / sum`` for concentrations ``a`` of at least 1.

    Attributes
    ----------
    family : Family
    blocks : ColumnBlocks
        Standardised rows.
    conditional : Conditional
        Of the components.
    excess : (K,) array, optional
        ``a - 1`` of the weights' Dirichlet prior.
    log_constant : float
        Of the weights' prior.
    threads : Threads, optional
        What passes are made on; without them, this one.
    kept : list of Climb, optional
        Gets every climb, and one that is interrupted (KeyboardInterrupt) as far as it came.
    """

    family: Family
    blocks: ColumnBlocks
    conditional: Conditional
    excess: np.ndarray | None = None
    log_constant: float = 0.0
    threads: Threads | None = None
    kept: "list[Climb] | None" = None

    @classmethod
    def of(cls, problem: Problem, threads: Threads | None = None) -> "ExpectationMaximisation | None":
        """MAP; None where M-steps have no closed form. A concentration below 1 counts as 1."""
        conditional, weights = problem.conditional, problem.priors.weights
        if conditional is None or not isinstance(weights, Dirichlet):
            return None
        concentrations = np.maximum(weights.concentrations(problem.n_components), 1)
        constant = float(log_dirichlet_constant(concentrations))
        return cls(problem.family, problem.blocks, conditional, concentrations - 1, constant, threads)

    @property
    def n_rows(self) -> float:
        """How many rows they count as."""
        return self.blocks.n_rows

    def climb(self, start: Point, tol: float, max_iter: int) -> "Climb":
        """See :class:`Ascent`. ``tol=0`` makes ``max_iter`` plain iterations; else a long climb takes leaps."""
        history: list[float] = []
        reached: list[tuple[Point, Statistics, float]] = []
        try:
            climb = self._climb(start, tol, max_iter, history, reached)
        except KeyboardInterrupt:
            if self.kept is not None and reached:
                self.kept.append(Climb(*reached[-1], Status.INTERRUPTED, np.array(history), len(history) - 1))
            raise
        if self.kept is not None:
            self.kept.append(climb)
        return climb

    def _climb(
        self,
        start: Point,
        tol: float,
        max_iter: int,
        history: list[float],
        reached: list[tuple[Point, Statistics, float]],
    ) -> "Climb":
        point, best, status = start, None, Status.MAX_ITER
        leaps, instead = Leaps(self.conditional), None  # instead: where to go on if the leap to this point led down
        turn = turns("iteration")
        while len(history) <= max_iter:
            turn(len(history))
            statistics = one_pass(self.family, point, self.blocks, self.threads)
            log_prior = self.log_prior(point)
            objective = statistics.log_likelihood + log_prior
            if instead is not None and not objective >= history[-1]:
                leaps.fell()
                point, instead = instead, None
                continue
            if not isfinite(objective):
                status = Status.DEGENERATE
                break
            stepped = instead is None and bool(history)
            converged = tol > 0 and stepped and objective - history[-1] < tol * self.n_rows
            best = (point, statistics, log_prior)
            history.append(objective)
            reached[:] = [best]
            if converged:
                status = Status.CONVERGED
                break
            before, point, instead = point, self.m_step(point, statistics), None
            if not point.finite:
                status = Status.EMPTY if statistics.counts.min() < 1e-8 else Status.DEGENERATE
                break
            if tol > 0 and len(history) > PLAIN:
                leap = leaps.after(before, point)
                point, instead = (point, None) if leap is None else (leap, point)
        if best is None:
            best = (start, one_pass(self.family, start, self.blocks, self.threads), -np.inf)
        return Climb(*best, status, np.array(history), max(len(history) - 1, 0))

    def m_step(self, point: Point, statistics: Statistics) -> Point:
        """The parameters that maximise the expected objective."""
        counts = statistics.memberships if self.excess is None else statistics.memberships + self.excess
        return Point(counts / counts.sum(), self.conditional.mode(point.state, statistics))

    def log_prior(self, point: Point) -> float:
        """Log prior density at a point, in the units of the data; 0 for maximum likelihood."""
        total = self.log_constant + self.conditional.log_prior(point.state)
        return total if self.excess is None else total + _sum_of_logs(self.excess, point.weights)


@nb.njit(**COMPILED)
def _sum_of_logs(powers, weights):
    """``sum_k a_k log w_k``; a power of zero adds nothing, whatever the weight."""
    total = 0.0
    for k in range(powers.size):
        if powers[k] > 0:
            total += powers[k] * log(weights[k])
    return total


@dataclass(frozen=True, eq=False)
class Climb:
    """Where one start led: the point, the pass made there, the objective at every iteration, and why it ended.

    ``iterations`` counts the M-steps.
    """

    point: Point
    statistics: Statistics
    log_prior: float
    status: Status
    history: np.ndarray = field(repr=False)
    iterations: int = 0

    @property
    def objective(self) -> float:
        """Log-likelihood plus log prior, in standardised units."""
        return self.statistics.log_likelihood + self.log_prior
