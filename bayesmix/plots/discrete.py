"""Columns of counts or of levels: how often each value was seen, and how probable it is in each group."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from bayesmix.data import Column, Rows
from bayesmix.plots.frame import ink, shortened
from bayesmix.plots.palette import MUTED, PAPER, colour, dashes, hatch, marker
from bayesmix.plots.view import MOST_FEATURES, left_out, most_separating, positions_of
from bayesmix.posterior.marginal import Marginal, marginal_of
from bayesmix.posterior.membership import equal_tailed
from bayesmix.tree import family_of, training_rows

# Counts from so many values on share bars, in which the model is summed at so many counts at most.
_MOST_BARS, _IN_A_BAR = 60, 25
_DRAWS = 500
# Levels of one column that are shown, and items of zeros and ones, which all fit into one panel.
_MOST_LEVELS, _MOST_ITEMS = 12, 20
_LONGEST_LEVEL = 22
# Letters of one name below an axis, and of all names that fit side by side.
_LONGEST_BELOW, _UPRIGHT = 12, 24
_FILLED = 0.8  # of the room of a level by its bars
_BAR, _HEIGHTS = 0.13, (2.3, 8.0)  # inches of a bar, and bounds of a panel


@dataclass(frozen=True, eq=False)
class Discrete:
    """Columns as a picture shows them.

    Attributes
    ----------
    rows : Rows
    marginal : Marginal
        Of all columns.
    panels : tuple of list of int
        Positions of the columns in each panel: one, or all items of zeros and ones.
    note : str
        What is not shown; empty where everything is.
    """

    rows: Rows
    marginal: Marginal
    panels: tuple[list[int], ...]
    note: str

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the whole picture in inches."""
        _, n_rows = grid(len(self.panels))
        bars = [len(self.shown_levels(panel)) * (self.marginal.n_components + 1) for panel in self.panels]
        tallest = 0 if self.counts else max(bars)
        return 8.6, 0.8 + n_rows * float(np.clip(0.7 + _BAR * tallest, *_HEIGHTS))

    @property
    def counts(self) -> bool:
        """Whether the columns hold counts; if not, levels."""
        return self.marginal.family.takes == "count"

    def shown_levels(self, panel: list[int]) -> list[tuple[int, int]]:
        """Column and value of every bar: of a column with many levels those that separate the groups best."""
        if len(panel) > 1 or not self.rows.columns[panel[0]].levels:
            return [(j, 1) for j in panel]
        (j,) = panel
        n_levels = len(self.rows.columns[j].levels)
        if n_levels <= _MOST_LEVELS:
            return [(j, level) for level in range(n_levels)]
        ratio = self.marginal.of([j]).separation_of_entries()
        return [(j, level) for level in sorted(np.argsort(-ratio, kind="stable")[:_MOST_LEVELS].tolist())]


def discrete_of(
    tree: xr.DataTree, features: str | Sequence[str] | None = None, principal_components: int | None = None
) -> Discrete | None:
    """Choose the columns; None where the rows are continuous.

    Parameters
    ----------
    tree : xarray.DataTree
    features : str or sequence of str, optional
        By name; by default those that separate the groups best.
    principal_components : int, optional
        To be refused.

    Raises
    ------
    ValueError
        When a name is unknown, or principal components are asked for.
    """
    family = family_of(tree)
    if family.measure == "density":
        return None
    if principal_components is not None:
        what = "counts" if family.takes == "count" else "levels"
        raise ValueError(f"principal_components is for real numbers, and these are {what}: choose features= instead.")
    rows, marginal = training_rows(tree), marginal_of(tree)
    binary = family.takes == "binary"
    chosen = positions_of(tree, features)
    if features is None:
        chosen = most_separating(marginal, _MOST_ITEMS if binary else MOST_FEATURES)
    panels = (chosen,) if binary else tuple([j] for j in chosen)
    return Discrete(rows, marginal, panels, left_out(chosen, marginal))


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
    if 0 < len(column.levels) <= _MOST_LEVELS:
        ax.set_xticks(range(len(column.levels)), [shortened(level, _LONGEST_BELOW) for level in column.levels])
        ax.tick_params(axis="x", labelrotation=0 if sum(map(len, column.levels)) <= _UPRIGHT else 30)


