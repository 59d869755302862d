"""A log density at many places that do not hang on each other."""

from collections.abc import Iterator

import numpy as np

from bayesmix.data.blocks import rows_of_block
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.density.protocol import Density
from bayesmix.progress import turns
from bayesmix.threads import Threads


def logp_grads(density: Density, q: np.ndarray, what: str = "place") -> Iterator[tuple[float, np.ndarray]]:
    """Log density and gradient at every row of ``q`` (n, size), in their order.

    A compiled density of many rows is asked by all cores at once; any other one, whose functions may keep notes of
    their own while they work, by one.

    Parameters
    ----------
    density : Density
    q : (n, size) array
    what : str
        What the places are, for whoever shows progress.
    """
    turn = turns(what)
    many = isinstance(density, ClosedFormDensity) and density.n_rows > rows_of_block(density.n_entries)
    with Threads(None if many else 1) as threads:
        for number, found in enumerate(threads.in_order(density.logp_grad, q)):
            turn(number)
            yield found


def logps(density: Density, q: np.ndarray, what: str = "place") -> np.ndarray:
    """Log density (n,) at every row of ``q`` (n, size)."""
    return np.array([value for value, _ in logp_grads(density, q, what)])
