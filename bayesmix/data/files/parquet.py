"""Parquet files as one table, batch by batch of their row groups."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from bayesmix.data.blocks import rows_of_block
from bayesmix.data.files.source import File, chosen, holds_no_numbers, shown
from bayesmix.data.words import FROM_ZERO


class ParquetFiles(File):
    """Files with the same columns, one after the other; see :func:`bayesmix.data.open`."""

    def __init__(self, paths: Sequence[Path], columns: Sequence[str] | None, name: str = ""):
        if find_spec("pyarrow") is None:
            raise ImportError('Parquet files need pyarrow; install it with pip install "bayesmix[parquet]".')
        self._paths = tuple(paths)
        self.name = name or str(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
        self._wanted: list[str] = []
        groups: list[tuple[Path, int, int]] = []
        for path in paths:
            with _opened(path) as file:
                there = file.schema_arrow.names
                wanted = [there[j] for j in chosen(there, self._wanted or columns, str(path))]
                self._wanted = self._wanted or wanted
                _check_numbers(file.schema_arrow, wanted, str(path))
                rows = [file.metadata.row_group(g).num_rows for g in range(file.metadata.num_row_groups)]
                groups += [(path, number, n) for number, n in enumerate(rows)]
        self.columns = shown(self._wanted)
        self._groups = groups
        self._ends = list(accumulate(n for _, _, n in groups))
        if not groups or self._ends[-1] == 0:
            raise ValueError(f"{self.name} has no rows: each of its {len(groups)} row groups is empty.")

    def __iter__(self) -> Iterator[np.ndarray]:
        size = rows_of_block(len(self.columns))
        for path in self._paths:
            rows = [n_rows for one, _, n_rows in self._groups if one == path]
            # A reader keeps what it has read, and so each gets few row groups; a file is opened anew for them.
            for some in _together(rows, size):
                with _opened(path) as file:
                    for batch in file.iter_batches(batch_size=size, row_groups=some, columns=self._wanted):
                        block = np.empty((len(self._wanted), batch.num_rows))
                        for j, name in enumerate(self._wanted):
                            block[j] = batch.column(name).to_numpy(zero_copy_only=False)
                        yield block.T

    def place(self, row: int) -> str:
        """See :class:`~bayesmix.data.files.source.File`."""
        number = bisect_right(self._ends, row)
        path, group, n_rows = self._groups[number]
        inside = row - (self._ends[number] - n_rows)
        return f"{path}, row group {group}, row {inside:,} of it (both {FROM_ZERO})"


def _together(rows: Sequence[int], least: int) -> Iterator[list[int]]:
    """Numbers of row groups that have so many rows at least, the last of them aside."""
    some, n_rows = [], 0
    for number, n in enumerate(rows):
        some.append(number)
        n_rows += n
        if n_rows >= least:
            yield some
            some, n_rows = [], 0
    if n_rows:
        yield some


def _opened(path: Path) -> Any:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path)
    except ArrowException as error:
        raise ValueError(f"{path} cannot be read as Parquet: {error} Copy it again from its source.") from error


def _check_numbers(schema: Any, wanted: Sequence[str], name: str) -> None:
    from pyarrow import types

    def numeric(kind: Any) -> bool:
        return types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind)

    good = [column for column in wanted if numeric(schema.field(column).type)]
    for column in wanted:
        if column not in good:
            raise holds_no_numbers(name, column, f"{schema.field(column).type} entries", good)
