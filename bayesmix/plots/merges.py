"""The tree of merges of components, beside the entropy that is left at each number of groups."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import checked_size, house_style, ink, shown_figure
from bayesmix.plots.palette import MUTED, colour
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.merging import merge
from bayesmix.vocabulary import named_arguments


@named_arguments
def plot_merge(
    tree: xr.DataTree | EMResult,
    *,
    n_groups: int | None = None,
    cutoff: float = 0.025,
    ci_prob: float | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw which components are merged into groups, in which order, and what that does to the entropy.

    Left: the tree of :func:`bayesmix.merge`. A join is as high as the entropy that all merges up to it take away, and
    says how probable it is that its two groups overlap; solid lines are merges that are made, in the colour of the
    group, dashed grey ones those beyond the cut. Right: the entropy at each number of groups, with its interval; the
    ring is at the cut. Where the curve has an elbow, what overlapped has been merged.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Of more than one component.
    n_groups, cutoff, ci_prob : int or None, float, float or None
        As :func:`bayesmix.merge` takes them.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When there is one component, or an argument is refused by :func:`bayesmix.merge`.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(4).fit_gibbs(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> bm.plot_merge(tree).savefig("api-plot_merge.png")
    """
    tree = heeded_with_names(tree, "plot_merge")
    size = checked_size(figsize, (8.6, 4.2))
    found = merge(tree, n_groups=n_groups, cutoff=cutoff, ci_prob=ci_prob)
    if found.sizes["component"] == 1:
        raise ValueError("plot_merge draws merges of components, and the tree has one.")
    figure = shown_figure(size)
    with house_style():
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _draw_tree(left, found)
        _draw_entropy(right, found)
    return figure


def _draw_tree(ax: Axes, found: xr.Dataset) -> None:
    merged, n_components = found["merged"].values, found.sizes["component"]
    heights = np.append(np.zeros(n_components), np.maximum.accumulate(found["step_entropy"].values.cumsum()))
    group = dict(enumerate(found["group_of"].values.tolist()))
    order = _leaves(n_components + len(merged) - 1, merged, n_components)
    places = {k: float(order.index(k)) for k in range(n_components)}
    for step, pair in enumerate(merged.tolist()):
        one, other = sorted(pair, key=lambda node: places[node])
        node, top = n_components + step, heights[n_components + step]
        inside = group[one] == group[other] and group[one] >= 0
        group[node] = group[one] if inside else -1
        places[node] = 0.5 * (places[one] + places[other])
        style: Any = {"color": colour(group[one]), "linewidth": 2.0} if inside else {"color": MUTED, "linestyle": "--"}
        ax.plot(
            [places[one], places[one], places[other], places[other]], [heights[one], top, top, heights[other]], **style
        )
        ax.annotate(
            f"{found['step_overlap_probability'].values[step]:.0%}",
            (places[node], top),
            xytext=(4, 3),
            textcoords="offset points",
            color=ink(),
        )
    ax.set_xticks(range(n_components), [str(k) for k in order])
    for tick, k in zip(ax.get_xticklabels(), order, strict=True):
        tick.set_color(colour(group[k]))
    ax.set_ylim(0, 1.12 * max(heights[-1], 1e-12))
    ax.margins(x=0.08)
    ax.set_xlabel("component")
    ax.set_ylabel("entropy taken away (nats)")
    ax.set_title("merges, and how probably the two overlap")


def _leaves(node: int, merged: np.ndarray, n_components: int) -> list[int]:
    """Components below a node, from left to right, so that no lines cross."""
    if node < n_components:
        return [node]
    return [k for side in merged[node - n_components].tolist() for k in _leaves(side, merged, n_components)]


def _draw_entropy(ax: Axes, found: xr.Dataset) -> None:
    number, entropy = found["number"].values, found["tree_entropy"].values
    low, high = found["tree_entropy_interval"].values.T
    ax.vlines(number, low, high, color=MUTED, linewidth=3, alpha=0.5)
    ax.plot(number, entropy, color=ink(), marker="o", markersize=4, linewidth=1.4)
    cut = found.sizes["group"]
    ring: Any = {
        "marker": "o",
        "markersize": 12,
        "markerfacecolor": "none",
        "markeredgecolor": ink(),
        "linestyle": "none",
    }
    ax.plot([cut], [entropy[number == cut][0]], **ring)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(bottom=0)
    ax.set_xlabel("groups")
    ax.set_ylabel("entropy of memberships (nats)")
