"""How many groups: the posterior of K beside its prior, and how many of them have rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bayesmix.plots.frame import bare_figure, checked_size, house_style, shown_figure
from bayesmix.plots.palette import FAINT, MUTED, colour
from bayesmix.vocabulary import named_arguments

_WIDTH = 0.38
_SIZE = (8.8, 3.4)
# Side of the square of probability one.
_SIDE = 0.86


@named_arguments
def plot_number_of_groups(
    comparison: Any, prior: Mapping[Any, float] | None = None, *, figsize: tuple[float, float] | None = None
) -> Figure:
    """Draw the posterior of the number of groups beside its prior, and how many groups have rows.

    Parameters
    ----------
    comparison : Comparison
        Of models with an evidence.
    prior : mapping, optional
        Prior weights of the models, as :meth:`bayesmix.Comparison.posterior_probability` takes them; by default all
        have the same.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure
        Left, the probability of every number of groups before and after the rows, summed over families. Right, for
        every number K the probabilities that 1, 2, ... of the K groups have rows, as the areas of squares; of several
        families averaged by their probability. Squares below the dashed line are groups that no row needs.

    Raises
    ------
    ValueError
        When no model has an evidence.
    TypeError
        When it is no Comparison.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_galaxies()
    >>> comparison = bm.compare(X, range(1, 6), families="tied", random_seed=1, progressbar=False)
    >>> figure = bm.plot_number_of_groups(comparison)
    >>> figure.savefig("api-plot_number_of_groups.png")
    """
    if not hasattr(comparison, "posterior_probability") or not hasattr(comparison, "occupied"):
        raise TypeError(f"comparison must be what bm.compare gives, not {type(comparison).__name__}.")
    after = comparison.posterior_probability(prior)
    if after.isna().all():
        raise ValueError(
            "No model of this comparison has an evidence, from which the probabilities of the numbers come: "
            "compare with method='auto', and see the notes of the table."
        )
    figure = shown_figure(checked_size(figsize, _SIZE))
    return _drawn(figure, comparison.prior_probability(prior), after, comparison.occupied)


def draw_number_of_groups(before: pd.Series, after: pd.Series, occupied: pd.DataFrame) -> Figure:
    """Return the picture of :func:`plot_number_of_groups`, for a file: pyplot does not know it."""
    return _drawn(bare_figure(_SIZE), before, after, occupied)


def _drawn(figure: Figure, before: pd.Series, after: pd.Series, occupied: pd.DataFrame) -> Figure:
    with house_style():
        left, right = figure.subplots(1, 2)
        _draw_probabilities(left, np.unique(_numbers(after)), _by_number(before), _by_number(after))
        _draw_occupied(right, after, occupied)
    return figure


def _numbers(frame: pd.Series | pd.DataFrame) -> np.ndarray:
    return frame.index.get_level_values("n_components").to_numpy(dtype=int)


def _by_number(probabilities: pd.Series) -> np.ndarray:
    """Sums over families, in increasing order of the number."""
    numbers, values = _numbers(probabilities), probabilities.to_numpy(dtype=float)
    return np.array([np.nansum(values[numbers == number]) for number in np.unique(numbers)])


def _draw_probabilities(ax: Any, numbers: np.ndarray, before: np.ndarray, after: np.ndarray) -> None:
    ax.bar(numbers - _WIDTH / 2, before, _WIDTH, color=FAINT, label="before the rows")
    ax.bar(numbers + _WIDTH / 2, after, _WIDTH, color=colour(0), label="after")
    ax.set(title="Probability of the number of groups", xlabel="number of groups", ylim=(0, 1.02))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.legend()


def _draw_occupied(ax: Any, after: pd.Series, occupied: pd.DataFrame) -> None:
    from matplotlib.patches import Rectangle

    most = occupied.shape[1]
    ax.plot([0.5, most + 0.5], [0.5, most + 0.5], color=MUTED, linewidth=0.8, linestyle="--")
    numbers, shares = _numbers(occupied), occupied.to_numpy(dtype=float)
    weights = after.to_numpy(dtype=float)
    for number in np.unique(numbers):
        known = (numbers == number) & np.isfinite(shares).any(axis=1)
        if not known.any():
            continue
        of_families = np.nan_to_num(weights[known])
        of_families = (
            of_families / of_families.sum() if of_families.sum() > 0 else np.full(known.sum(), 1 / known.sum())
        )
        for place, probability in enumerate(of_families @ np.nan_to_num(shares[known]), start=1):
            side = _SIDE * np.sqrt(probability)
            ax.add_patch(Rectangle((number - side / 2, place - side / 2), side, side, color=colour(0)))
    ax.set(title="Groups that have rows", xlabel="number of groups", ylabel="of these have rows")
    ax.set(xlim=(0.4, most + 0.6), ylim=(0.4, most + 0.6), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
