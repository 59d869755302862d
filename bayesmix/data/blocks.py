"""Rows in blocks, one after another: whoever reads them so needs not hold them all, nor know where they lie.

Where blocks begin hangs on the rows alone, so that sums over blocks, added in the order of the blocks, have the same
bits whoever makes them, and on however many threads.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from bayesmix.threads import Threads, summed

# Numbers of a block: with its workings it stays in a second-level cache, and the work on it is long beside handing it
# to a thread. A whole number of the passes' own blocks (of 384 rows) leaves none of these half empty.
_NUMBERS = 2**17
_WHOLE = 384


class Blocks(Protocol):
    """A source of rows: it can be read again and again, and gives the same blocks each time."""

    @property
    def n_rows(self) -> int:
        """Number of rows of all blocks, N."""
        ...

    def summed(self, work: Callable[[np.ndarray], Any], threads: Threads | None = None) -> Any:
        """The sum of what the work makes of each block, added in an order that hangs on nothing but the rows.

        Blocks (n, D) are of any type of floats and any layout; nobody writes into them.
        """
        ...


def rows_of_block(n_features: int) -> int:
    """Rows of a block of so many columns."""
    return max(_NUMBERS // max(n_features, 1) // _WHOLE, 1) * _WHOLE


def cuts(n_rows: int, n_features: int) -> Iterator[slice]:
    """Where the blocks lie in rows that are in memory."""
    size = rows_of_block(n_features)
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


class InMemory:
    """The blocks of an array of rows (N, D): views."""

    def __init__(self, values: np.ndarray):
        self.values = values

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.values)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.values[block] for block in cuts(*self.values.shape))

    def summed(self, work: Callable[[np.ndarray], Any], threads: Threads | None = None) -> Any:
        """See :class:`Blocks`."""
        return summed(work, self, threads)
