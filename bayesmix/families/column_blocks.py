"""What EM passes over: columns in blocks, made of rows wherever these lie."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from bayesmix.data.blocks import Blocks, cuts

NO_ROW_WEIGHTS = np.empty(0)


class ColumnBlocks(Protocol):
    """Blocks of columns for a pass, in an order that hangs on nothing but the rows.

    A block is whatever the source gives; :meth:`columns` makes of it what a pass takes, in any thread.
    """

    @property
    def n_rows(self) -> float:
        """How many rows those of all blocks count as."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The blocks in their order, as they come."""
        ...

    def columns(self, block: Any) -> np.ndarray:
        """One of them as a pass takes it, (M, n); the same thread may write the next one over it."""
        ...

    def row_weights(self, block: Any) -> np.ndarray:
        """How much each row of one of them counts, (n,); empty, once."""
        ...


class Held:
    """Columns (M, N) that are in memory, and how much each of them counts, (N,), or (0,); a block is where it lies."""

    def __init__(self, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS):
        self.whole, self._row_weights = columns, row_weights

    @property
    def n_rows(self) -> float:
        """See :class:`ColumnBlocks`."""
        return float(self._row_weights.sum()) if self._row_weights.size else self.whole.shape[1]

    def __iter__(self) -> Iterator[slice]:
        return cuts(self.whole.shape[1], len(self.whole))

    def row_weights(self, block: slice) -> np.ndarray:
        """See :class:`ColumnBlocks`."""
        return self._row_weights[block]

    def columns(self, block: slice) -> np.ndarray:
        """See :class:`ColumnBlocks`."""
        return np.ascontiguousarray(self.whole[:, block])


class Streamed:
    """Rows that are made into columns in every pass anew.

    That costs less than to write and read columns of all rows: they never leave the cache.

    Parameters
    ----------
    rows : Blocks
    n_entries : int
        Rows of the columns, M.
    write : callable
        ``(rows (n, D), columns (M, n))``: writes the columns.
    """

    def __init__(self, rows: Blocks, n_entries: int, write: Callable[[np.ndarray, np.ndarray], None]):
        self.rows, self._n_entries, self._write = rows, n_entries, write
        self._space = threading.local()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.rows.n_rows

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.rows)

    def row_weights(self, block: np.ndarray) -> np.ndarray:
        """See :class:`ColumnBlocks`: each row counts once."""
        return NO_ROW_WEIGHTS

    def columns(self, block: np.ndarray) -> np.ndarray:
        """See :class:`ColumnBlocks`."""
        size = self._n_entries * len(block)
        space = getattr(self._space, "array", None)
        if space is None or space.size < size:
            space = self._space.array = np.empty(size)
        columns = space[:size].reshape(self._n_entries, len(block))
        self._write(block, columns)
        return columns
