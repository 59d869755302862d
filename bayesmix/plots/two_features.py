"""Two features: the rows by group, contours of the predictive density, ellipses of the groups."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke

from bayesmix.plots.frame import ink
from bayesmix.plots.levels import mass_levels
from bayesmix.plots.palette import MUTED, colour, dashes, marker
from bayesmix.posterior.margins import Marginal, evenly

# Share of a group inside its ellipse.
ELLIPSE = 0.9
# Shares of the predictive mass inside the contours, unless others are asked for.
CONTOURS = (0.5, 0.8, 0.95)

_DRAWS = 150
# Faint ellipses of single draws: so many of each group, and fewer where groups are many.
_FAINT, _FAINT_IN_ALL = 15, 60
# From so many groups on each is called by its number where it stands: ten colours are too many to remember.
_NUMBERED = 5
_MOST_POINTS = 5000
_MANY_POINTS = 1500


def draw_two_features(
    ax: Axes,
    values: np.ndarray,
    labels: np.ndarray | None,
    unsure: np.ndarray,
    marginal: Marginal,
    limits: np.ndarray,
    *,
    contours: Sequence[float] = CONTOURS,
    small: bool = False,
) -> None:
    """Draw the rows (N, 2) and their distribution under the mixture.

    Parameters
    ----------
    ax : Axes
    values : (N, 2) array
    labels : (N,) array, optional
        Group of each row; without them all look alike, and there are no ellipses.
    unsure : (N,) array of bool
        Rows to draw hollow.
    marginal : Marginal
        Of these two features.
    limits : (2, 2) array
        Ends of both axes.
    contours : sequence of float
        Shares of the predictive mass inside the contours.
    small : bool
        Draw for one small panel of many: fewer and thinner lines.
    """
    ax.set_xlim(*limits[0])
    ax.set_ylim(*limits[1])
    size = 8 if small else 18
    _draw_contours(ax, limits[:, 0], limits[:, 1], marginal, contours, grid_size=70 if small else 120)
    if labels is None:
        shown = evenly(len(values), _MOST_POINTS)
        ax.scatter(*values[shown].T, s=size, color=MUTED, alpha=0.5, linewidths=0, rasterized=len(shown) > _MANY_POINTS)
        return
    _draw_rows(ax, values, labels, unsure, size)
    n_faint = min(_FAINT, _FAINT_IN_ALL // marginal.n_components) // (2 if small else 1)
    faint = evenly(marginal.n_draws, max(n_faint, 2)) if marginal.n_draws > 1 else ()
    radii = marginal.radii(ELLIPSE)
    for draw in faint:
        for k in range(marginal.n_components):
            ax.add_patch(
                _ellipse(
                    marginal.moments[0][draw, k],
                    marginal.moments[1][draw, k],
                    radii[draw, k],
                    edgecolor=colour(k),
                    linewidth=0.5 if small else 0.7,
                    alpha=0.35,
                )
            )
    draw_ellipses(ax, marginal, width=1.4 if small else 2.0)
    if not small:
        number_groups(ax, marginal)


def draw_ellipses(ax: Axes, marginal: Marginal, *, width: float) -> None:
    """Draw the ellipse of each group in the typical draw."""
    radii = np.median(marginal.radii(ELLIPSE), axis=0)
    for k, (centre, covariance, radius) in enumerate(zip(*marginal.typical(), radii, strict=True)):
        style = {"edgecolor": colour(k), "linewidth": width, "linestyle": dashes(k), "zorder": 4}
        ax.add_patch(_ellipse(centre, covariance, radius, **style))


def number_groups(ax: Axes, marginal: Marginal) -> None:
    """Write each group's number at its centre, where groups are many."""
    if marginal.n_components < _NUMBERED:
        return
    halo = [withStroke(linewidth=2.5, foreground=matplotlib.rcParams["axes.facecolor"])]
    for k, (x, y) in enumerate(marginal.typical()[0]):
        style = {"color": colour(k), "weight": "bold", "path_effects": halo, "clip_on": True, "zorder": 5}
        ax.text(x, y, str(k), ha="center", va="center", fontsize=11, **style)


def _draw_rows(ax, values, labels, unsure, size) -> None:
    shown = evenly(len(values), _MOST_POINTS)
    values, labels, unsure = values[shown], labels[shown], unsure[shown]
    many = len(shown) > _MANY_POINTS
    if (noise := values[labels < 0]).size:
        ax.scatter(*noise.T, s=size / 2, marker=marker(-1), color=colour(-1), linewidths=0.8, zorder=2, rasterized=many)
    for k in np.unique(labels[labels >= 0]):
        for hollow in (False, True):
            rows = values[(labels == k) & (unsure == hollow)]
            if rows.size:
                ax.scatter(
                    *rows.T,
                    s=size / 2 if many else size,
                    marker=marker(k),
                    facecolors="none" if hollow else colour(k),
                    edgecolors=colour(k),
                    linewidths=1.0 if hollow else 0.0,
                    alpha=0.9 if hollow else 0.5,
                    zorder=2,
                    rasterized=many,
                )


def _draw_contours(ax, low, high, marginal, contours, grid_size) -> None:
    axes = np.linspace(low, high, grid_size).T
    points = np.stack(np.meshgrid(*axes), axis=-1)
    _, mixture = marginal.thinned(_DRAWS).densities(points.reshape(-1, 2))
    density = mixture.mean(axis=0).reshape(grid_size, grid_size)
    cell = float(np.prod((high - low) / (grid_size - 1)))
    levels = mass_levels(density, cell, contours)
    if levels.size:
        ax.contour(*axes, density, levels=levels, colors=[ink()], linewidths=0.7, alpha=0.75, zorder=3)


def _ellipse(centre: np.ndarray, covariance: np.ndarray, radius: float, **style) -> Ellipse:
    """Return the ellipse of a Mahalanobis distance."""
    variances, axes = np.linalg.eigh(covariance)
    width, height = 2 * radius * np.sqrt(np.maximum(variances, 0))
    angle = np.degrees(np.arctan2(axes[1, 0], axes[0, 0]))
    return Ellipse(tuple(centre), width, height, angle=angle, facecolor="none", **style)
