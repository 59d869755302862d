"""What a file of rows is to those who read it block by block."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, override

import numpy as np

from bayesmix.data.blocks import Blocks
from bayesmix.data.moments import Spread, Triangle
from bayesmix.data.source import SAMPLE, SEED, Look, Source
from bayesmix.data.words import listed, visible
from bayesmix.progress import turns
from bayesmix.threads import Threads, summed


class File(Source):
    """Rows that lie in a file, opened by :func:`bayesmix.data.open`; nothing of them is held.

    Iterating over it gives blocks of rows (n, D), the same ones each time.

    Attributes
    ----------
    name : str
        What messages call it.
    columns : tuple of str
        The names of the columns that are read, in this order.
    """

    to_hold_them: ClassVar[str] = "such as with pandas.read_parquet"

    @abstractmethod
    def __iter__(self) -> Iterator[np.ndarray]: ...

    @abstractmethod
    def place(self, row: int) -> str:
        """Where a row, counted from 0, stands in the file, in words."""

    @override
    def look(self) -> Look:
        n_features = len(self.columns)
        spread, triangle, sample = Spread(n_features), Triangle(), _Sample(n_features)
        low, high = np.full(n_features, np.inf), np.full(n_features, -np.inf)
        n_rows, turn = 0, turns("row")
        for block in self:
            turn(n_rows)
            _check_finite(block, self, n_rows)
            n_rows += len(block)
            spread.add(block)
            low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
            triangle.add(block)
            sample.add(block)
        # of few rows, and where a column does not vary, there is none, and the gate says so
        there = n_rows > n_features and bool((spread.scale > 0).all())
        factor = triangle.correlation_factor(spread.scale, n_rows) if there else np.eye(n_features)
        return Look(n_rows, spread.centre, spread.scale, low, high, sample.rows, factor)

    @override
    def blocks(self, n_rows: int) -> Blocks:
        return _Read(self, n_rows)

    @override
    def each(
        self,
        work: Callable[[np.ndarray], np.ndarray],
        kind: type,
        names: Sequence[str] = (),
        threads: Threads | None = None,
    ) -> np.ndarray:
        return np.concatenate(list(map(work, self) if threads is None else threads.in_order(work, self)))

    def __repr__(self) -> str:
        return f"<{self.name}: rows of {', '.join(self.columns)}, read block by block>"


class _Read:
    """The blocks of a file, telling how far reading has come, for whoever shows progress."""

    def __init__(self, file: File, n_rows: int):
        self.file, self.n_rows = file, n_rows

    def __iter__(self) -> Iterator[np.ndarray]:
        turn, done = turns("row"), 0
        for block in self.file:
            turn(done)
            done += len(block)
            yield block
        if done != self.n_rows:
            raise ValueError(f"{self.file.name} had {self.n_rows:,} rows before, and has {done:,} now.")

    def summed(self, work: Callable[[np.ndarray], Any], threads: Threads | None = None) -> Any:
        return summed(work, self, threads)


class _Sample:
    """A uniform sample: the rows of the smallest of random numbers, the same ones each time."""

    def __init__(self, n_features: int):
        self._rng = np.random.default_rng(SEED)
        self._keys, self.rows = np.empty(0), np.empty((0, n_features))

    def add(self, rows: np.ndarray) -> None:
        keys = self._rng.random(len(rows))
        if self._keys.size >= SAMPLE:
            near = keys < self._keys[-1]
            keys, rows = keys[near], rows[near]
        keys, rows = np.concatenate([self._keys, keys]), np.concatenate([self.rows, rows])
        kept = np.argsort(keys)[:SAMPLE]
        self._keys, self.rows = keys[kept], rows[kept]


def _check_finite(block: np.ndarray, file: File, n_before: int) -> None:
    wrong = ~np.isfinite(block)
    if not wrong.any():
        return
    row, column = map(int, np.argwhere(wrong)[0])
    what = "a missing value (NaN, null)" if np.isnan(block[row, column]) else "an infinite value"
    raise ValueError(
        f"{file.name} has {what} in column {file.columns[column]!r}: {file.place(n_before + row)}. Rows that are read "
        "block by block must be complete: leave such rows out of the file; of rows in memory, missing values are "
        "summed out."
    )


def chosen(there: Sequence[str], columns: Sequence[str] | None, name: str) -> list[int]:
    """Positions of the columns that were asked for, all by default.

    Raises
    ------
    ValueError
        If one is not there, or a name stands twice.
    """
    if columns is None:
        columns = there
    if len(set(columns)) < len(columns) or not columns:
        raise ValueError(f"{name}: each column that is read needs a name of its own; they are {listed(there)}.")
    absent = [column for column in columns if column not in there]
    if absent:
        raise ValueError(f"{name} has no column {listed(absent)}: its columns are {listed(there)}.")
    return [there.index(column) for column in columns]


def shown(names: Sequence[str]) -> tuple[str, ...]:
    """Names of columns that show what they hold."""
    return tuple(visible(str(name)) for name in names)


def holds_no_numbers(name: str, column: str, what: str, others: Sequence[str]) -> TypeError:
    """The refusal of a column of something else."""
    remedy = f"Choose columns of numbers: bm.data.open(..., columns={list(others)!r})" if others else "Leave it out"
    return TypeError(f"{name}: column {column!r} holds {what}, and rows of numbers are read. {remedy}.")
