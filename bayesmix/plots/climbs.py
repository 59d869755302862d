"""The climbs of EM: the objective per iteration, and which tops the starts reached."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import checked_size, house_style, ink, shown_figure
from bayesmix.plots.palette import FAINT, MUTED, PAPER, area
from bayesmix.vocabulary import named_arguments

# Distinct tops that are drawn; one line says how many more there are.
_MOST_TOPS = 12
_FEWEST_LINES = 3
# Starts of one top stand side by side, so that equal heights do not hide each other.
_ROOM = 0.5


@named_arguments
def plot_em(em: EMResult, *, figsize: tuple[float, float] | None = None) -> Figure:
    """Draw how EM climbed, and the map of its restarts.

    Left, the objective (log-likelihood plus log prior, in nats) at each iteration of the best start. Middle, every
    start by the objective it reached, one line for each distinct optimum, the best at the top; a diamond is one that
    no start found, but splits and merges did. Right, the weights of the groups at each of them: tops of nearly the same
    height with different weights are different answers.

    Parameters
    ----------
    em : EMResult
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        When ``em`` is no EMResult: a tree keeps no restarts.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(3).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> figure = bm.plot_em(em)
    >>> figure.savefig("api-plot_em.png")
    """
    if not isinstance(em, EMResult):
        raise TypeError(
            f"em must be an EMResult, not {type(em).__name__}: only mixture.fit_em(X) gives one, "
            "and a tree keeps no restarts."
        )
    figure = shown_figure(checked_size(figsize, _size(em)))
    _draw(figure, em)
    return figure


def _size(em: EMResult) -> tuple[float, float]:
    lines = min(len(em.optima), _MOST_TOPS)
    return 9.4, max(3.0, 0.34 * lines + 1.6)


def _draw(figure: Figure, em: EMResult) -> None:
    with house_style():
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.25, 1.25, 1))
        _draw_history(left, em)
        _draw_starts(middle, em)
        _draw_weights(right, em)
        handles: list[Any] = [Line2D([], [], **_dot("o"), label="a start")]
        if any(one.n_starts == 0 for one in em.optima[:_MOST_TOPS]):
            handles.append(Line2D([], [], **_dot("D"), label="splits and merges"))
        handles += [Patch(**area(k), label=em.rows.group(k)) for k in range(em.n_components)]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 7))


def _draw_history(ax: Axes, em: EMResult) -> None:
    history = np.asarray(em.history)
    iterations = np.arange(len(history))
    ax.plot(iterations, history, color=ink(), linewidth=1.6, marker="o" if len(history) < 30 else "none", markersize=3)
    end = "converged" if em.converged else "not converged"
    ax.set_title(f"Best start: {len(history) - 1} iteration{'s' if len(history) != 2 else ''}, {end}")
    ax.set_xlabel("iteration")
    ax.set_ylabel("objective in nats")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    ax.ticklabel_format(axis="y", style="plain", useOffset=False)
    low, high = _worth_seeing(history)
    if history.min() < low:
        ax.set_ylim(low, high)
        ax.annotate(
            f"starts at {history[0]:.{0 if abs(history[0]) >= 1e4 else 1}f}".replace("-", "−"),
            (0.03, 0.96),
            xycoords="axes fraction",
            verticalalignment="top",
            color=MUTED,
            fontsize=8,
        )
    ax.grid(axis="y", color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)


def _worth_seeing(history: np.ndarray) -> tuple[float, float]:
    """Return limits that leave the first steep steps out where they would flatten the whole climb."""
    top, typical = float(history.max()), float(np.median(history))
    reach = max(4 * (top - typical), 1e-3 * (top - float(history.min())), 1e-9)
    return top - 1.08 * reach, top + 0.08 * reach


def _draw_starts(ax: Axes, em: EMResult) -> None:
    optimum = em.restarts["optimum"].to_numpy()
    objective = em.restarts["objective"].to_numpy(dtype=float)
    shown = min(len(em.optima), _MOST_TOPS)
    for number in range(shown):
        by_starts = em.optima[number].n_starts > 0
        heights = objective[optimum == number] if by_starts else np.array([em.optima[number].objective])
        aside = (np.arange(len(heights)) - (len(heights) - 1) / 2) * min(0.12, _ROOM / max(len(heights), 1))
        ax.axhline(number, color=FAINT, linewidth=0.8, zorder=1)
        ax.plot(heights, number + aside, **_dot("o" if by_starts else "D"), clip_on=False, zorder=3)
    counts = [one.n_starts for one in em.optima[:shown]]
    ax.set_yticks(range(shown), [f"{n}: {count} start{'s' if count != 1 else ''}" for n, count in enumerate(counts)])
    ax.set_ylabel("distinct optimum")
    ax.set_ylim(max(shown, _FEWEST_LINES) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("objective reached, in nats")
    ax.margins(x=0.08)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=2))
    ax.ticklabel_format(axis="x", style="plain", useOffset=False)
    ax.set_title(_starts_in_words(len(optimum), len(em.optima), int((optimum < 0).sum())))


def _dot(marker: str) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": 5 if marker == "o" else 4.5,
        "markerfacecolor": PAPER,
        "markeredgecolor": ink(),
        "markeredgewidth": 1.0,
    }


def _starts_in_words(n_starts: int, n_optima: int, n_collapsed: int) -> str:
    said = f"{n_starts} start{'s' if n_starts != 1 else ''}, {n_optima} distinct optim{'a' if n_optima != 1 else 'um'}"
    if n_optima > _MOST_TOPS:
        said += f"\n(the best {_MOST_TOPS} shown)"
    if n_collapsed:
        said += f"\n{n_collapsed} collapsed: not shown"
    return said


def _draw_weights(ax: Axes, em: EMResult) -> None:
    shown = em.optima[:_MOST_TOPS]
    floor = np.zeros(len(shown))
    for k in range(em.n_components):
        widths = np.array([one.weights[k] for one in shown])
        ax.barh(
            np.arange(len(shown)),
            widths,
            left=floor,
            height=0.62,
            **{**area(k), "linewidth": 0.6},
        )
        floor = floor + widths
    ax.set_ylim(max(len(shown), _FEWEST_LINES) - 0.5, -0.5)
    ax.set_yticks([])
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.set_xlabel("weights")
    ax.set_title("The groups there")
