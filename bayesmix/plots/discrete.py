"""Columns of counts or of levels: how often each value was seen, and how probable it is in each group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from bayesmix.data import Rows
from bayesmix.plots.frame import ink, shortened
from bayesmix.plots.legend import add_legend_below
from bayesmix.plots.palette import MUTED, area, colour, dashes, marker
from bayesmix.plots.panels import bars_of_counts, grid, panels_of, shares_upwards
from bayesmix.plots.view import MOST_FEATURES, left_out, most_separating
from bayesmix.posterior.intervals import credible_interval
from bayesmix.posterior.margins import Marginal, marginal_of, positions_of
from bayesmix.tree import training_rows

# The model is summed at so many counts of a bar at most.
_IN_A_BAR = 25
_DRAWS = 500
# Levels of one column that are shown, and items of zeros and ones, which all fit into one panel.
_MOST_LEVELS, _MOST_ITEMS = 12, 20
# Letters of a level and of a column, and ticks, where up to two panels stand side by side, and where three do.
_LONGEST_LEVEL, _LONGEST_NAME, _TICKS = (22, 16), (34, 22), (4, 2)
_FILLED = 0.8  # of the room of a level by its bars
_BAR, _HEIGHTS = 0.13, (2.3, 8.0)  # inches of a bar, and bounds of a panel
_NO_BARS = 2.6


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
    apart : bool
        Whether every column has a panel of its own, whatever it holds.
    """

    rows: Rows
    marginal: Marginal
    panels: tuple[list[int], ...]
    note: str
    apart: bool = False

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height of the picture."""
        bars = [len(self.shown_levels(panel)) * (len(self.bars) + 1) for panel in self.panels]
        height = _NO_BARS if self.counts or self.apart else float(np.clip(0.7 + _BAR * max(bars), *_HEIGHTS))
        return 8.6, 0.8 + grid(len(self.panels))[1] * height

    @property
    def bars(self) -> list[dict[str, Any]]:
        """Styles of the bars of a level: one for each group, or one for all where they have no names."""
        return [area(k) for k in self.marginal.groups] or [{"color": MUTED, "alpha": 0.5}]

    @property
    def needs(self) -> str:
        """See :func:`bayesmix.plots.frame.figure_of`."""
        n_panels = len(self.panels)
        return f"{n_panels} features need a panel each: choose one" if n_panels > 1 else ""

    @property
    def narrow(self) -> bool:
        """Whether panels are so narrow that names must be short."""
        return grid(len(self.panels))[0] > 2

    @property
    def counts(self) -> bool:
        """Whether the columns hold counts; if not, levels."""
        return self.rows.columns[self.panels[0][0]].kind == "count"

    def shown_levels(self, panel: list[int]) -> list[tuple[int, int]]:
        """Column and value of every bar: of a column with many levels those that separate the groups best."""
        if len(panel) > 1 or not self.rows.columns[panel[0]].levels:
            return [(j, 1) for j in panel]
        (j,) = panel
        n_levels = len(self.rows.columns[j].levels)
        if n_levels <= _MOST_LEVELS:
            return [(j, level) for level in range(n_levels)]
        if not self.marginal.named:
            return [(j, level) for level in range(_MOST_LEVELS)]
        ratio = self.marginal.of([j]).separation_of_entries()
        return [(j, level) for level in sorted(np.argsort(-ratio, kind="stable")[:_MOST_LEVELS].tolist())]


def discrete_of(
    tree: xr.DataTree,
    features: str | Sequence[str] | None = None,
    principal_components: int | None = None,
    *,
    apart: bool = False,
) -> Discrete | None:
    """Choose the columns; None where the rows are continuous.

    Parameters
    ----------
    tree : xarray.DataTree
    features : str or sequence of str, optional
        By name; by default those that separate the groups best.
    principal_components : int, optional
        To be refused.
    apart : bool
        Whether to give every column a panel of its own, whatever it holds.

    Raises
    ------
    ValueError
        When a name is unknown, or principal components are asked for.
    """
    rows, chosen = training_rows(tree), positions_of(tree, features)
    kind = rows.columns[chosen[0]].kind
    if kind == "real":
        return None
    if principal_components is not None:
        what = "counts" if kind == "count" else "levels"
        raise ValueError(f"principal_components is for real numbers, and these are {what}: choose features= instead.")
    marginal = marginal_of(tree)
    together = kind == "binary" and not apart
    if features is None:
        chosen = most_separating(marginal, _MOST_ITEMS if together else MOST_FEATURES)
    panels = (chosen,) if together else tuple([j] for j in chosen)
    return Discrete(rows, marginal, panels, left_out(chosen, marginal), apart)


def draw_discrete(figure: Figure, picture: Discrete, ci_prob: float, ax: Axes | None) -> None:
    """Draw every panel, into the user's axes where there are any."""
    axes = panels_of(figure, len(picture.panels)) if ax is None else [ax]
    for one, panel in zip(axes, picture.panels, strict=True):
        draw_panel(one, picture, panel, ci_prob)
    if picture.counts:
        for one in axes[:: grid(len(axes))[0]]:
            one.set_ylabel("share of the rows")
    add_legend_below(figure, ax, handles_of(picture, ci_prob), picture.note)


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
    for k in marginal.groups:
        style = {"color": colour(k), "linestyle": dashes(k), "marker": marker(k)}
        ax.plot(middle, groups[k], markersize=small, linewidth=1, **style)
    ax.plot(middle, mixture.mean(axis=0), linestyle="none", marker="o", markersize=small, color=ink())
    if marginal.n_draws > 1:
        ax.vlines(middle, *credible_interval(mixture.T, ci_prob).T, color=ink(), linewidth=1.2)
    shares_upwards(ax)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def draw_levels(ax: Axes, picture: Discrete, panel: list[int], ci_prob: float) -> None:
    """Draw the probability of each level in each group, and the share of all rows that has it."""
    shown, styles = picture.shown_levels(panel), picture.bars
    longest, n_ticks = _LONGEST_LEVEL[picture.narrow], _TICKS[picture.narrow]
    places, height = np.arange(len(shown)), _FILLED / len(styles)
    groups = np.stack([picture.marginal.of([j]).of_groups([level])[..., 0] for j, level in shown], axis=-1)
    if not picture.marginal.named:
        groups = np.einsum("sk,skl->sl", picture.marginal.weights, groups)[:, None]
    for k, style in enumerate(styles):
        at = places + (k - (len(styles) - 1) / 2) * height
        ax.barh(at, groups[:, k].mean(axis=0), height=0.92 * height, **style)
        if len(groups) > 1:
            ax.hlines(at, *credible_interval(groups[:, k].T, ci_prob).T, color=ink(), linewidth=1.2)
    seen = [float(np.mean(_of_seen(picture.rows, j) == level)) for j, level in shown]
    ax.vlines(seen, places - 0.5, places + 0.5, color=ink(), linewidth=1.6, linestyle=(0, (2, 1)))
    ax.set_yticks(places, [shortened(_level_name(picture.rows, j, level), longest) for j, level in shown])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=n_ticks))


