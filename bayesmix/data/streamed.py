"""Rows that are not held, and what a first look at them told."""

import numpy as np

from bayesmix.data.blocks import Blocks
from bayesmix.data.columns import Column
from bayesmix.data.rows import Rows
from bayesmix.data.source import Look, Source

_SHOWN = 4096  # rows of the sample that stand for all in a tree


class StreamedRows(Rows):
    """Rows of a file or of a cluster, of which are known the number, the moments and a sample.

    Attributes
    ----------
    source : Source
    """

    source: Source
    _look: Look

    def __init__(self, source: Source):
        look = source.look()
        vars(self).update(
            columns=tuple(map(Column, source.columns)),
            index=None,
            weights=None,
            log_prior=None,
            kept=None,
            source=source,
            centre_and_scale=(look.centre, look.scale),
            extent=(look.low, look.high),
            _look=look,
        )

    @property
    def values(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]: there are none
        """Refused: nobody holds them.

        Raises
        ------
        ValueError
        """
        raise self.source.needs_memory()

    @property
    def sample(self) -> np.ndarray:
        """See :class:`~bayesmix.data.source.Look`."""
        return self._look.sample

    @property
    def held(self) -> Rows:
        """A sample, as a tree holds rows."""
        values = self.sample[:_SHOWN].copy()
        values.flags.writeable = False
        return Rows(values, self.columns)

    @property
    def n_rows(self) -> int:
        """Number of rows, N."""
        return self._look.n_rows

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
        return np.eye(self.n_features) if self.singular else self._look.correlation_factor

    @property
    def blocks(self) -> Blocks:
        """The rows block by block, wherever they lie."""
        return self.source.blocks(self.n_rows)
