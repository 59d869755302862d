"""What EM passes over: columns in blocks, made of rows wherever these lie."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from bayesmix.data.blocks import Blocks, cuts
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
