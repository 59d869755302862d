"""How improbable each row is beside what is expected of so many: which rows fit badly, by name."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import bare_figure, checked_size, figure_of, house_style, ink, shortened, shown_figure
from bayesmix.plots.palette import COLOURS, MUTED
from bayesmix.posterior.tails import outliers
from bayesmix.vocabulary import named_arguments

_SIZE = (6.4, 4.2)
_RAREST = 1e-6  # what is rarer stands there
_MOST_POINTS = 2000
_BAND = 0.95
# Names of rows that fit badly, as long as each has a line: a share of the height, and of the width for a letter.
_LONGEST, _LINE, _LETTER = 22, 0.038, 0.016


@named_arguments
def plot_outliers(
    tree: xr.DataTree | EMResult,
    X: Any = None,
    *,
    level: float = 0.05,
    n: int = 10_000,
    random_seed: Any = None,
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw how improbable every row is under the model, and name those that fit badly.

    Rows stand one below the other, the worst at the top, each at the probability that a new row is as improbable
    (:func:`bayesmix.outliers`). Of rows that the model made it is uniform, and the points lie in the band. The dashed
    line is that of Benjamini and Hochberg: all rows down to the last that lies to its left are flagged.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        By any engine, of a given or an unknown number of components.
    X : array-like or data frame, (N, D), optional
        Rows to judge; the training rows by default.
    level, n, random_seed : float, int, and a seed or None
        As :func:`bayesmix.outliers` takes them.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure
        Probabilities below one in a million stand there. As many rows are named as have room, the worst first; of
        more than 2000 rows all of the worst are drawn, and others ever farther apart.

    Raises
    ------
    ValueError, TypeError
        What :func:`bayesmix.outliers` refuses.

    Examples
    --------
    >>> import bayesmix as bm
    >>> import pandas as pd
    >>> X = bm.datasets.load_faithful()
    >>> tree = bm.Mixture(2).fit_nuts(X, random_seed=1, progressbar=False)
    >>> odd = pd.DataFrame({"eruptions": [2.0, 5.5], "waiting": [95.0, 60.0]}, index=["too early", "too late"])
    >>> figure = bm.plot_outliers(tree, pd.concat([X, odd]), random_seed=1)
    >>> figure.savefig("api-plot_outliers.png")
    """
    figure = figure_of(ax, "") or shown_figure(checked_size(figsize, _SIZE))
    _draw(figure, outliers(tree, X, level=level, n=n, random_seed=random_seed), ax)
    return figure


def draw_outliers(found: xr.Dataset) -> Figure:
    """Return the picture of :func:`plot_outliers`, for a file: pyplot does not know it."""
    figure = bare_figure(_SIZE)
    _draw(figure, found, None)
    return figure


def _draw(figure: Figure, found: xr.Dataset, ax: Axes | None) -> None:
    from scipy.stats import beta  # SciPy's statistics take a second to load

    probability, level = found["probability"].values, found.attrs["level"]
    n_rows, n_flagged = probability.size, int(found["outlier"].sum())
    order = np.argsort(probability, kind="stable")
    ranks = _shown(n_rows)
    points = np.maximum(probability[order[ranks - 1]], _RAREST)
    flagged = ranks <= n_flagged
    with house_style(ax):
        ax = figure.subplots() if ax is None else ax
        ends = beta.ppf(np.array([[1 - _BAND], [1 + _BAND]]) / 2, ranks, n_rows + 1 - ranks)
        ax.fill_betweenx(ranks, *ends, color=ink(), alpha=0.12, linewidth=0, label=f"rows of the model, {_BAND:.0%}")
        ax.plot(
            level * ranks / n_rows,
            ranks,
            color=ink(),
            linestyle="--",
            linewidth=1,
            label=f"{level:.0%} false discoveries",
        )
        dots: Any = {"linestyle": "none", "marker": "o", "markersize": 4, "markeredgewidth": 0}
        ax.plot(points[~flagged], ranks[~flagged], color=MUTED, alpha=0.8, label="rows", **dots)
        if n_flagged:
            ax.plot(
                points[flagged], ranks[flagged], color=COLOURS[1], label="rows that fit badly", **dots | {"marker": "D"}
            )
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.set_ylim(n_rows * 1.15, 0.85)
        names = _named(found["obs"].values[order[:n_flagged]], n_rows)
        _name(ax, points, names, float(min(points.min(), level / n_rows)))
        less = f", one in {1 / _RAREST:,.0f} at least" if (probability < _RAREST).any() else ""
        ax.set_xlabel(f"probability that a new row is as improbable{less}")
        ax.set_ylabel("row, the most improbable first")
        rows = "1 row fits" if n_flagged == 1 else f"{n_flagged:,} rows fit"
        ax.set_title(f"{rows if n_flagged else 'No row fits'} badly, of {n_rows:,}")
        ax.legend(loc="lower left")


def _shown(n_rows: int) -> np.ndarray:
    """Ranks from 1 on: all of the first, and of many rows fewer and fewer of the others."""
    if n_rows <= _MOST_POINTS:
        return np.arange(1, n_rows + 1)
    each = np.geomspace(1, n_rows, _MOST_POINTS // 2).round().astype(int)
    return np.union1d(np.arange(1, _MOST_POINTS // 2 + 1), each)


def _named(names: np.ndarray, n_rows: int) -> dict[int, str]:
    """The ranks of the rows that have room for a name, the worst first, and these."""
    height = np.log(1.35 * n_rows)
    found, last = {}, -np.inf
    for rank, name in enumerate(names.tolist() if names.dtype.kind != "M" else names, 1):
        if (np.log(rank) - last) / height < _LINE:
            break
        found[rank], last = shortened(name, _LONGEST), np.log(rank)
    return found


def _name(ax: Axes, points: np.ndarray, names: dict[int, str], lowest: float) -> None:
    """Write names to the left of points, with room for the longest beside the lowest."""
    share = min(_LETTER * max(map(len, names.values()), default=0) + 0.03, 0.5)
    ax.set_xlim(float(np.exp(np.log(lowest) / (1 - share))), 1.3)
    for rank, name in names.items():
        ax.annotate(
            name,
            (points[rank - 1], rank),
            xytext=(-6, 0),
            textcoords="offset points",
            horizontalalignment="right",
            verticalalignment="center",
            color=ink(),
        )
