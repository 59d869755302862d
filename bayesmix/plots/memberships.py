"""Who belongs where: the rows' probabilities of belonging to each group, and the unsure ones."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import bare_figure, checked_size, house_style, ink, shortened, shown_figure
from bayesmix.plots.palette import INK, MUTED, PAPER, area
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.margins import evenly
from bayesmix.posterior.membership import UNSURE, in_doubt, responsibilities
from bayesmix.vocabulary import named_arguments

# Rows named one by one, and rows that the overview draws.
NAMED_ROWS = 12
_MOST_ROWS = 600
_SIZE = (8.6, 4.6)
_FEWEST_BARS = 5  # room for so many, so that one is no wall
# The interval is a pale veil over the colours, on light and dark pages alike.
_VEIL: dict[str, Any] = {"facecolor": "#ffffff", "alpha": 0.5}
# Why a row is in doubt: the parts of its entropy.
_REASONS: dict[str, tuple[str, dict[str, Any]]] = {
    "entropy_overlap": ("why: overlap", {"facecolor": MUTED, "edgecolor": PAPER, "linewidth": 0.6}),
    "entropy_parameters": ("why: few data", {"facecolor": INK, "edgecolor": PAPER, "linewidth": 0.6}),
}


@named_arguments
def plot_responsibilities(tree: xr.DataTree | EMResult, *, figsize: tuple[float, float] | None = None) -> Figure:
    """Draw the probability that each row belongs to each group.

    Left, all training rows: sorted by label and then by its probability, the probabilities of one
    row stacked to one, the label's at the bottom; the band is the posterior interval of the label's
    probability. Right, the rows in doubt, whose most probable group has less than 90 %, by name, the hardest to place
    first, with the same interval; and beside each of them why: its entropy, as a share of the highest there can be, is
    the sum of what comes from the overlap of the groups and of what more data would tell. Where no row is in doubt, the
    left picture stands alone.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        An EMResult gives the same picture without intervals and reasons, of which a point estimate knows none.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import bayesmix as bm
    >>> penguins = bm.datasets.load_penguins()[["bill_length_mm", "bill_depth_mm"]].dropna()
    >>> tree = bm.Mixture(3).fit_nuts(penguins, random_seed=1, progressbar=False)
    >>> figure = bm.plot_responsibilities(tree)
    >>> figure.savefig("api-plot_responsibilities.png")
    """
    tree = heeded_with_names(tree, "plot_responsibilities")
    figure = shown_figure(checked_size(figsize, _SIZE))
    _draw(figure, responsibilities(tree), sampled=_is_sampled(tree))
    return figure


def draw_responsibilities(tree: xr.DataTree) -> Figure:
    """Return the picture of :func:`plot_responsibilities`, for a file: pyplot does not know it."""
    figure = bare_figure(_SIZE)
    _draw(figure, responsibilities(tree), sampled=_is_sampled(tree))
    return figure


def _is_sampled(tree: xr.DataTree) -> bool:
    sizes = tree["posterior"].to_dataset().sizes
    return sizes["chain"] * sizes["draw"] > 1


def _draw(figure: Figure, membership: xr.Dataset, *, sampled: bool) -> None:
    n_components = membership.sizes["component"]
    interval = _interval_of_label(membership) if sampled else None
    with house_style():
        if n_components == 1 and not _has_noise(membership):
            _draw_all(figure.add_subplot(), membership, None)
            return
        doubtful = in_doubt(membership)
        handles: list[Any] = [Patch(**area(k)) for k in range(n_components)]
        names = membership.coords.get("name")
        labels = [f"group {k}" for k in range(n_components)] if names is None else names.values.tolist()
        if _has_noise(membership):
            handles.append(Patch(**area(-1)))
            labels.append("noise")
        if sampled:
            handles.append((Patch(**area(0)), Patch(**_VEIL)))
            marks = "pale, or whiskers" if len(doubtful) else "pale"
            labels.append(f"{marks}: {membership.attrs['ci_prob']:.0%} interval")
        if not len(doubtful):
            _draw_all(figure.add_subplot(), membership, interval)
        else:
            left, right, *beside = figure.subplots(1, 2 + sampled, width_ratios=(1.7, 1, 0.5)[: 2 + sampled])
            _draw_all(left, membership, interval)
            _draw_rows(right, membership, interval, doubtful[:NAMED_ROWS])
            for reasons in beside:
                _draw_reasons(reasons, membership, doubtful[:NAMED_ROWS])
                handles += [Patch(**style) for _, style in _REASONS.values()]
                labels += [said for said, _ in _REASONS.values()]
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(handles), 5))


def _interval_of_label(membership: xr.Dataset) -> np.ndarray:
    label = membership["label"].values
    bounds = membership["probability_interval"].transpose("obs", "component", "ci_bound").values
    if _has_noise(membership):
        of_noise = membership["noise_probability_interval"].transpose("obs", "ci_bound").values
        bounds = np.concatenate([bounds, of_noise[:, None]], axis=1)
    return bounds[np.arange(len(label)), label]


def _has_noise(membership: xr.Dataset) -> bool:
    return "noise_probability" in membership


def _probabilities(membership: xr.Dataset) -> np.ndarray:
    """Of the groups (N, K), and of noise, which comes last: its label is -1."""
    probability = membership["probability"].values
    if not _has_noise(membership):
        return probability
    return np.column_stack([probability, membership["noise_probability"].values])


def _label_first(membership: xr.Dataset, label: int) -> list[int]:
    every = [*range(membership.sizes["component"]), *([-1] if _has_noise(membership) else [])]
    return [label, *(k for k in every if k != label)]


def _draw_all(ax: Axes, membership: xr.Dataset, interval: np.ndarray | None) -> None:
    label, probability = membership["label"].values, _probabilities(membership)
    order = np.lexsort((-membership["label_probability"].values, label))
    shown = order[evenly(len(order), _MOST_ROWS)]
    for k in np.unique(label[shown]):
        places = np.flatnonzero(label[shown] == k)
        rows = shown[places]
        # Half a row on either side, so that a group of one row has a width, too.
        edges = np.concatenate([places - 0.5, [places[-1] + 0.5]])
        floor = np.zeros(len(rows))
        for component in _label_first(membership, int(k)):
            height = floor + probability[rows, component]
            ax.stairs(height, edges, baseline=floor, fill=True, **area(component))
            floor = height
        if interval is not None:
            ax.stairs(
                interval[rows, 1],
                edges,
                baseline=interval[rows, 0],
                fill=True,
                linewidth=0,
                **_VEIL,
            )
        ax.axvline(edges[-1], color=PAPER, linewidth=1.2)
    ax.set_xlim(-0.5, len(shown) - 0.5)
    ax.set_ylim(0, 1)
    thinned = "" if len(shown) == len(order) else f" ({len(shown):,} of {len(order):,} shown)"
    ax.set_xlabel(f"rows, sorted by group and certainty{thinned}")
    ax.set_ylabel("probability")
    if probability.shape[1] == 1:
        ax.set_title(f"One group: all {len(order):,} rows belong to it")
        return
    ax.set_title(f"All {len(order):,} rows; {len(in_doubt(membership)):,} unsure (below {UNSURE:.0%})")


def _draw_rows(ax: Axes, membership: xr.Dataset, interval: np.ndarray | None, rows: np.ndarray) -> None:
    probability, label = _probabilities(membership), membership["label"].values
    places = np.arange(len(rows))
    for place, row in zip(places, rows, strict=True):
        floor = 0.0
        for component in _label_first(membership, int(label[row])):
            width = probability[row, component]
            ax.barh(place, width, left=floor, height=0.72, **{**area(component), "linewidth": 0.6})
            floor += width
        if interval is not None:
            ax.hlines(place, *interval[row], color=ink(), linewidth=1.4, clip_on=False)
            ends = {"color": ink(), "linewidth": 1.4, "clip_on": False}
            ax.vlines(interval[row], place - 0.2, place + 0.2, **ends)
    names = [shortened(name, 22) for name in membership["obs"].values[rows]]
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(len(rows), _FEWEST_BARS) - 0.5, -0.5)  # the hardest at the top
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.set_xlabel("probability")
    ax.set_title("Hardest to place")


def _draw_reasons(ax: Axes, membership: xr.Dataset, rows: np.ndarray) -> None:
    highest = np.log(membership.sizes["component"] + _has_noise(membership))
    places, floor = np.arange(len(rows)), np.zeros(len(rows))
    for name, (_, style) in _REASONS.items():
        width = membership[name].values[rows] / highest
        ax.barh(places, width, left=floor, height=0.72, **style)
        floor = floor + width
    ax.set_yticks([])
    ax.set_ylim(max(len(rows), _FEWEST_BARS) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 1], ["0", "1"])
    ax.set_xlabel("entropy")
    ax.set_title("Why")
