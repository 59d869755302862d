"""Panels beside each other, and axes of counts and levels."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from bayesmix.data import Column
from bayesmix.plots.frame import shortened

# Counts from so many values on share bars.
_MOST_BARS = 60
# Levels that are named below an axis, letters of one name, and of all names that fit side by side.
_MOST_NAMED, _LONGEST_BELOW, _UPRIGHT = 12, 12, 24
_ASIDE = 0.8  # of the room of a value that its points fill


def grid(n_panels: int) -> tuple[int, int]:
    """Return how many panels stand side by side and one below the other."""
    columns = min(n_panels, 2 if n_panels == 4 else 3)
    return columns, -(-n_panels // columns)


def panels_of(figure: Figure, n_panels: int) -> list[Axes]:
    """Return so many axes."""
    columns, rows = grid(n_panels)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[n_panels:]:
        ax.remove()
    return axes[:n_panels].tolist()


def bars_of_counts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the bars of counts begin, from 0 to the largest, and how many counts each holds.

    Returns
    -------
    starts : (B,) array
    width : (B,) array
    """
    largest = int(values.max())
    width = -(-(largest + 1) // _MOST_BARS)
    starts = np.arange(0, largest + 1, width, dtype=float)
    return starts, np.full(len(starts), float(width))


def bars_of_levels(column: Column) -> tuple[np.ndarray, np.ndarray]:
    """The same of a column with levels, or of zeros and ones: one for each."""
    n_levels = len(column.levels) or 2
    return np.arange(n_levels, dtype=float), np.ones(n_levels)


def name_values(ax: Axes, column: Column) -> None:
    """Write counts, or the names of levels, below an axis."""
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    if 0 < len(column.levels) <= _MOST_NAMED:
        ax.set_xticks(range(len(column.levels)), [shortened(level, _LONGEST_BELOW) for level in column.levels])
        ax.tick_params(axis="x", labelrotation=0 if sum(map(len, column.levels)) <= _UPRIGHT else 30)


def shares_upwards(ax: Axes) -> None:
    """Write the vertical axis in percent, from 0."""
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0 if ax.get_ylim()[1] >= 0.05 else None))


def beside_each_other(values: np.ndarray) -> np.ndarray:
    """Move equal values (N,) a little aside, evenly, so that their points do not hide each other."""
    golden = (np.sqrt(5) - 1) / 2
    return values + _ASIDE * (np.arange(len(values)) * golden % 1 - 0.5)
