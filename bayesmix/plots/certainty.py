"""Where the unsure rows are: points by the entropy of their responsibilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bayesmix.engines.em import EMResult
from bayesmix.plots.discrete import Discrete, discrete_of
from bayesmix.plots.frame import checked_size, figure_of, house_style, ink, shortened, shown_figure
from bayesmix.plots.legend import add_legend_below, ellipse_handle, legend_columns, noise_handles
from bayesmix.plots.pairs import add_matrix_legend, draw_matrix
from bayesmix.plots.palette import colour, dashes, marker
from bayesmix.plots.panels import beside_each_other, grid, name_values, panels_of
from bayesmix.plots.two_features import draw_ellipses, number_groups
from bayesmix.plots.view import View, view_of
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.margins import Marginal, evenly
from bayesmix.posterior.membership import UNSURE, in_doubt, responsibilities
from bayesmix.vocabulary import named_arguments

# Of many rows the most uncertain are drawn, and others evenly over the order of their entropy; all of them smaller.
_MOST_UNCERTAIN = 200
_MOST_OTHERS = 4800
_MANY_ROWS = 1500
# Areas of markers in points squared and opacity, at no entropy and at the highest.
_AREAS = (9.0, 75.0)
_OPACITY = (0.35, 0.95)
_IN_LEGEND = (0.0, 0.5, 1.0)


@named_arguments
def plot_uncertainty(
    tree: xr.DataTree | EMResult,
    *,
    features: str | Sequence[str] | None = None,
    principal_components: int | None = None,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw the rows by how uncertain their group is.

    The larger and the more opaque a row, the higher the entropy of its responsibilities, as a share of the highest
    there can be: 0 is certain, 1 is no idea (each group equally probable). Colour and marker say the most probable
    group. One feature: the entropy is also the height. Two: the ellipses hold 90 % of each group. More: a matrix of
    all pairs. Counts and levels: one panel for each feature, the entropy as height, rows of one value side by side.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    features : str or sequence of str, optional
        The features to show, by name; by default all, and of more than five the five that separate the groups
        best.
    principal_components : int, optional
        Show so many leading principal components of these features (of all by default) in their place.
    ax : matplotlib.axes.Axes, optional
        Where to draw one or two features; of counts and levels, one.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure
        Of more than 5000 rows the 200 most uncertain are drawn and 4800 of the others, evenly over their entropy.

    Raises
    ------
    ValueError
        When a feature is unknown, there are not so many principal components, these rows have none, or ``ax`` is given
        for more features than it holds.

    Examples
    --------
    >>> import bayesmix as bm
    >>> penguins = bm.datasets.load_penguins()[["bill_length_mm", "bill_depth_mm"]].dropna()
    >>> tree = bm.Mixture(3).fit_nuts(penguins, random_seed=1, progressbar=False)
    >>> figure = bm.plot_uncertainty(tree)
    >>> figure.savefig("api-plot_uncertainty.png")
    """
    tree = heeded_with_names(tree, "plot_uncertainty")
    picture = discrete_of(tree, features, principal_components, apart=True)
    picture = picture or view_of(tree, features, principal_components)
    figure = figure_of(ax, picture.needs) or shown_figure(checked_size(figsize, picture.inches))
    membership = responsibilities(tree)
    with house_style(ax):
        if isinstance(picture, Discrete):
            _draw_discrete(figure, membership, picture, ax)
        else:
            _draw_continuous(figure, membership, picture, ax)
    return figure


def relative_entropy(membership: xr.Dataset) -> np.ndarray:
    """Return the entropy of each row as a share of the highest, ``log K``; zero where there is one group.

    Noise counts as one group more.
    """
    n_components = membership.sizes["component"] + ("noise_probability" in membership)
    entropy = membership["entropy"].values
    return entropy / np.log(n_components) if n_components > 1 else np.zeros_like(entropy)


def _draw_discrete(figure: Figure, membership: xr.Dataset, picture: Discrete, ax: Axes | None) -> None:
    label, entropy = membership["label"].values, relative_entropy(membership)
    rows = _shown(entropy)
    scale = 0.6 * (0.4 if len(rows) > _MANY_ROWS else 1.0)
    axes = panels_of(figure, len(picture.panels)) if ax is None else [ax]
    for panel, (j,) in zip(axes, picture.panels, strict=True):
        column = picture.rows.columns[j]
        places = beside_each_other(picture.rows.values[rows, j])
        _draw_rows(panel, np.column_stack([places, entropy[rows]]), label[rows], entropy[rows], scale)
        panel.set_ylim(-0.04, 1.04)
        panel.set_xlabel(shortened(column.label))
        name_values(panel, column)
    for panel in axes[:: grid(len(axes))[0]]:
        panel.set_ylabel("entropy as a share\nof the highest")
    if ax is None:
        figure.suptitle(_title(membership, len(rows)), x=0.01, horizontalalignment="left", fontsize=10)
    else:
        ax.set_title(_title(membership, len(rows)))
    add_legend_below(figure, ax, _handles(picture.marginal, scale, lines=False), picture.note)