def probabilities_of_bars(marginal: Marginal, starts: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the counts in each bar.

    Parameters
    ----------
    marginal : Marginal
        Of one column.
    starts, width : (B,) array

    Returns
    -------
    groups : (K, B) array
        Each group's share in it, averaged over the draws.
    mixture : (S, B) array
    """
    n_points = int(min(width[0], _IN_A_BAR))
    inside = np.round((np.arange(n_points) + 0.5) * width[0] / n_points - 0.5)
    groups, mixture = marginal.densities((starts[:, None] + inside).reshape(-1, 1))
    scale = width / n_points
    return (
        groups.reshape(len(groups), -1, n_points).sum(axis=-1) * scale,
        mixture.reshape(len(mixture), -1, n_points).sum(axis=-1) * scale,
    )


def draw_counts(ax: Axes, values: np.ndarray, marginal: Marginal, ci_prob: float) -> None:
    """Draw how often counts (N,) were seen, and their probability under the mixture of one column."""
    starts, width = bars_of_counts(values)
    middle = starts + (width - 1) / 2
    seen = np.bincount((values // width[0]).astype(np.intp), minlength=len(starts)) / len(values)
    ax.bar(middle, seen, width=0.9 * width, color=MUTED, alpha=0.3, linewidth=0)
    marginal = marginal.thinned(_DRAWS)
    groups, mixture = probabilities_of_bars(marginal, starts, width)
    small = 4 if len(starts) <= 25 else 2
    for k, probability in enumerate(groups):
        style = {"color": colour(k), "linestyle": dashes(k), "marker": marker(k)}
        ax.plot(middle, probability, markersize=small, linewidth=1, **style)
    ax.plot(middle, mixture.mean(axis=0), linestyle="none", marker="o", markersize=small, color=ink())
    if marginal.n_draws > 1:
        ax.vlines(middle, *equal_tailed(mixture.T, ci_prob).T, color=ink(), linewidth=1.2)
    shares_upwards(ax)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def shares_upwards(ax: Axes) -> None:
    """Write the vertical axis in percent, from 0."""
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0 if ax.get_ylim()[1] >= 0.05 else None))


def draw_levels(ax: Axes, picture: Discrete, panel: list[int], ci_prob: float) -> None:
    """Draw the probability of each level in each group, and the share of all rows that has it."""
    shown, n_components = picture.shown_levels(panel), picture.marginal.n_components
    places, height = np.arange(len(shown)), _FILLED / n_components
    groups = np.stack([picture.marginal.of([j]).of_groups([level])[..., 0] for j, level in shown], axis=-1)
    for k in range(n_components):
        at = places + (k - (n_components - 1) / 2) * height
        style = {"color": colour(k), "hatch": hatch(k), "edgecolor": PAPER, "linewidth": 0}
        ax.barh(at, groups[:, k].mean(axis=0), height=0.92 * height, **style)
        if len(groups) > 1:
            ax.hlines(at, *equal_tailed(groups[:, k].T, ci_prob).T, color=ink(), linewidth=1.2)
    seen = [float(np.mean(picture.rows.values[:, j] == level)) for j, level in shown]
    ax.vlines(seen, places - 0.5, places + 0.5, color=ink(), linewidth=1.6, linestyle=(0, (2, 1)))
    ax.set_yticks(places, [shortened(_level_name(picture.rows, j, level), _LONGEST_LEVEL) for j, level in shown])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4))


def title_of(picture: Discrete, panel: list[int]) -> str:
    """What a panel shows, and how many of its levels."""
    if len(panel) > 1 or not (levels := picture.rows.columns[panel[0]].levels):
        return "" if picture.rows.columns[panel[0]].kind == "binary" else shortened(picture.rows.labels[panel[0]])
    shown = len(picture.shown_levels(panel))
    name = shortened(picture.rows.labels[panel[0]])
    return name if shown == len(levels) else f"{name}: {shown} of {len(levels)} levels,\nwhich separate the groups best"


def draw_panel(ax: Axes, picture: Discrete, panel: list[int], ci_prob: float) -> None:
    """Draw one panel."""
    if picture.counts:
        draw_counts(ax, picture.rows.values[:, panel[0]], picture.marginal.of(panel), ci_prob)
        ax.set_xlabel(title_of(picture, panel))
        return
    draw_levels(ax, picture, panel, ci_prob)
    ax.set_title(title_of(picture, panel))
    binary = picture.rows.columns[panel[0]].kind == "binary"
    ax.set_xlabel("probability of a one" if binary else "probability")


def handles_of(picture: Discrete, ci_prob: float) -> list[Artist]:
    """Return the entries of the legend."""
    marginal, handles = picture.marginal, []
    for k, share in enumerate(marginal.weights.mean(axis=0)):
        label = f"group {k}: {share:.0%}"
        if picture.counts:
            style = {"color": colour(k), "linestyle": dashes(k), "marker": marker(k), "markersize": 4}
            handles.append(Line2D([], [], label=label, **style))
        else:
            handles.append(Patch(facecolor=colour(k), hatch=hatch(k), edgecolor=PAPER, linewidth=0, label=label))
    if picture.counts:
        handles.append(Patch(facecolor=MUTED, alpha=0.3, label="share of the rows"))
        handles.append(Line2D([], [], color=ink(), linestyle="none", marker="o", markersize=4, label="probability"))
    else:
        handles.append(Line2D([], [], color=ink(), linestyle=(0, (2, 1)), linewidth=1.6, label="share of all rows"))
    if marginal.n_draws > 1:
        handles.append(Line2D([], [], color=ink(), linewidth=1.2, label=f"{ci_prob:.0%} interval"))
    return handles


def _level_name(rows: Rows, j: int, level: int) -> str:
    levels = rows.columns[j].levels
    return levels[level] if levels else rows.labels[j]


def beside_each_other(values: np.ndarray) -> np.ndarray:
    """Move equal values (N,) a little aside, evenly, so that their points do not hide each other."""
    golden = (np.sqrt(5) - 1) / 2
    return values + _FILLED * (np.arange(len(values)) * golden % 1 - 0.5)
