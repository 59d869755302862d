"""Rows that are known to belong together, whatever their component is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Subjects:
    """Which rows are together: the rows of a subject have one component, which is drawn once for all of them.

    Attributes
    ----------
    of_rows : (N,) array of int64
        The subject of each row, numbered from 0 on in the order in which they are met. Rows that belong to no other are
        subjects of their own.
    """

    of_rows: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray) -> "Subjects | None":
        """Subjects of rows with equal codes (N,), -1 for a row by itself; None where no two rows are together."""
        alone = codes.max(initial=-1) + 1 + np.arange(codes.size)
        _, first, which = np.unique(np.where(codes < 0, alone, codes), return_index=True, return_inverse=True)
        if first.size == codes.size:
            return None
        met = np.empty(first.size, dtype=np.int64)
        met[np.argsort(first)] = np.arange(first.size)
        return cls(met[which])

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many rows each subject has, (J,)."""
        return np.bincount(self.of_rows)

    @property
    def n(self) -> int:
        """Number of subjects, U."""
        return self.sizes.size

    @cached_property
    def order(self) -> np.ndarray:
        """Positions of the rows, subject after subject."""
        return np.argsort(self.of_rows, kind="stable")

    @cached_property
    def ends(self) -> np.ndarray:
        """Where each subject ends in that order, (J,)."""
        return np.cumsum(self.sizes)

    @property
    def starts(self) -> np.ndarray:
        """Where each subject begins in that order, (J,)."""
        return self.ends - self.sizes

    @cached_property
    def first(self) -> np.ndarray:
        """The first row of each subject, (J,)."""
        return self.order[self.starts]

    def chosen(self, which: np.ndarray | slice) -> "Subjects | None":
        """What is left of the subjects in some of the rows."""
        return Subjects.of(self.of_rows[which])

    def rows_of(self, subjects: np.ndarray) -> np.ndarray:
        """Positions of the rows of some subjects."""
        return np.flatnonzero(np.isin(self.of_rows, subjects))

    def sums(self, of_rows: np.ndarray) -> np.ndarray:
        """Sums (..., J, K) over the rows of each subject of numbers (..., N, K)."""
        return np.add.reduceat(of_rows[..., self.order, :], self.starts, axis=-2)

    def log_joint(self, log_joint: np.ndarray, log_weights: np.ndarray) -> np.ndarray:
        r"""Log joint density of every subject and component, (..., J, K), from that of its rows, (..., N, K).

        .. math:: \log w_k + \sum_{i \in u} \log f(x_i \mid \theta_k)

        ``log_weights`` (..., K) stand in the density of every row, and count once.
        """
        lost = np.isneginf(log_weights)
        of_rows = log_joint - np.where(lost, 0.0, log_weights)[..., None, :]
        return self.sums(of_rows) + log_weights[..., None, :]