def _draw_continuous(figure: Figure, membership: xr.Dataset, view: View, ax: Axes | None) -> None:
    label, entropy = membership["label"].values, relative_entropy(membership)
    rows = _shown(entropy)

    def draw_single(panel: Axes, j: int) -> None:
        _draw_rows(panel, np.column_stack([view.values[:, j], entropy])[rows], label[rows], entropy[rows], scale)
        panel.set_ylim(-0.04, 1.04)

    def draw_pair(panel: Axes, pair: list[int]) -> None:
        _draw_rows(panel, view.values[np.ix_(rows, pair)], label[rows], entropy[rows], scale)
        draw_ellipses(panel, view.marginal.of(pair), width=0.8)

    scale = (0.6 if view.size > 2 else 1.0) * (0.4 if len(rows) > _MANY_ROWS else 1.0)
    handles = _handles(view.marginal, scale, lines=view.size > 1)
    if view.size > 2:
        draw_matrix(figure, view, draw_single, draw_pair)
        add_matrix_legend(figure, view, handles, "on the diagonal: entropy as height")
        return
    target = figure.add_subplot() if ax is None else ax
    if view.size == 1:
        draw_single(target, 0)
        target.set_ylabel("entropy as a share of the highest")
    else:
        draw_pair(target, [0, 1])
        target.set_ylabel(view.names[1])
        target.set_ylim(*view.limits[1])
        number_groups(target, view.marginal)
    target.set_xlim(*view.limits[0])
    target.set_xlabel(view.names[0])
    target.set_title(_title(membership, len(rows)))
    if ax is None:
        figure.legend(handles=handles, loc="outside right upper", ncols=legend_columns(handles))
    else:
        target.legend(handles=handles, loc="best")


def _shown(entropy: np.ndarray) -> np.ndarray:
    """Return the positions of the rows to draw, the least certain last and so on top."""
    order = np.argsort(entropy, kind="stable")
    if len(order) <= _MOST_UNCERTAIN + _MOST_OTHERS:
        return order
    others = order[:-_MOST_UNCERTAIN]
    return np.concatenate([others[evenly(len(others), _MOST_OTHERS)], order[-_MOST_UNCERTAIN:]])


def _draw_rows(ax: Axes, values: np.ndarray, label: np.ndarray, entropy: np.ndarray, scale: float) -> None:
    opacity: Any = np.interp(entropy, (0, 1), _OPACITY)
    for k in np.unique(label):
        own = label == k
        ax.scatter(
            *values[own].T,
            s=scale * np.interp(entropy[own], (0, 1), _AREAS),
            alpha=opacity[own],
            color=colour(k),
            marker=marker(k),
            linewidths=0.8 if k < 0 else 0,
            # The least certain rows of all groups lie above the certain ones of any.
            zorder=2 + 0.5 * float(entropy[own].mean()),
            rasterized=len(values) > _MANY_ROWS,
        )


def _title(membership: xr.Dataset, n_shown: int) -> str:
    n_rows = membership.sizes["obs"]
    if membership.sizes["component"] == 1 and "noise_probability" not in membership:
        return f"One group: all {n_rows:,} rows belong to it"
    n_unsure = len(in_doubt(membership))
    shown = "" if n_shown == n_rows else f"\n{n_shown:,} shown, the {_MOST_UNCERTAIN:,} most uncertain among them"
    return f"{n_unsure:,} of {n_rows:,} rows are unsure (below {UNSURE:.0%}){shown}"


def _handles(marginal: Marginal, scale: float, *, lines: bool) -> list[Artist]:
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            color=colour(k),
            linestyle=dashes(k) if lines else "none",
            linewidth=0.8,
            marker=marker(k),
            markersize=6,
            label=f"{marginal.group(k)}: {share:.0%}",
        )
        for k, share in enumerate(marginal.shares.mean(axis=0))
    ]
    handles += noise_handles(marginal)
    if lines:
        handles.append(ellipse_handle(width=0.8))
    if marginal.n_components == 1 and not marginal.family.has_noise:
        return handles
    words = {0.0: "entropy 0: certain", 1.0: "entropy 1: no idea"}
    for entropy in _IN_LEGEND:
        handles.append(
            Line2D(
                [],
                [],
                color=ink(),
                alpha=float(np.interp(entropy, (0, 1), _OPACITY)),
                linestyle="none",
                marker="o",
                markeredgewidth=0,
                markersize=float(np.sqrt(scale * np.interp(entropy, (0, 1), _AREAS))),
                label=words.get(entropy, f"entropy {entropy:g}"),
            )
        )
    return handles
