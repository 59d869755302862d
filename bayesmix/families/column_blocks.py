"""What EM passes over: columns in blocks, made of rows wherever these lie."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from bayesmix.data import Subjects
from bayesmix.data.blocks import Blocks, cuts
from bayesmix.passes.known import with_known
from bayesmix.threads import Threads, summed

NO_ROW_WEIGHTS = np.empty(0)

type Work = Callable[[np.ndarray, np.ndarray], Any]
"""``(columns (M, n), row_weights (n,) or (0,))``: what is made of a block, which can be added."""


class ColumnBlocks(Protocol):
    """Blocks of columns for a pass, in an order that hangs on nothing but the rows."""

    @property
    def n_rows(self) -> float:
        """How many rows those of all blocks count as."""
        ...

    def summed(self, work: Work, threads: Threads | None = None) -> Any:
        """The sum of what the work makes of each block, added in their order; the work may be done elsewhere."""
        ...


class Held:
    """Columns (M, N) that are in memory, and how much each of them counts, (N,), or (0,)."""

    def __init__(self, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS):
        self.whole, self._row_weights = columns, row_weights

    @property
    def n_rows(self) -> float:
        """See :class:`ColumnBlocks`."""
        return float(self._row_weights.sum()) if self._row_weights.size else self.whole.shape[1]

    def summed(self, work: Work, threads: Threads | None = None) -> Any:
        """See :class:`ColumnBlocks`."""

        def of_block(block: slice) -> Any:
            return work(np.ascontiguousarray(self.whole[:, block]), self._row_weights[block])

        return summed(of_block, cuts(self.whole.shape[1], len(self.whole)), threads)


class HeldTogether(Held):
    r"""Columns (M, N) in memory of which some belong together, and what is known of the components of subjects, (J, K).

    The rows of a subject u have one component, so that its log joint density is
    :math:`\log w_k + \log \pi_{uk} + \sum_{i \in u} \log f(x_i \mid \theta_k)`. To a row of it, what this has beside
    the row's own part is known of its component (:mod:`bayesmix.passes.known`): a pass over rows that know it has the
    responsibilities of subjects, and so every sum over rows. Only the weights are counted otherwise, a subject once.
    """

    def __init__(self, columns: np.ndarray, subjects: Subjects, log_prior: np.ndarray | None = None):
        super().__init__(columns)
        self.subjects, self._log_prior = subjects, log_prior

    def joint(self, kernel: Any, form: tuple[np.ndarray, ...], weights: np.ndarray) -> np.ndarray:
        """Log joint densities of subjects and components, (J, K), at one point."""
        return self._joint(kernel.log_joint(self.whole, *(part[None] for part in form))[0], weights)

    def _joint(self, of_rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            of_subjects = self.subjects.log_joint(of_rows, np.log(weights))
        return of_subjects if self._log_prior is None else of_subjects + self._log_prior

    def told(
        self, kernel: Any, form: tuple[np.ndarray, ...], weights: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """At one point the log-likelihood, the responsibilities of subjects (J, K), and what rows are told, (N, K)."""
        log_joint = kernel.log_joint(self.whole, *(part[None] for part in form))[0]
        of_subjects = self._joint(log_joint, weights)
        with np.errstate(invalid="ignore"):
            log_density = np.logaddexp.reduce(of_subjects, axis=1)
            log_shares = of_subjects - log_density[:, None]
            # a component that is ruled out stays so
            told = np.where(log_shares > -np.inf, log_shares, -np.inf)[self.subjects.of_rows]
            told = np.where(told > -np.inf, told - log_joint, -np.inf)
            return float(log_density.sum()), np.exp(log_shares), told

    def knowing(self, told: np.ndarray) -> np.ndarray:
        """The columns with that below them."""
        return with_known(self.whole, told)


class Streamed:
    """Rows that are made into columns in every pass anew, where they lie.

    That costs less than to write and read columns of all rows: they never leave the cache.

    Parameters
    ----------
    rows : Blocks
    n_entries : int
        Rows of the columns, M.
    write : callable
        ``(rows (n, D), columns (M, n))``: writes the columns. It holds no rows: it goes where they lie.
    """

    def __init__(self, rows: Blocks, n_entries: int, write: Callable[[np.ndarray, np.ndarray], None]):
        self._rows, self._n_entries, self._write = rows, n_entries, write

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._rows.n_rows

    def summed(self, work: Work, threads: Threads | None = None) -> Any:
        """See :class:`ColumnBlocks`."""
        return self._rows.summed(partial(_of_rows, work, self._n_entries, self._write), threads)


_SPACE = threading.local()  # for the columns of one block in each thread, which the next one is written over


def _of_rows(work: Work, n_entries: int, write: Callable[[np.ndarray, np.ndarray], None], rows: np.ndarray) -> Any:
    size = n_entries * len(rows)
    space = getattr(_SPACE, "array", None)
    if space is None or space.size < size:
        space = _SPACE.array = np.empty(size)
    columns = space[:size].reshape(n_entries, len(rows))
    write(rows, columns)
    return work(columns, NO_ROW_WEIGHTS)
