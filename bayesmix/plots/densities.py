"""The density of a mixture beside the rows, in as many features as there are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bayesmix.engines.em import EMResult
from bayesmix.plots.discrete import Discrete, discrete_of, draw_discrete
from bayesmix.plots.frame import bare_figure, checked_size, figure_of, house_style, shown_figure
from bayesmix.plots.legend import density_handles, legend_columns
from bayesmix.plots.mixed import Mixed, draw_mixed, mixed_of
from bayesmix.plots.one_feature import draw_one_feature
from bayesmix.plots.pairs import add_matrix_legend, draw_matrix
from bayesmix.plots.palette import INK, PAPER
from bayesmix.plots.two_features import CONTOURS, draw_two_features
from bayesmix.plots.view import View, view_of
from bayesmix.posterior.distribution import read_probabilities
from bayesmix.posterior.intervals import read_ci_prob
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.membership import UNSURE, responsibilities
from bayesmix.posterior.modal import modes as find_modes
from bayesmix.vocabulary import named_arguments

_MOST_TICKED_ROWS = 1000
_STAR: Any = {
    "marker": "*",
    "markersize": 12,
    "markerfacecolor": PAPER,
    "markeredgecolor": INK,
    "linestyle": "none",
}


@named_arguments
def plot_density(
    tree: xr.DataTree | EMResult,
    *,
    features: str | Sequence[str] | None = None,
    principal_components: int | None = None,
    ci_prob: float | None = None,
    contours: float | Sequence[float] = CONTOURS,
    modes: bool = False,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw the mixture's density beside the rows on which it was fitted.

    One feature: a histogram, the posterior predictive density ``mean_s p(x | theta_s)`` with the
    pointwise interval of ``p(x | theta)``, and each group's share ``w_k f_k(x)``. Two features: the
    rows by group (hollow where the group is not certain), contours that hold 50, 80 and 95 % of
    the predictive mass (:func:`bayesmix.highest_density` has them in numbers), and for each group the
    ellipse that holds 90 % of it, bold for the typical draw and faint for single draws. More features:
    a matrix of all pairs.

    Counts: for each feature the shares of the rows as bars, the probability of each count with its interval as
    points, and each group's share in it as a line; where counts are many, neighbours share a bar. Levels: for each
    feature the probability of each level in each group, ``P(x = level | group)``, as a bar with its interval, and the
    share of all rows as a dashed line; of zeros and ones all items in one panel. Independent columns have nothing to
    show in pairs. Columns of several kinds: a panel for each, and ``features=`` shows those of one kind as above.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        An EMResult gives the same picture without uncertainty. Where the number of groups varies from draw to draw,
        none has a name: rows and the density of all draws are shown without them, of levels their probabilities among
        all rows.
    features : str or sequence of str, optional
        The features to show, by name; by default all, and of more than five the five that separate the groups best
        (of more than twenty items of zeros and ones the twenty).
    principal_components : int, optional
        Show so many leading principal components of these features (of all by default) in their place: of the
        standardised rows, with the mixture projected onto them.
    ci_prob : float, optional
        Probability inside the band; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    contours : float or sequence of float
        Of two features: probabilities inside the contours. A contour that would leave the picture is left out.
    modes : bool
        Whether to mark the modes of the density (see :func:`bayesmix.modes`), those that more than half of the draws
        have, as stars.
    ax : matplotlib.axes.Axes, optional
        Where to draw one or two features; of counts and levels, one.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When a feature is unknown, a contour is to hold no probability between 0 and 1, there are not so many principal
        components, these rows have none, or ``ax`` is given for more features than it holds.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> figure = bm.plot_density(tree)
    >>> figure.savefig("api-plot_density.png")
    """
    tree = heeded(tree)
    ci_prob = read_ci_prob(ci_prob)
    inside = read_probabilities(contours, "contours").tolist()
    picture = _picture(tree, features, principal_components)
    marks = _modes_shown(tree, picture) if modes else None
    figure = figure_of(ax, picture.needs) or shown_figure(checked_size(figsize, picture.inches))
    _draw(figure, tree, picture, ci_prob, inside, marks, ax)
    return figure


