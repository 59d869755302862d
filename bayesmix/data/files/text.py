"""A file of text, chunk by chunk, as pandas reads it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.data.blocks import rows_of_block
from bayesmix.data.files.source import File, chosen, holds_no_numbers, shown

if TYPE_CHECKING:
    import pandas as pd


class TextFile(File):
    """A file of comma- or tab-separated numbers below one line of names; see :func:`bayesmix.data.open`."""

    def __init__(self, path: Path, columns: Sequence[str] | None):
        import pandas as pd

        self._path, self.name = path, str(path)
        self._separator = "\t" if ".tsv" in path.suffixes else ","
        try:
            there = [str(name) for name in pd.read_csv(path, sep=self._separator, nrows=0).columns]
        except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeError) as error:
            raise ValueError(f"{path} cannot be read as a table of text: {error}.") from error
        self._positions = chosen(there, columns, self.name)
        self.columns = shown([there[j] for j in self._positions])
        first = next(iter(self), None)  # whether they are numbers is seen in the rows
        if first is None or len(first) == 0:
            raise ValueError(f"{self.name} has column names but no rows.")

    def __iter__(self) -> Iterator[np.ndarray]:
        import pandas as pd

        size = rows_of_block(len(self.columns))
        order, begin = np.argsort(self._positions), 0
        try:
            with pd.read_csv(
                self._path,
                sep=self._separator,
                header=0,
                usecols=self._positions,
                index_col=False,
                chunksize=size,
                skip_blank_lines=False,
            ) as chunks:
                for chunk in chunks:
                    block = np.empty((len(self.columns), len(chunk)))
                    for at, j in enumerate(order):
                        block[j] = self._numbers(chunk.iloc[:, at], self.columns[j], begin)
                    begin += len(chunk)
                    yield block.T
        except (pd.errors.ParserError, UnicodeError) as error:
            raise ValueError(f"{self.name} cannot be read as a table of text: {error}.") from error

    def _numbers(self, column: "pd.Series", name: str, begin: int) -> np.ndarray:
        import pandas as pd

        if pd.api.types.is_any_real_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            return column.to_numpy(dtype=float)
        numbers: Any = pd.to_numeric(column, errors="coerce")
        other = np.flatnonzero((numbers.isna() & column.notna()).to_numpy())
        if other.size == 0:
            return numbers.to_numpy(dtype=float)
        first = int(other[0])
        before = ", but numbers before" if begin + first > 0 else ""
        where = f"text ({column.iloc[first]!r:.40} in {self.place(begin + first)}){before}"
        raise holds_no_numbers(self.name, name, where, [one for one in self.columns if one != name])

    def place(self, row: int) -> str:
        """See :class:`~bayesmix.data.files.source.File`."""
        return f"line {row + 2:,}"
