"""One feature given another: the regression that a mixture is."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import checked_size, figure_of, house_style, ink, shown_figure
from bayesmix.plots.palette import MUTED
from bayesmix.posterior.given_values import conditional
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import check_no_noise, evenly, positions_of
from bayesmix.tree import columns_of, training_rows
from bayesmix.vocabulary import named_arguments

_POINTS = 80
_MARGIN = 0.05  # of the given feature's range, beyond the rows
_MOST_ROWS = 5000
_NEW_ROW, _CURVE = 0.13, 0.35  # how opaque the two bands are


@named_arguments
def plot_conditional(
    tree: xr.DataTree | EMResult,
    feature: str,
    given: str,
    *,
    ci_prob: float | None = None,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw the mean of one feature given another, and how far new rows lie from it.

    The line is the mean of :func:`bayesmix.conditional` over the range of the given feature; the dark band holds the
    mean itself, the light one a new value. Points are the rows on which the mixture was fitted. All other features are
    left open.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        An EMResult has no dark band: its mean is one curve.
    feature : str
        The feature that is asked for, by name.
    given : str
        The feature that is known.
    ci_prob : float, optional
        Probability inside both bands; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When a feature is unknown, both are the same, or one has levels, which have no mean and no order.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> bm.plot_conditional(tree, "eruptions", given="waiting").savefig("api-plot_conditional.png")
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.plot_conditional")
    columns = columns_of(tree)
    (asked,), (known,) = positions_of(tree, feature), positions_of(tree, given)
    if asked == known:
        raise ValueError(f"feature and given are both {columns[asked].name!r}: name two features.")
    for argument, j in (("feature", asked), ("given", known)):
        if columns[j].kind == "categorical":
            raise ValueError(
                f"{argument}={columns[j].name!r} has levels, which have no mean and no order: "
                "bm.conditional gives their probabilities."
            )
    values = training_rows(tree).values[:, [known, asked]]
    values = values[~np.isnan(values).any(axis=1)]
    grid = _grid(values[:, 0], columns[known].kind != "real")
    found = conditional(tree, {columns[known].name: grid}, features=columns[asked].name, ci_prob=ci_prob)
    found = found.isel(feature=0)
    figure = figure_of(ax, "") or shown_figure(checked_size(figsize, (6.0, 4.2)))
    with house_style(ax):
        ax = figure.subplots() if ax is None else ax
        shown = values[evenly(len(values), _MOST_ROWS)]
        ax.plot(*shown.T, linestyle="none", marker="o", markersize=3, color=MUTED, alpha=0.6, markeredgewidth=0)
        new, mean = found["interval"].values, found["mean_interval"].values
        percent = f"{found.attrs['ci_prob']:.0%}"
        ax.fill_between(grid, *new.T, color=ink(), alpha=_NEW_ROW, linewidth=0, label=f"a new row, {percent}")
        if (mean[:, 1] > mean[:, 0]).any():
            ax.fill_between(grid, *mean.T, color=ink(), alpha=_CURVE, linewidth=0, label=f"the mean, {percent}")
        ax.plot(grid, found["mean"].values, color=ink(), linewidth=1.8, label="mean")
        ax.set_xlabel(columns[known].label)
        ax.set_ylabel(columns[asked].label)
        ax.legend(loc="best")
    return figure


def _grid(values: np.ndarray, whole: bool) -> np.ndarray:
    """Values of the given feature from its smallest to its largest, or a little beyond."""
    low, high = values.min(), values.max()
    if whole:
        return np.unique(np.linspace(low, high, _POINTS).round())
    margin = _MARGIN * (high - low)
    return np.linspace(low - margin, high + margin, _POINTS)
