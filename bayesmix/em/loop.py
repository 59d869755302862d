"""The one EM loop, and what it climbs with."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import isfinite
from typing import Any, Protocol

import numba as nb
import numpy as np
from scipy.special import xlogy

from bayesmix.em.status import Status
from bayesmix.families import Gaussian, Statistics
from bayesmix.kernels.blocks import COMPILED
from bayesmix.priors import Dirichlet, NormalInverseWishart
from bayesmix.priors.weights import log_dirichlet_constant


@dataclass(frozen=True, eq=False)
class Point:
    """Parameters in standardised units: weights (K,), means (K, D) and the covariance structure's factor."""

    weights: np.ndarray
    means: np.ndarray
    factor: np.ndarray

    @property
    def finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return _all_finite(self.weights) and _all_finite(self.means.ravel()) and _all_finite(self.factor.ravel())


@nb.njit(**COMPILED)
def _all_finite(numbers):
    for number in numbers:
        if not isfinite(number):
            return False
    return True


class Ascent(Protocol):
    """An objective on some rows, and a way to climb it."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        ...

    def climb(self, start: Point, tol: float, max_iter: int) -> "Climb":
        """Climb until an iteration gains less than ``tol`` per row.

        The returned point is the last one at which the objective was finite, and the statistics are those of the pass
        made there. The objective never falls from one iteration to the next.
        """
        ...


@dataclass(frozen=True, eq=False)
class ExpectationMaximisation:
    """Passes and M-steps in closed form: maximum likelihood (no priors), or MAP under the conjugate prior.

    The weights' MAP is ``(n_k + a_k - 1) / sum``; a concentration below 1 counts as 1 (see
    :attr:`Status.FLAT_WEIGHTS`). ``columns`` (D, N) are standardised rows, transposed; ``components`` is in
    standardised units, and ``log_prior_shift`` is what its log density gains in the units of the data.
    """

    family: Gaussian
    columns: np.ndarray
    components: NormalInverseWishart | None = None
    weights: Dirichlet | None = None
    log_prior_shift: float = 0.0

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.columns.shape[1]

    def climb(self, start: Point, tol: float, max_iter: int) -> "Climb":
        """See :class:`Ascent`. ``tol=0`` makes ``max_iter`` iterations."""
        point, history, best, status = start, [], None, Status.MAX_ITER
        for _ in range(max_iter + 1):
            statistics = one_pass(self.family, point, self.columns)
            log_prior = self.log_prior(point)
            objective = statistics.log_likelihood + log_prior
            if not isfinite(objective):
                status = Status.DEGENERATE
                break
            converged = tol > 0 and bool(history) and objective - history[-1] < tol * self.n_rows
            best = (point, statistics, log_prior)
            history.append(objective)
            if converged:
                status = Status.CONVERGED
                break
            point = self.m_step(point, statistics)
            if not point.finite:
                status = Status.EMPTY if statistics.counts.min() < 1e-8 else Status.DEGENERATE
                break
        if best is None:
            best = (start, one_pass(self.family, start, self.columns), -np.inf)
        return Climb(*best, status, np.array(history), max(len(history) - 1, 0))

    def m_step(self, point: Point, statistics: Statistics) -> Point:
        """The parameters that maximise the expected objective."""
        counts = statistics.counts
        if self.weights is not None:
            counts = counts + _interior(self.weights, counts.size)[0]
        means, factor = self.family.structure.m_step(point.means, point.factor, statistics, self._prepared)
        return Point(counts / counts.sum(), means, factor)

    def log_prior(self, point: Point) -> float:
        """Log prior density at a point, in the units of the data; 0 for maximum likelihood."""
        total = 0.0
        if self.components is not None:
            of_factor, of_means = self.family.structure.log_prior(point.means, point.factor, self._prepared)
            total += float(of_factor) + float(of_means) + self.log_prior_shift
        if self.weights is not None:
            surplus, constant = _interior(self.weights, point.weights.size)
            total += constant + float(xlogy(surplus, point.weights).sum())
        return total

    @cached_property
    def _prepared(self) -> Any:
        """The components' prior as the family's steps take it."""
        return None if self.components is None else self.family.structure.hyperparameters(self.components)


def one_pass(family: Gaussian, point: Point, columns: np.ndarray) -> Statistics:
    """Log-likelihood and statistics of standardised rows at a point."""
    return family.statistics(family.standard_form_of_factor(point.weights, point.means, point.factor), columns)


@lru_cache(maxsize=16)
def _interior(prior: Dirichlet, n_components: int) -> tuple[np.ndarray, float]:
    """``a - 1`` and the log of the constant in front of the density, for concentrations of at least 1."""
    a = np.maximum(prior.concentrations(n_components), 1)
    return a - 1, log_dirichlet_constant(a)


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
