"""One feature: its histogram, the predictive density with its band, and the groups."""

import numpy as np
from matplotlib.axes import Axes

from bayesmix.plots.frame import ink
from bayesmix.plots.palette import MUTED, colour, dashes
from bayesmix.posterior.intervals import credible_interval
from bayesmix.posterior.margins import Marginal

_POINTS = 400
_DRAWS = 500
_MARGIN = 0.12
_BINS = (6, 80)
# How far a wide band may push the picture's top up, and what share of it is not worth a line.
_BAND_ROOM = 1.3
_INVISIBLE = 0.004
# How opaque the histogram and the band are; the legend shows them alike.
HISTOGRAM = 0.14
BAND = 0.25


def draw_one_feature(
    ax: Axes, values: np.ndarray, labels: np.ndarray | None, marginal: Marginal, ci_prob: float
) -> None:
    """Draw the rows' values (N,) and their distribution under the mixture.

    Parameters
    ----------
    ax : Axes
    values : (N,) array
    labels : (N,) array, optional
        Group of each row, for the ticks below the axis; without them there are no ticks.
    marginal : Marginal
        Of this feature alone.
    ci_prob : float
        Probability inside the band.
    """
    there = ~np.isnan(values)
    values, labels = values[there], None if labels is None else labels[there]
    low, high = values.min(), values.max()
    margin = _MARGIN * (high - low)
    grid = np.linspace(low - margin, high + margin, _POINTS)
    heights, edges = np.histogram(values, bins=_bins(values), density=True)
    ax.stairs(heights, edges, fill=True, color=MUTED, alpha=HISTOGRAM)
    ax.stairs(heights, edges, color=MUTED, alpha=0.5, linewidth=0.7)
    marginal = marginal.thinned(_DRAWS)
    components, mixture = marginal.densities(grid[:, None])
    predictive = mixture.mean(axis=0)
    top = 1.08 * max(heights.max(), predictive.max())
    if marginal.n_draws > 1:
        band = credible_interval(mixture.T, ci_prob)
        ax.fill_between(grid, band[:, 0], band[:, 1], color=ink(), alpha=BAND, linewidth=0)
        top = max(top, min(1.03 * band.max(), _BAND_ROOM * top))
    ax.plot(grid, predictive, color=ink(), linewidth=2.0)
    for k in marginal.groups:
        visible = np.where(components[k] > _INVISIBLE * top, components[k], np.nan)
        ax.plot(grid, visible, color=colour(k), linestyle=dashes(k), linewidth=1.6)
    ax.set_xlim(grid[0], grid[-1])
    ax.set_ylim(0, top)
    if labels is not None:
        _ticks(ax, values, labels, top)


def _ticks(ax: Axes, values: np.ndarray, labels: np.ndarray, top: float) -> None:
    """One short line for each row, below the axis of the density."""
    ax.set_ylim(-0.07 * top, top)
    for k in np.unique(labels):
        ax.vlines(values[labels == k], -0.055 * top, -0.015 * top, color=colour(k), linewidth=0.8)
    ax.spines["left"].set_bounds(0, top)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top])


def _bins(values: np.ndarray) -> int:
    """Freedman and Diaconis's number of bins, which is low for several modes, or sqrt(N)."""
    by_spread = len(np.histogram_bin_edges(values, "fd")) - 1
    return int(np.clip(max(by_spread, np.sqrt(len(values))), *_BINS))
