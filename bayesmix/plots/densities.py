"""The density of a mixture beside the rows, in as many features as there are."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayesmix.em import EMResult
from bayesmix.membership import check_ci_prob, default_ci_prob, responsibilities
from bayesmix.plots.draws import chosen_features, marginal_of
from bayesmix.plots.frame import bare_figure, house_style, shortened, shown_figure
from bayesmix.plots.given import as_tree
from bayesmix.plots.legend import density_handles, legend_columns
from bayesmix.plots.memberships import UNSURE
from bayesmix.plots.one_feature import draw_one_feature
from bayesmix.plots.two_features import draw_two_features
from bayesmix.tree import record_of, training_rows

# Features that a matrix of pairs shows unless some are chosen.
MOST_FEATURES = 5
_MOST_TICKED_ROWS = 1000
_LONGEST_IN_MATRIX = 22


def plot_density(
    tree: xr.DataTree | EMResult,
    *,
    features: str | Sequence[str] | None = None,
    ci_prob: float | None = None,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw the mixture's density beside the rows on which it was fitted.

    One feature: a histogram, the posterior predictive density ``mean_s p(x | theta_s)`` with the
    pointwise interval of ``p(x | theta)``, and each group's share ``w_k f_k(x)``. Two features: the
    rows by group (hollow where the group is not certain), contours that hold 50, 80 and 95 % of
    the predictive mass, and for each group the ellipse that holds 90 % of it, bold for the typical
    draw and faint for single draws. More features: a matrix of all pairs.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        An EMResult gives the same picture without uncertainty.
    features : str or sequence of str, optional
        The features to show, by name; by default all, and of more than five the first five.
    ci_prob : float, optional
        Probability inside the band; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw one or two features.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When a feature is unknown, or ``ax`` is given for more than two.
    """
    tree = as_tree(tree)
    ci_prob = default_ci_prob() if ci_prob is None else check_ci_prob(ci_prob)
    chosen = chosen_features(tree, features)
    if features is None:
        chosen = chosen[:MOST_FEATURES]
    if ax is not None and len(chosen) > 2:
        raise ValueError(
            f"ax holds one picture, but {len(chosen)} features need a matrix of them: "
            "choose one or two by features=, or leave ax out."
        )
    if ax is None:
        figure = shown_figure(figsize or figure_size(len(chosen)))
    else:
        figure = ax.get_figure(root=True)
        assert figure is not None
    _draw(figure, tree, chosen, ci_prob, ax)
    return figure


def draw_density(tree: xr.DataTree) -> Figure:
    """Return the picture of :func:`plot_density`, for a file: pyplot does not know it."""
    chosen = chosen_features(tree, None)[:MOST_FEATURES]
    figure = bare_figure(figure_size(len(chosen)))
    _draw(figure, tree, chosen, default_ci_prob(), None)
    return figure


def figure_size(n_features: int) -> tuple[float, float]:
    """Return width and height in inches."""
    if n_features <= 2:
        return (8.6, 4.4) if n_features == 1 else (8.6, 5.4)
    return (2.1 * n_features + 0.6, 2.0 * n_features + 0.4)


def _draw(figure: Figure, tree: xr.DataTree, chosen: list[int], ci_prob: float, ax: Axes | None) -> None:
    values = training_rows(tree).values[:, chosen]
    names = [shortened(record_of(tree)["features"][j]) for j in chosen]
    membership = responsibilities(tree)
    labels = membership["label"].values
    unsure = membership["label_probability"].values < UNSURE
    marginal = marginal_of(tree).of(chosen)
    with house_style(ax):
        if len(chosen) > 2:
            names = [shortened(name, _LONGEST_IN_MATRIX) for name in names]
            _draw_matrix(figure, values, names, labels, unsure, marginal, ci_prob)
            _add_matrix_legend(figure, tree, marginal, ci_prob, unsure=bool(unsure.any()))
            return
        target = figure.add_subplot() if ax is None else ax
        target.set_xlabel(names[0])
        if len(chosen) == 1:
            ticked = labels if len(values) <= _MOST_TICKED_ROWS else None
            draw_one_feature(target, values[:, 0], ticked, marginal, ci_prob)
            target.set_ylabel("density")
        else:
            draw_two_features(target, values, labels, unsure, marginal)
            target.set_ylabel(names[1])
        handles = density_handles(marginal, len(chosen), ci_prob, unsure=bool(unsure.any()))
        if ax is None:
            figure.legend(handles=handles, loc="outside right upper", ncols=legend_columns(handles))
        else:
            target.legend(handles=handles, loc="best")


def _draw_matrix(figure, values, names, labels, unsure, marginal, ci_prob) -> None:
    """Draw single features on the diagonal and pairs below it."""
    size = len(names)
    axes = figure.subplots(size, size, squeeze=False)
    for row in range(size):
        for column in range(size):
            ax = axes[row, column]
            if column > row:
                ax.remove()
                continue
            if column == row:
                draw_one_feature(ax, values[:, row], None, marginal.of([row]), ci_prob)
                ax.set_yticks([])
                ax.spines["left"].set_visible(False)
            else:
                pair = [column, row]
                draw_two_features(
                    ax,
                    values[:, pair],
                    labels,
                    unsure,
                    marginal.of(pair),
                    small=True,
                )
            ax.set_xlim(*_limits(values[:, column]))
            if column < row:
                ax.set_ylim(*_limits(values[:, row]))
            ax.locator_params(nbins=4)
            ax.tick_params(labelbottom=row == size - 1, labelleft=column == 0 and row > 0)
            if row == size - 1:
                ax.set_xlabel(names[column])
            if column == 0 and row > 0:
                ax.set_ylabel(names[row])
    figure.align_labels()


def _add_matrix_legend(figure, tree, marginal, ci_prob, *, unsure: bool) -> None:
    n_shown, n_all = marginal.means.shape[-1], len(record_of(tree)["features"])
    handles = density_handles(marginal, n_shown, ci_prob, unsure=unsure)
    title = None if n_shown == n_all else f"{n_shown} of {n_all} features"
    figure.legend(
        handles=handles,
        loc="upper right",
        borderaxespad=1.5,
        title=title,
        ncols=legend_columns(handles),
    )


def _limits(values: np.ndarray) -> tuple[float, float]:
    margin = 0.08 * (values.max() - values.min())
    return values.min() - margin, values.max() + margin
