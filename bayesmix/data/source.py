"""Rows that are not held: where they lie, and what looking at all of them once tells."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bayesmix.data.blocks import Blocks
from bayesmix.threads import Threads

SAMPLE = 2**16
"""Rows of a uniform sample, of which starts are made."""
SEED = 0xB10C_5A3F_17E5
"""Nobody's: rows that were simulated from the same seed as the sample would not be independent of it."""


@dataclass(frozen=True, eq=False)
class Look:
    """What looking at all rows once tells.

    Attributes
    ----------
    n_rows : int
    centre, scale, low, high : (D,) arrays
        Means, standard deviations, smallest and largest values of the columns.
    sample : (n, D) array
        Rows drawn without replacement, in no order; all of them where they are few.
    correlation_factor : (D, D) array
        See :func:`bayesmix.data.moments.correlation_factor`.
    """

    n_rows: int
    centre: np.ndarray
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    sample: np.ndarray
    correlation_factor: np.ndarray


def is_dask(X: Any) -> bool:
    """Whether X is a collection of Dask, which nobody needs to import to know."""
    return type(X).__module__.partition(".")[0] == "dask"


class Source(ABC):
    """Where rows lie that are read whenever they are needed, the same ones each time.

    Attributes
    ----------
    name : str
        What messages call it.
    columns : tuple of str
        The names of the columns that are read, in this order.
    named : bool
        Whether somebody gave the columns these names: those of an array are numbered.
    to_hold_them : str
        How a user has the rows in memory.
    """

    name: str
    columns: tuple[str, ...]
    named: bool = True
    to_hold_them: ClassVar[str]

    @abstractmethod
    def look(self) -> Look:
        """Look at all rows.

        Raises
        ------
        TypeError, ValueError
            If something is no number, missing or infinite; the message says where.
        """

    @abstractmethod
    def blocks(self, n_rows: int) -> Blocks:
        """The rows in blocks, of which there were so many."""

    @abstractmethod
    def each(
        self,
        work: Callable[[np.ndarray], np.ndarray],
        kind: type,
        names: Sequence[str] = (),
        threads: Threads | None = None,
    ) -> Any:
        """Something of every row, in their order.

        Parameters
        ----------
        work : callable
            Of rows (n, D) makes (n,) numbers of a kind, or one column for each of the names.
        kind : type
        names : sequence of str
        threads : Threads, optional
        """

    def needs_memory(self) -> ValueError:
        """The refusal of what cannot be done block by block."""
        return ValueError(
            f"{self.name} is read block by block, which only EM of Gaussian and Student-t mixtures under the default "
            f"prior does, and its predictions. Read its rows into memory for anything else, {self.to_hold_them}."
        )
