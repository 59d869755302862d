"""Gradients of a density at pairs of points around a mean, from all rows or from random ones."""

from typing import Protocol, cast

import numpy as np

from bayesmix.density import Density
from bayesmix.density.minibatch import Minibatch, SubsampledDensity

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


class PairedGradients(Protocol):
    """Where the gradients of a climb come from."""

    n_calls: int

    def at_pairs(self, mean: np.ndarray, offsets: np.ndarray) -> Pairs:
        """Mean value (n,), even and odd part of the gradient (n, size) at ``mean +- offsets``."""
        ...


class AllRows:
    """Gradients of the density at pairs of points."""

    def __init__(self, density: Density):
        self.density, self.n_calls = density, 0

    def at_pairs(self, mean: np.ndarray, offsets: np.ndarray) -> Pairs:
        """See :class:`PairedGradients`."""
        values, even, odd = np.empty(len(offsets)), np.empty_like(offsets), np.empty_like(offsets)
        for i, offset in enumerate(offsets):
            values[i], even[i], odd[i] = _at_pair(self.density, mean, offset)
        self.n_calls += 2 * len(offsets)
        return values, even, odd


class SomeRows:
    """Unbiased estimates of the same from random rows, a new set for each pair.

    The rows' gradient at the mean is taken off and that of all rows put in its place, so that only
    how the gradient *changes* between the mean and the draws is left to chance.
    """

    def __init__(self, density: Density, size: int, rng: np.random.Generator):
        if not hasattr(density, "minibatch"):
            raise TypeError("minibatches need a density in closed form: these priors are known to PyMC alone")
        self.density, self.rng, self.n_calls = cast(SubsampledDensity, density), rng, 0
        n_rows = self.density.n_rows
        # the name is that of the public argument
        if not 1 <= size <= n_rows:
            raise ValueError(f"minibatch_size must be between 1 and the number of rows, {n_rows}, not {size!r}")
        self.size = size

    def at_pairs(self, mean: np.ndarray, offsets: np.ndarray) -> Pairs:
        """See :class:`PairedGradients`."""
        values, even, odd = np.empty(len(offsets)), np.empty_like(offsets), np.empty_like(offsets)
        anchor, slope = self.density.logp_grad(mean)
        for i, offset in enumerate(offsets):
            rows = self.rng.choice(self.density.n_rows, self.size, replace=False, shuffle=False)
            some = self.density.minibatch(rows)
            value, gradient = some.logp_grad(mean)
            values[i], even[i], odd[i] = _at_pair(some, mean, offset)
            values[i] += anchor - value
            even[i] += slope - gradient
        self.n_calls += 3 * len(offsets) + 1
        return values, even, odd


def _at_pair(
    density: Density | Minibatch, mean: np.ndarray, offset: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    up, slope_up = density.logp_grad(mean + offset)
    down, slope_down = density.logp_grad(mean - offset)
    return 0.5 * (up + down), 0.5 * (slope_up + slope_down), 0.5 * (slope_up - slope_down)
