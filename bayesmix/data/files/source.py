"""What a file of rows is to those who read it block by block."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from bayesmix.data.words import listed, visible


class File(ABC):
    """Rows that lie in a file, opened by :func:`bayesmix.data.open`; nothing of them is held.

    Iterating over it gives blocks of rows (n, D), the same ones each time.

    Attributes
    ----------
    name : str
        What messages call it.
    columns : tuple of str
        The names of the columns that are read, in this order.
    """

    name: str
    columns: tuple[str, ...]

    @abstractmethod
    def __iter__(self) -> Iterator[np.ndarray]: ...

    @abstractmethod
    def place(self, row: int) -> str:
        """Where a row, counted from 0, stands in the file, in words."""

    def __repr__(self) -> str:
        return f"<{self.name}: rows of {', '.join(self.columns)}, read block by block>"


def needs_memory(name: str) -> ValueError:
    """The refusal of what cannot be done block by block."""
    return ValueError(
        f"{name} is read block by block, which only EM of Gaussian and Student-t mixtures under the default prior "
        "does, and its predictions. Read its rows into memory for anything else, such as with pandas.read_parquet."
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
