"""What EM passes over: columns in blocks, made of rows wherever these lie."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from bayesmix.data.blocks import Blocks, cuts


class ColumnBlocks(Protocol):
    """Blocks of columns for a pass, in an order that hangs on nothing but the rows.

    A block is whatever the source gives; :meth:`columns` makes of it what a pass takes, in any thread.
    """

    @property
    def n_rows(self) -> int:
        """Number of rows of all blocks."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The blocks in their order, as they come."""
        ...

    def columns(self, block: Any) -> np.ndarray:
        """One of them as a pass takes it, (M, n); the same thread may write the next one over it."""
        ...


class Held:
    """Columns (M, N) that are in memory; a block is where it lies."""

    def __init__(self, columns: np.ndarray):
        self.whole = columns

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.whole.shape[1]

    def __iter__(self) -> Iterator[slice]:
        return cuts(self.n_rows, len(self.whole))

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

    def columns(self, block: np.ndarray) -> np.ndarray:
        """See :class:`ColumnBlocks`."""
        size = self._n_entries * len(block)
        space = getattr(self._space, "array", None)
        if space is None or space.size < size:
            space = self._space.array = np.empty(size)
        columns = space[:size].reshape(self._n_entries, len(block))
        self._write(block, columns)
        return columns
