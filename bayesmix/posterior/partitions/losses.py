"""What it costs to say one partition where another is true, and its expectation over the posterior.

A partition is labels (N,) from 0 on.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bayesmix.passes.greedy import greatest_adjusted_rand, least_binder, least_information
from bayesmix.passes.overlaps import overlaps
from bayesmix.posterior.partitions.label_draws import LabelDraws

# Groups that a search through draws may use at first, beyond twice those of most draws.
_MORE_GROUPS = 8


def variation_of_information(labels: np.ndarray, draws: LabelDraws) -> np.ndarray:
    r"""Variation of information between a partition and each draw (S,), in nats.

    .. math:: H(c) + H(\hat c) - 2 I(c, \hat c) =
        \frac{1}{N} \left( \sum_j m_j \log m_j + \sum_l n_l \log n_l - 2 \sum_{jl} n_{jl} \log n_{jl} \right)
    """
    counts = np.arange(draws.n_rows + 1.0)
    own, theirs, shared = _overlaps(labels, draws, counts * np.log(np.maximum(counts, 1)))
    return np.maximum(own + theirs - 2 * shared, 0.0) / draws.n_rows


def share_of_pairs(labels: np.ndarray, draws: LabelDraws) -> np.ndarray:
    """Share of the ordered pairs of rows that are together in one partition and apart in the other, for each draw."""
    own, theirs, shared = _overlaps(labels, draws, _pairs(draws.n_rows))
    return 2 * (own + theirs - 2 * shared) / draws.n_rows**2


def adjusted_rand(labels: np.ndarray, draws: LabelDraws) -> np.ndarray:
    """Adjusted Rand index of a partition and each draw (S,): 1 where they are the same, 0 on average by chance."""
    counts = _pairs(draws.n_rows)
    own, theirs, shared = _overlaps(labels, draws, counts)
    expected = own * theirs / max(counts[-1], 1.0)
    scale = (own + theirs) / 2 - expected
    same = (shared == own) & (shared == theirs)
    return np.where(same, 1.0, (shared - expected) / np.where(same, 1.0, scale))


def _pairs(n_rows: int) -> np.ndarray:
    """How many pairs 0, 1, ..., N rows make."""
    counts = np.arange(n_rows + 1.0)
    return counts * (counts - 1) / 2


def _overlaps(labels, draws, values):
    return overlaps(labels, int(labels.max()) + 1, draws.labels, draws.n_labels, values)


@dataclass(frozen=True, eq=False)
class Loss(ABC):
    """A loss, and the posterior over which it is averaged."""

    draws: LabelDraws

    @abstractmethod
    def between(self, labels: np.ndarray) -> np.ndarray:
        """Loss of a partition where each of the draws is true, (S,)."""

    @abstractmethod
    def expected(self, labels: np.ndarray) -> float:
        """Expected loss of a partition."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """What it takes to look at every row once: in a search, some tens of times."""

    @abstractmethod
    def search(self, rng: np.random.Generator, start: np.ndarray) -> np.ndarray:
        """One search for a partition of less expected loss, (N,); rows that start with -1 are placed first."""


class Information(Loss):
    """Variation of information, averaged over the draws."""

    def between(self, labels: np.ndarray) -> np.ndarray:
        """See :class:`Loss`."""
        return variation_of_information(labels, self.draws)

    def expected(self, labels: np.ndarray) -> float:
        """See :class:`Loss`."""
        return float(self.between(labels).mean())

    @property
    def steps(self) -> int:
        """See :class:`Loss`."""
        return self.draws.labels.size

    def search(self, rng: np.random.Generator, start: np.ndarray) -> np.ndarray:
        """See :class:`Loss`."""
        n_rows = self.draws.n_rows
        counts = np.arange(n_rows + 1.0)
        values = counts * np.log(np.maximum(counts, 1))
        n_groups = max(2 * self.draws.typical_number, int(start.max()) + 1) + _MORE_GROUPS
        while True:
            room = min(n_rows, n_groups)
            found = least_information(
                rng, self.draws.by_row, self.draws.n_labels, values[-1:], np.diff(values), start, room
            )
            if len(np.unique(found)) < room or room == n_rows:
                return found
            n_groups *= 2


@dataclass(frozen=True, eq=False)
class OfPairs(Loss):
    """A loss that asks of pairs alone whether they are together: exact from their probabilities.

    Attributes
    ----------
    together : (N, N) array
    """

    together: np.ndarray

    @cached_property
    def _known(self) -> np.ndarray:
        """How many pairs there are, and how many of them are expected to be together."""
        n_rows = self.draws.n_rows
        return np.array([n_rows * (n_rows - 1) / 2, (self.together.sum() - n_rows) / 2])

    def _sums(self, labels: np.ndarray) -> tuple[float, float]:
        """How many pairs of one group are expected to be together, and how many there are."""
        inside = [np.flatnonzero(labels == group) for group in np.unique(labels)]
        expected = sum((self.together[np.ix_(rows, rows)].sum() - rows.size) / 2 for rows in inside)
        return float(expected), float(sum(rows.size * (rows.size - 1) / 2 for rows in inside))

    @property
    def steps(self) -> int:
        """See :class:`Loss`."""
        return self.together.size

    @property
    def _more(self) -> np.ndarray:
        """How many pairs a row makes that joins 0, 1, ... others."""
        return np.arange(self.draws.n_rows + 0.0)


class Binder(OfPairs):
    """Share of the ordered pairs of rows that are wrongly together or apart."""

    def between(self, labels: np.ndarray) -> np.ndarray:
        """See :class:`Loss`."""
        return share_of_pairs(labels, self.draws)

    def expected(self, labels: np.ndarray) -> float:
        """See :class:`Loss`."""
        expected, inside = self._sums(labels)
        return float(2 * (inside + self._known[1] - 2 * expected) / self.draws.n_rows**2)

    def search(self, rng: np.random.Generator, start: np.ndarray) -> np.ndarray:
        """See :class:`Loss`."""
        return least_binder(rng, self.together, self._known, self._more, start, start.size)


class AdjustedRand(OfPairs):
    """One minus the adjusted Rand index, with the expectations of its parts in the place of its own."""

    def between(self, labels: np.ndarray) -> np.ndarray:
        """See :class:`Loss`."""
        return 1 - adjusted_rand(labels, self.draws)

    def expected(self, labels: np.ndarray) -> float:
        """See :class:`Loss`."""
        shared, inside = self._sums(labels)
        pairs, together = self._known
        if pairs == 0:
            return 0.0
        expected = inside * together / pairs
        scale = (inside + together) / 2 - expected
        return float(1 - (shared - expected) / scale) if scale > 1e-12 * pairs else 0.0

    def search(self, rng: np.random.Generator, start: np.ndarray) -> np.ndarray:
        """See :class:`Loss`."""
        return greatest_adjusted_rand(rng, self.together, self._known, self._more, start, start.size)
