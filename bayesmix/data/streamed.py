"""Rows that are not held: what a first pass over their blocks tells of them."""

from collections.abc import Iterator

import numpy as np

from bayesmix.data.columns import Column
from bayesmix.data.files.source import File, needs_memory
from bayesmix.data.moments import Spread, Triangle
from bayesmix.data.rows import Rows
from bayesmix.progress import turns

# A uniform sample of the rows, of which starts are made.
_SAMPLE = 2**16
# Nobody's: rows that were simulated from the same seed as the sample would not be independent of it.
_SEED = 0xB10C_5A3F_17E5
# Rows of it that stand for all in a tree.
_SHOWN = 4096


class StreamedRows(Rows):
    """Rows of a file, of which are known the number, the moments and a sample.

    Attributes
    ----------
    file : File
    """

    file: File
    _n_rows: int
    _sample: np.ndarray
    _triangle: Triangle

    def __init__(self, file: File):
        spread, triangle, sample = Spread(len(file.columns)), Triangle(), _Sample(len(file.columns))
        low, high = np.full(len(file.columns), np.inf), np.full(len(file.columns), -np.inf)
        n_rows, turn = 0, turns("row")
        for block in file:
            turn(n_rows)
            _check_finite(block, file, n_rows)
            n_rows += len(block)
            spread.add(block)
            low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
            triangle.add(block)
            sample.add(block)
        vars(self).update(
            columns=tuple(map(Column, file.columns)),
            index=None,
            weights=None,
            log_prior=None,
            kept=None,
            file=file,
            _sample=sample.rows,
            centre_and_scale=(spread.centre, spread.scale),
            extent=(low, high),
            _n_rows=n_rows,
            _triangle=triangle,
        )

    @property
    def values(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]: there are none
        """Refused: nobody holds them.

        Raises
        ------
        ValueError
        """
        raise needs_memory(self.file.name)

    @property
    def sample(self) -> np.ndarray:
        """Rows (n, D) drawn without replacement, in no order; all of them where they are few."""
        return self._sample

    @property
    def held(self) -> Rows:
        """A sample, as a tree holds rows."""
        values = self.sample[:_SHOWN].copy()
        values.flags.writeable = False
        return Rows(values, self.columns)

    @property
    def n_rows(self) -> int:
        """Number of rows of the file, N."""
        return self._n_rows

    @property
    def n_features(self) -> int:
        """Number of columns, D."""
        return len(self.columns)

    @property
    def missing(self) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """None: such rows are refused."""
        return

    @property
    def complete(self) -> Rows:  # pyright: ignore[reportIncompatibleVariableOverride]
        """These."""
        return self

    @property
    def correlation_factor(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]
        """See :class:`Rows`."""
        if self.singular:
            return np.eye(self.n_features)
        return self._triangle.correlation_factor(self.centre_and_scale[1], self.n_rows)

    @property
    def blocks(self) -> "_Read":
        """The file's blocks, and how far reading has come, for whoever shows progress."""
        return _Read(self)


class _Read:
    def __init__(self, rows: StreamedRows):
        self.rows, self.n_rows = rows, rows.n_rows

    def __iter__(self) -> Iterator[np.ndarray]:
        turn, done = turns("row"), 0
        for block in self.rows.file:
            turn(done)
            done += len(block)
            yield block
        if done != self.n_rows:
            raise ValueError(f"{self.rows.file.name} had {self.n_rows:,} rows before, and has {done:,} now.")


class _Sample:
    """A uniform sample: the rows of the smallest of random numbers, the same ones each time."""

    def __init__(self, n_features: int):
        self._rng = np.random.default_rng(_SEED)
        self._keys, self.rows = np.empty(0), np.empty((0, n_features))

    def add(self, rows: np.ndarray) -> None:
        keys = self._rng.random(len(rows))
        if self._keys.size >= _SAMPLE:
            near = keys < self._keys[-1]
            keys, rows = keys[near], rows[near]
        keys, rows = np.concatenate([self._keys, keys]), np.concatenate([self.rows, rows])
        kept = np.argsort(keys)[:_SAMPLE]
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
