"""Restrictions that are linear in the unconstrained values of free covariances.

Some of the free values are kept as they are, and each other one is a sum of kept ones. The measure of the prior (see
``restricted``) is then that of free covariances, on the subspace.
"""

from functools import cache
from typing import NamedTuple

import numpy as np


class Linear(NamedTuple):
    """Free values as a sparse matrix times kept ones.

    ``kept`` (P,) are places among all ``n_values`` free values; value ``rows[t]`` has ``factors[t]`` times the kept
    one ``columns[t]``.
    """

    n_values: int
    kept: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    factors: np.ndarray

    @classmethod
    def of(cls, n_values: int, sums: dict[int, dict[int, float]]) -> "Linear":
        """All values but those that ``sums`` describes, ``place -> {place of a kept one: factor}``, are kept."""
        kept = np.setdiff1d(np.arange(n_values), list(sums))
        terms = [(place, place, 1.0) for place in kept]
        terms += [(place, other, factor) for place, parts in sums.items() for other, factor in parts.items()]
        rows, columns, factors = zip(*terms, strict=True)
        places = np.searchsorted(kept, columns)
        return cls(n_values, kept, np.array(rows), places, np.array(factors, dtype=float))

    def all_values(self, kept: np.ndarray) -> np.ndarray:
        """All values (..., n_values) from kept ones (..., P)."""
        terms = self.factors[:, None] * kept.reshape((-1, kept.shape[-1])).T[self.columns]
        out = np.zeros((self.n_values, terms.shape[1]))
        np.add.at(out, self.rows, terms)
        return out.T.reshape((*kept.shape[:-1], self.n_values))

    @property
    def numbers(self) -> list[float]:
        """As the compiled densities take it: the numbers of values and terms, then the terms."""
        return [self.n_values, self.rows.size, *self.rows, *self.columns, *self.factors]


@cache
def all_free(n_values: int) -> Linear:
    """No restriction."""
    return Linear.of(n_values, {})


@cache
def equal_sums(n_components: int, n_values: int, summed: tuple[int, ...]) -> Linear:
    """K blocks of values in which the sums of some are the same: the last one of these follows."""
    *others, last = summed
    sums = {
        k * n_values + last: dict.fromkeys(summed, 1.0) | {k * n_values + j: -1.0 for j in others}
        for k in range(1, n_components)
    }
    return Linear.of(n_components * n_values, sums)


@cache
def equal_differences(n_components: int, n_values: int) -> Linear:
    """K blocks of values that differ by a constant: all but the first of each one follow."""
    sums = {
        k * n_values + j: {j: 1.0, k * n_values: 1.0, 0: -1.0}
        for k in range(1, n_components)
        for j in range(1, n_values)
    }
    return Linear.of(n_components * n_values, sums)
