"""A density that sees some of the rows and counts them as all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from bayesmix.density.protocol import Density

LogpGrad = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[float, np.ndarray]]


class SubsampledDensity(Density, Protocol):
    """A density that holds the rows itself, can leave some out, and count some more than others."""

    @property
    def n_rows(self) -> int:
        """Number of rows, N."""
        ...

    def weighted(self, row_weights: np.ndarray) -> Self:
        """The density in which each row counts so many times, (N,); empty, once."""
        ...

    def minibatch(self, indices: np.ndarray) -> "Minibatch":
        """The rows ``indices`` alone, their likelihood multiplied by N / m."""
        ...


class KnowingDensity(SubsampledDensity, Protocol):
    """One that can be told of the rows' components: that of a family that takes labels."""

    def knowing(self, log_prior: np.ndarray | None) -> Self:
        """The same where so much is known of the rows' components, (N, K); None is nothing."""
        ...


@dataclass(frozen=True, eq=False)
class Minibatch:
    """``log prior + (N / m) log likelihood of m rows``: on average the log density of all rows.

    Attributes
    ----------
    logp_grad_of : callable
        ``(q, columns (D, m), row_weights (m,) or (0,)) -> (log prior + log likelihood of these rows, gradient)``.
    columns : (D, m) array
        Rows, transposed, in the units of the full data.
    row_weights : (m,) or (0,) array
        How much each row counts; empty, once.
    n_rows : int
        N.
    """

    logp_grad_of: LogpGrad
    columns: np.ndarray
    row_weights: np.ndarray
    n_rows: int

    @classmethod
    def of(
        cls, logp_grad_of: LogpGrad, columns: np.ndarray, row_weights: np.ndarray, indices: np.ndarray
    ) -> "Minibatch":
        """The rows ``indices`` of all."""
        some = row_weights[indices] if row_weights.size else row_weights
        return cls(logp_grad_of, np.take(columns, indices, axis=1), some, columns.shape[1])

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """Unbiased estimates of the log density of ``q`` and of its gradient."""
        ratio = self.n_rows / self.columns.shape[1]
        value, gradient = self.logp_grad_of(q, self.columns, self.row_weights)
        prior, slope = self.logp_grad_of(q, self.columns[:, :0], self.row_weights[:0])
        return ratio * value - (ratio - 1) * prior, ratio * gradient - (ratio - 1) * slope