def draw_density(tree: xr.DataTree) -> Figure:
    """Return the picture of :func:`plot_density`, for a file: pyplot does not know it."""
    picture = _picture(tree)
    figure = bare_figure(picture.inches)
    _draw(figure, tree, picture, read_ci_prob(), CONTOURS, None, None)
    return figure


def _picture(tree: xr.DataTree, *chosen: Any) -> Mixed | Discrete | View:
    return mixed_of(tree, *chosen) or discrete_of(tree, *chosen) or view_of(tree, *chosen)


def _draw(
    figure: Figure,
    tree: xr.DataTree,
    picture: Mixed | Discrete | View,
    ci_prob: float,
    contours: Sequence[float],
    marks: np.ndarray | None,
    ax: Axes | None,
) -> None:
    with house_style(ax):
        if isinstance(picture, Mixed):
            draw_mixed(figure, picture, ci_prob)
        elif isinstance(picture, Discrete):
            draw_discrete(figure, picture, ci_prob, ax)
        else:
            _draw_continuous(figure, tree, picture, ci_prob, contours, marks, ax)


def _draw_continuous(
    figure: Figure,
    tree: xr.DataTree,
    view: View,
    ci_prob: float,
    contours: Sequence[float],
    marks: np.ndarray | None,
    ax: Axes | None,
) -> None:
    values, marginal = view.values, view.marginal
    labels, unsure = None, np.zeros(len(values), dtype=bool)
    if marginal.named:
        membership = responsibilities(tree)
        labels, unsure = membership["label"].values, membership["label_probability"].values < UNSURE
    handles = density_handles(marginal, view.size, ci_prob, contours, unsure=bool(unsure.any()))
    handles += [] if marks is None else [Line2D([], [], label="modes of the density", **_STAR)]
    if view.size > 2:

        def draw_single(panel: Axes, j: int) -> None:
            draw_one_feature(panel, values[:, j], None, marginal.of([j]), ci_prob)
            if marks is not None:
                _mark(panel, marks[:, [j]])

        def draw_pair(panel: Axes, pair: list[int]) -> None:
            of_pair = marginal.of(pair)
            limits = view.limits[pair]
            draw_two_features(panel, values[:, pair], labels, unsure, of_pair, limits, contours=contours, small=True)
            if marks is not None:
                _mark(panel, marks[:, pair])

        draw_matrix(figure, view, draw_single, draw_pair)
        add_matrix_legend(figure, view, handles)
        return
    target = figure.add_subplot() if ax is None else ax
    target.set_xlabel(view.names[0])
    if view.size == 1:
        ticked = labels if len(values) <= _MOST_TICKED_ROWS else None
        draw_one_feature(target, values[:, 0], ticked, marginal, ci_prob)
        target.set_ylabel("density")
    else:
        draw_two_features(target, values, labels, unsure, marginal, view.limits, contours=contours)
        target.set_ylabel(view.names[1])
    if marks is not None:
        _mark(target, marks)
    if ax is None:
        figure.legend(handles=handles, loc="outside right upper", ncols=legend_columns(handles))
    else:
        target.legend(handles=handles, loc="best")


def _modes_shown(tree: xr.DataTree, picture: Mixed | Discrete | View) -> np.ndarray:
    """Places (M, d), in the features that are shown, of the modes that more than half of the draws have."""
    found = find_modes(tree)  # which refuses counts and levels
    if not (isinstance(picture, View) and picture.positions):
        raise ValueError("modes are marked in features, and not in principal components: leave one of the two out.")
    likely = found["mode_probability"].values > 0.5
    return found["location"].values[likely][:, picture.positions]


def _mark(ax: Axes, places: np.ndarray) -> None:
    """Stars at places (M, d); of one feature on its axis."""
    x, y = places.T if places.shape[1] == 2 else (places[:, 0], np.zeros(len(places)))
    ax.plot(x, y, clip_on=False, zorder=6, **_STAR)
