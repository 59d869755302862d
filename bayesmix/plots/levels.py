"""Heights of a density that enclose a given share of it."""

from collections.abc import Sequence

import numpy as np


def mass_levels(density: np.ndarray, cell: float, shares: Sequence[float]) -> np.ndarray:
    """Find the contour heights of the smallest regions that hold these shares of the mass.

    Parameters
    ----------
    density : array
        On an even grid.
    cell : float
        Area of one cell of the grid.
    shares : sequence of float

    Returns
    -------
    array
        Increasing; without those shares that lie partly outside the grid.
    """
    heights = np.sort(density, axis=None)[::-1]
    mass = np.cumsum(heights) * cell
    reached = [share for share in shares if mass[-1] >= share]
    return np.unique([heights[np.searchsorted(mass, share)] for share in reached])
