"""Traces of the components before and after relabelling."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import bare_figure, checked_size, house_style, ink, shortened, shown_figure
from bayesmix.plots.legend import columns_below
from bayesmix.plots.palette import FAINT, colour, dashes
from bayesmix.plots.view import left_out, most_separating
from bayesmix.posterior.labels.apply import permutations_of, undo
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.margins import marginal_of, positions_of
from bayesmix.tree import draws_of, family_of, record_of, training_rows
from bayesmix.vocabulary import named_arguments

# Features that are traced unless some are chosen.
_MOST_FEATURES = 2
# More points than this become pixels: every draw is shown, for one switch in a thousand counts.
_MOST_POINTS = 4000
_SHOWN = (0.005, 0.995)
# Bold steps are medians of so many parts of a chain: enough to follow a switch, few enough to be calm.
_PARTS = 20
# Characters of a name that fit along the height of a panel.
_LONGEST_NAME = 20


@named_arguments
def plot_labels(
    tree: xr.DataTree | EMResult,
    *,
    features: str | Sequence[str] | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw traces of the components with the labels of the sampler, and after relabelling.

    Label switching shows as traces that exchange their places; after relabelling each keeps its own. The chains stand
    side by side, and rare excursions are cut off; bold steps are running medians, with the line style of the
    group. The labels of the sampler are recovered by undoing ``sample_stats.permutation``.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        With more than one draw. Without relabelling there is one column.
    features : str or sequence of str, optional
        The features whose centres (rates, probabilities) are traced below the weights; by default the two that tell
        the groups apart best. Of a feature with levels, its level that does.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When a feature is unknown, or the tree has a single draw.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> figure = bm.plot_labels(tree, features="waiting")
    >>> figure.savefig("api-plot_labels.png")
    """
    tree = heeded_with_names(tree, "plot_labels")
    chosen = _traced(tree, features)
    figure = shown_figure(checked_size(figsize, _size(tree, len(chosen))))
    _draw(figure, tree, chosen)
    return figure


def draw_labels(tree: xr.DataTree) -> Figure:
    """Return the picture of :func:`plot_labels`, for a file: pyplot does not know it."""
    chosen = _traced(tree, None)
    figure = bare_figure(_size(tree, len(chosen)))
    _draw(figure, tree, chosen)
    return figure


def _traced(tree: xr.DataTree, features: str | Sequence[str] | None) -> list[int]:
    """Return the positions of the features to trace."""
    record = record_of(tree)
    sizes = tree["posterior"].to_dataset().sizes
    if sizes["chain"] * sizes["draw"] == 1:
        raise ValueError(f"The tree is a point estimate ({record['method']}): one draw makes no trace.")
    if features is not None:
        return positions_of(tree, features)
    return most_separating(marginal_of(tree), _MOST_FEATURES)


def _size(tree: xr.DataTree, n_features: int) -> tuple[float, float]:
    width = 9.0 if "relabelling" in record_of(tree) else 5.6
    return width, 1.6 * (1 + n_features) + 0.9


def _draw(figure: Figure, tree: xr.DataTree, chosen: list[int]) -> None:
    record = record_of(tree)
    titles, columns = ["labels of the sampler"], [tree]
    if "relabelling" in record:
        permutations = permutations_of(tree)
        renamed = int((permutations != np.arange(permutations.shape[-1])).any(axis=-1).sum())
        total = permutations[..., 0].size
        titles.append(f"relabelled ({record['relabelling']['method']}): {renamed:,} of {total:,} draws renamed")
        columns = [undo(tree), tree]
    marginal, rows = marginal_of(tree), training_rows(tree)
    lie = marginal.family.summaries(marginal.params, rows)[0]
    # of a feature with levels the one in which the groups lie furthest apart
    entries = marginal.telling()[chosen].tolist()
    names = [shortened(lie.entries[i], _LONGEST_NAME) for i in entries]
    with house_style():
        axes = figure.subplots(1 + len(chosen), len(columns), squeeze=False, sharex=True, sharey="row")
        for column, one in enumerate(columns):
            weights, params = draws_of(one)
            locations = family_of(one).summaries(params, training_rows(one))[0]
            traces = [weights, *(locations.values[..., i] for i in entries)]
            for ax, trace in zip(axes[:, column], traces, strict=True):
                _draw_trace(ax, trace)
            axes[0, column].set_title(titles[column])
        for ax, name in zip(axes[:, 0], ["weight", *(f"{lie.name} of\n{name}" for name in names)], strict=True):
            ax.set_ylabel(name)
        figure.align_ylabels(axes[:, 0])
        note = left_out(chosen, marginal)
        handles = [
            Line2D([], [], color=colour(k), linestyle=dashes(k), linewidth=2, label=marginal.group(k))
            for k in range(record["n_components"])
        ]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=columns_below(figure, handles), title=note or None
        )


def _draw_trace(ax: Axes, trace: np.ndarray) -> None:
    """Draw the components (chain, draw, K) of one variable."""
    n_chains, n_draws, n_components = trace.shape
    steps = np.arange(n_draws)
    for chain in range(n_chains):
        start = chain * n_draws
        if chain:
            ax.axvline(start - 0.5, color=FAINT, linewidth=0.8, zorder=1)
        for k in range(n_components):
            ax.plot(
                start + steps,
                trace[chain, :, k],
                color=colour(k),
                linewidth=0.5,
                alpha=0.55,
                marker="." if n_draws == 1 else "none",
                zorder=2,
                rasterized=trace.size > _MOST_POINTS,
            )
            places, medians = _running_median(trace[chain, :, k])
            style = {"linewidth": 1.6, "linestyle": dashes(k), "zorder": 3 + 0.01 * k}
            ax.plot(start + places, medians, color=ink(), linewidth=2.6, alpha=0.35, zorder=3)
            ax.plot(start + places, medians, color=colour(k), **style)
    # An empty component follows its prior, now and then very far: its excursions are cut off.
    low, high = np.quantile(trace, _SHOWN)
    margin = 0.15 * (high - low)
    ax.set_ylim(low - margin, high + margin)
    ax.set_xlim(-0.5, n_chains * n_draws - 0.5)
    ax.set_xticks((np.arange(n_chains) + 0.5) * n_draws - 0.5, [f"chain {chain}" for chain in range(n_chains)])
    ax.tick_params(axis="x", length=0)


def _running_median(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return corners of the steps through the medians of successive parts."""
    parts = np.array_split(np.arange(len(values)), min(_PARTS, len(values)))
    places = np.array([(part[0] - 0.5, part[-1] + 0.5) for part in parts])
    return places.ravel(), np.repeat([float(np.median(values[part])) for part in parts], 2)
