"""Who belongs with whom: the posterior similarity of all pairs of rows."""

import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import bare_figure, checked_size, house_style, ink, shown_figure
from bayesmix.plots.palette import COLOURS, PAPER
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import check_no_noise
from bayesmix.posterior.partitions.overview import Overview
from bayesmix.vocabulary import named_arguments

_SIZE = (6.2, 5.2)
# A group with a smaller share of the rows has no room for its number.
_NAMED = 0.03


@named_arguments
def plot_similarity(tree: xr.DataTree | EMResult, *, figsize: tuple[float, float] | None = None) -> Figure:
    """Draw the posterior probability that two rows belong together, for all pairs of rows.

    Rows stand in the order of :func:`bayesmix.partition`, its groups by decreasing size; within a group the leaves of a
    hierarchical clustering (average linkage, optimal order) put similar rows side by side. Lines part the groups. What
    is dark outside them is a pair that may well be together; what is pale inside is one that may not.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        By any engine, of a given or an unknown number of components. Of more than 600 rows so many are shown, evenly
        chosen, and the picture says so.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    References
    ----------
    Bar-Joseph, Gifford and Jaakkola (2001), Fast optimal leaf ordering for hierarchical clustering, Bioinformatics 17.

    Examples
    --------
    >>> import bayesmix as bm
    >>> penguins = bm.datasets.load_penguins()[["bill_length_mm", "bill_depth_mm"]].dropna()
    >>> tree = bm.Mixture(3).fit_nuts(penguins, random_seed=1, progressbar=False)
    >>> figure = bm.plot_similarity(tree)
    >>> figure.savefig("api-plot_similarity.png")
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.plot_similarity")
    figure = shown_figure(checked_size(figsize, _SIZE))
    _draw(figure, Overview(tree))
    return figure


def draw_similarity(seen: Overview) -> Figure:
    """Return the picture of :func:`plot_similarity`, for a file: pyplot does not know it."""
    figure = bare_figure(_SIZE)
    _draw(figure, seen)
    return figure


def _draw(figure: Figure, seen: Overview) -> None:
    labels = seen.partition["label"].values[seen.shown]
    n_shown, n_groups = len(labels), len(np.unique(labels))
    edges = np.flatnonzero(np.diff(labels)) + 0.5
    with house_style():
        ax = figure.add_subplot()
        colours = LinearSegmentedColormap.from_list("together", [PAPER, COLOURS[0]])
        image = ax.imshow(seen.similarity, cmap=colours, vmin=0, vmax=1, interpolation="nearest")
        for edge in edges:
            ax.axhline(edge, color=ink(), linewidth=0.6)
            ax.axvline(edge, color=ink(), linewidth=0.6)
        middles = [(label, np.flatnonzero(labels == label)) for label in np.unique(labels)]
        named = [(label, rows.mean()) for label, rows in middles if rows.size >= _NAMED * n_shown]
        ax.set_yticks([place for _, place in named], [f"{label}" for label, _ in named])
        ax.set_xticks([])
        ax.tick_params(axis="y", length=0)
        ax.set_ylabel("group of the partition")
        thinned = "" if n_shown == seen.n_rows else f" ({n_shown:,} of {seen.n_rows:,} shown)"
        ax.set_xlabel(f"rows, by group and similarity{thinned}")
        groups = "1 group" if n_groups == 1 else f"{n_groups} groups"
        ax.set_title(f"Probability that two rows belong together; {groups}")
        bar = figure.colorbar(image, ax=ax, shrink=0.7, pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label("probability")