def draw_panel(ax: Axes, picture: Discrete, panel: list[int], ci_prob: float) -> None:
    """Draw one panel with its name."""
    name = shortened(picture.rows.labels[panel[0]], _LONGEST_NAME[picture.narrow])
    column = picture.rows.columns[panel[0]]
    if picture.counts:
        draw_counts(ax, _of_seen(picture.rows, panel[0]), picture.marginal.of(panel), ci_prob)
        ax.set_xlabel(name)
        return
    draw_levels(ax, picture, panel, ci_prob)
    ax.set_xlabel("probability" if column.levels else "probability of a one")
    shown, n_levels = len(picture.shown_levels(panel)), len(column.levels)
    which = "which separate the groups best" if picture.marginal.named else "the first"
    of_levels = f": {shown} of {n_levels} levels,\n{which}" if shown < n_levels else ""
    ax.set_title(f"{name}{of_levels}" if n_levels else "")


def handles_of(picture: Discrete, ci_prob: float) -> list[Artist]:
    """Return the entries of the legend."""
    marginal, handles = picture.marginal, []
    for k, share in zip(marginal.groups, marginal.weights.mean(axis=0), strict=False):
        label = f"{marginal.group(k)}: {share:.0%}"
        if picture.counts:
            style = {"color": colour(k), "linestyle": dashes(k), "marker": marker(k), "markersize": 4}
            handles.append(Line2D([], [], label=label, **style))
        else:
            handles.append(Patch(**area(k), label=label))
    if picture.counts:
        handles.append(Patch(facecolor=MUTED, alpha=0.3, label="share of the rows"))
        handles.append(Line2D([], [], color=ink(), linestyle="none", marker="o", markersize=4, label="probability"))
    else:
        if not marginal.named:
            handles.append(Patch(**picture.bars[0], label="probability"))
        handles.append(Line2D([], [], color=ink(), linestyle=(0, (2, 1)), linewidth=1.6, label="share of all rows"))
    if marginal.n_draws > 1:
        handles.append(Line2D([], [], color=ink(), linewidth=1.2, label=f"{ci_prob:.0%} interval"))
    return handles


def _of_seen(rows: Rows, j: int) -> np.ndarray:
    """What was seen of a column."""
    values = rows.values[:, j]
    return values[~np.isnan(values)]


def _level_name(rows: Rows, j: int, level: int) -> str:
    levels = rows.columns[j].levels
    return levels[level] if levels else rows.labels[j]
