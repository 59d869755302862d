"""A density that sees some of the rows and counts them as all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from bayesmix.density.protocol import Density

LogpGrad = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]


class SubsampledDensity(Density, Protocol):
    """A density that holds the rows itself, and can leave some out."""

    @property
    def n_rows(self) -> int:
        """Number of rows, N."""
        ...

    def knowing(self, log_prior: np.ndarray | None) -> Self:
        """The same where so much is known of the rows' components, (N, K); None is nothing."""
        ...

    def minibatch(self, indices: np.ndarray) -> "Minibatch":
        """The rows ``indices`` alone, their likelihood multiplied by N / m."""
        ...


@dataclass(frozen=True, eq=False)
class Minibatch:
    """``log prior + (N / m) log likelihood of m rows``: on average the log density of all rows.

    Attributes
    ----------
    logp_grad_of : callable
        ``(q, columns (D, m)) -> (log prior + log likelihood of these rows, gradient)``.
    columns : (D, m) array
        Rows, transposed, in the units of the full data.
    n_rows : int
        N.
    """

    logp_grad_of: LogpGrad
    columns: np.ndarray
    n_rows: int

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """Unbiased estimates of the log density of ``q`` and of its gradient."""
        ratio = self.n_rows / self.columns.shape[1]
        value, gradient = self.logp_grad_of(q, self.columns)
        prior, slope = self.logp_grad_of(q, self.columns[:, :0])
        return ratio * value - (ratio - 1) * prior, ratio * gradient - (ratio - 1) * slope
