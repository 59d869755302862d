"""Criteria over the number of groups."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bayesmix.plots.frame import bare_figure, checked_size, house_style, ink, shown_figure
from bayesmix.plots.palette import FAINT, PAPER, colour, dashes, marker
from bayesmix.standing import column_of, is_bracketed
from bayesmix.vocabulary import named_arguments

# Models that are worse than the best by more than so many times the median are off the scale, if
# the worst is much worse than that.
_REACH = 4.0
_WORTH_A_ZOOM = 1.5
# How far apart the families stand that share a number of groups.
_SPREAD = 0.13
_OFF_SCALE = "off the scale"
# Triangles whose tip, or base, is the point itself.
_UP = [(0, 0), (-1, -1), (1, -1)]
_DOWN = [(0, 0), (-1, 1), (1, 1)]
_RING: dict[str, Any] = {"linestyle": "none", "marker": "o", "markerfacecolor": "none"}


@dataclass(frozen=True)
class _Criterion:
    """A column of the table, and how it is read."""

    title: str
    error: str = ""
    higher_is_better: bool = False
    of_posterior: bool = False  # it counts only where the posterior can be trusted


_CRITERIA = {
    "bic": _Criterion("BIC (lower is better)"),
    "icl": _Criterion("ICL (lower is better)"),
    "aic": _Criterion("AIC (lower is better)"),
    "elpd_loo": _Criterion("LOO ± standard error (higher is better)", "se_loo", True, True),
    "elpd_diff": _Criterion("LOO difference from its best ± error (0 is best)", "dse", True, True),
    "log_evidence": _Criterion("log evidence ± standard error (higher is better)", "log_evidence_se", True),
    "elpd_waic": _Criterion("WAIC ± standard error (higher is better)", "se_waic", True, True),
}


@named_arguments
def plot_comparison(comparison: Any, *, figsize: tuple[float, float] | None = None) -> Figure:
    """Draw the criteria over the number of groups, one line for each family.

    Parameters
    ----------
    comparison : Comparison or pandas.DataFrame
        What ``bm.compare`` gives, or its ``table``: index ``(family, n_components)``; columns ``bic, icl, aic,
        elpd_loo, se_loo, elpd_diff, dse, log_evidence, log_evidence_se, elpd_waic, se_waic``. A criterion without
        numbers gets no panel.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure
        Bars are standard errors; that of a difference between two models is far smaller than those of the two, and
        is the one to judge by. A ring marks the best model by each criterion. Where a posterior cannot be trusted,
        so that its LOO takes no part in the comparison, LOO and WAIC are drawn hollow. Models far worse than most
        are off the scale; a small arrow at the edge says so.

    Raises
    ------
    ValueError
        When the table has none of the criteria.
    TypeError
        When it is neither a Comparison nor a table.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_galaxies()
    >>> comparison = bm.compare(X, range(1, 7), method="em", random_seed=1, progressbar=False)
    >>> figure = bm.plot_comparison(comparison)
    >>> figure.savefig("api-plot_comparison.png")
    """
    return _drawn(_table_of(comparison), shown_figure, figsize)


def draw_comparison(table: pd.DataFrame) -> Figure:
    """Return the picture of :func:`plot_comparison`, for a file: pyplot does not know it."""
    return _drawn(table, bare_figure, None)


def _table_of(comparison: Any) -> pd.DataFrame:
    table = getattr(comparison, "table", comparison)
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"comparison must be what bm.compare gives, or its table, not {type(comparison).__name__}.")
    if table.index.nlevels != 2 or ("elpd_loo" in table and "elpd_diff" not in table):
        raise ValueError("The table must be that of a Comparison: index (family, n_components), all its columns.")
    return table


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    return pd.Series(column_of(table, name), index=table.index)


def _drawn(
    table: pd.DataFrame,
    make_figure: Callable[[tuple[float, float]], Figure],
    figsize: tuple[float, float] | None,
) -> Figure:
    names = [name for name in _CRITERIA if np.isfinite(_numbers(table, name)).any()]
    if not names:
        raise ValueError(f"The table has numbers for none of {', '.join(_CRITERIA)}: nothing to draw.")
    everything = pd.Series(True, index=table.index)
    trusted = pd.Series(~is_bracketed(table), index=table.index)
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    figure = make_figure(checked_size(figsize, (4.4 * columns, 2.7 * rows + 0.6)))
    families = list(dict.fromkeys(table.index.get_level_values(0)))
    with house_style():
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
        for ax, name in zip(panels, names, strict=False):
            sure = trusted if _CRITERIA[name].of_posterior else everything
            _draw_panel(ax, table, name, families, sure)
        for ax in panels[len(names) :]:
            ax.remove()
        for ax in panels[max(0, len(names) - columns) : len(names)]:
            ax.set_xlabel("number of groups")
            ax.tick_params(labelbottom=True)
        hollow = not trusted.all() and any(_CRITERIA[name].of_posterior for name in names)
        arrows = any(line.get_label() == _OFF_SCALE for ax in figure.axes for line in ax.lines)
        handles = _handles(families, hollow=hollow, arrows=arrows)
        figure.legend(handles=handles, loc="outside lower center", ncols=min(5, len(handles)))
    return figure


def _draw_panel(ax: Axes, table: pd.DataFrame, name: str, families: list[str], trusted: pd.Series) -> None:
    criterion = _CRITERIA[name]
    spread = _SPREAD * (np.arange(len(families)) - (len(families) - 1) / 2)
    values = _numbers(table, name)
    errors = _numbers(table, criterion.error) if criterion.error in table else None
    names = table.index.get_level_values(0).to_numpy()
    counts = table.index.get_level_values(1).to_numpy(dtype=float)
    for number, family in enumerate(families):
        own = np.flatnonzero(names == family)
        own = own[np.argsort(counts[own], kind="stable")]
        places, heights = counts[own] + spread[number], values.to_numpy()[own]
        sure = trusted.to_numpy(dtype=bool)[own]
        ax.plot(places, heights, color=colour(number), linestyle=dashes(number), linewidth=1.3)
        if errors is not None:
            ax.errorbar(places, heights, errors.to_numpy()[own], fmt="none", ecolor=colour(number), elinewidth=1)
        for chosen, face in ((sure, colour(number)), (~sure, PAPER)):
            ax.plot(
                places[chosen],
                heights[chosen],
                color=colour(number),
                linestyle="none",
                marker=marker(number),
                markersize=6,
                markerfacecolor=face,
            )
    title = criterion.title
    best = _best(values.loc[trusted.to_numpy(dtype=bool)].dropna(), criterion.higher_is_better)
    if best is not None:
        family, n_components = best
        where = n_components + spread[families.index(family)]
        ax.plot(where, values.loc[best], markeredgecolor=ink(), markersize=14, **_RING)
        title += f"\nbest: {family}, {n_components} group{'s' if n_components > 1 else ''}"
    ax.set_title(title)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(axis="y", color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.margins(x=0.08, y=0.12)
    _zoom(ax, values.dropna(), errors, families, spread, criterion.higher_is_better)


def _zoom(
    ax: Axes,
    values: pd.Series,
    errors: pd.Series | None,
    families: list[str],
    spread: np.ndarray,
    higher_is_better: bool,
) -> None:
    """Leave far worse models off the scale, where they would flatten all differences that count."""
    sign = 1.0 if higher_is_better else -1.0
    worse = (sign * values).max() - sign * values
    reach = _REACH * float(worse.median())
    if errors is not None:
        reach = max(reach, 3 * float(errors.reindex(values.index).fillna(0).median()))
    outside = values.loc[worse > reach]
    if reach <= 0 or outside.empty or worse.max() < _WORTH_A_ZOOM * reach:
        return
    best = float((sign * values).max()) * sign
    room = 0.15 * reach
    if errors is not None:
        room += float(errors.reindex(values.index).fillna(0).loc[worse <= reach].max())
    edge = best - sign * 1.1 * reach
    ends = sorted([edge, best + sign * room])
    ax.set_ylim(ends[0], ends[1])
    for family, n_components in outside.index.to_list():
        number = families.index(family)
        ax.plot(
            n_components + spread[number],
            edge,
            marker=_DOWN if higher_is_better else _UP,
            markersize=8,
            color=colour(number),
            linestyle="none",
            clip_on=False,
            label=_OFF_SCALE,
        )


def _best(values: pd.Series, higher_is_better: bool) -> Any:
    """Return the index of the best value, None where there is none."""
    if values.empty:
        return None
    return values.idxmax() if higher_is_better else values.idxmin()


def _handles(families: list[str], *, hollow: bool, arrows: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], color=colour(n), linestyle=dashes(n), marker=marker(n), label=family)
        for n, family in enumerate(families)
    ]
    handles.append(Line2D([], [], markeredgecolor=ink(), markersize=11, label="best", **_RING))
    if hollow:
        label = "hollow: posterior not to be trusted"
        handles.append(Line2D([], [], markeredgecolor=ink(), markersize=6, label=label, **_RING))
    if arrows:
        style = {"linestyle": "none", "color": ink(), "markersize": 7}
        handles.append(Line2D([], [], marker=_UP, label=_OFF_SCALE, **style))
    return handles
