"""Figures and axes as all pictures share them: style, size, names of columns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayesmix.data.words import row_name
from bayesmix.plots.palette import FAINT, INK, PAPER

# Every colour is set, so that a picture reads on a dark page and under any style sheet of the user;
# names of columns are text: a dollar sign in one starts no formula.
STYLE: Any = {
    "axes.edgecolor": INK,
    "axes.facecolor": PAPER,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "normal",
    "figure.facecolor": PAPER,
    "font.size": 9,
    "hatch.color": PAPER,
    "hatch.linewidth": 0.7,
    "legend.facecolor": PAPER,
    "legend.edgecolor": FAINT,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": PAPER,
    "savefig.edgecolor": "none",
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": INK,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": INK,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}

_LONGEST_NAME = 34


@contextmanager
def house_style(ax: Axes | None = None) -> Iterator[None]:
    """Draw in the house's style; in axes that the user brought, in the user's."""
    with matplotlib.rc_context(None if ax is not None else STYLE):
        yield


def checked_size(figsize: tuple[float, float] | None, default: tuple[float, float]) -> tuple[float, float]:
    """Return width and height in inches, the default where none is given.

    Raises
    ------
    ValueError
        When ``figsize`` is no pair of positive numbers.
    """
    if figsize is None:
        return default
    try:
        width, height = (float(side) for side in figsize)
    except (TypeError, ValueError):
        width = height = np.nan
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise ValueError(f"figsize must be two positive numbers, width and height in inches, not {figsize!r}.")
    return width, height


def bare_figure(size: tuple[float, float]) -> Figure:
    """Return an empty figure that pyplot does not know: for files."""
    with house_style():
        return Figure(figsize=size, layout="constrained")


def shown_figure(size: tuple[float, float]) -> Figure:
    """Return an empty figure for the user to look at.

    It is pyplot's, so that ``plt.show()`` shows it. Where a notebook shows every open figure at the
    end of a cell, it is closed: the notebook shows the returned figure itself, once and not twice.
    """
    import matplotlib.pyplot as plt

    with house_style():
        figure = plt.figure(figsize=size, layout="constrained")
    if "inline" in matplotlib.get_backend():
        plt.close(figure)
    return figure


def figure_of(ax: Axes | None, needs: str) -> Figure | None:
    """Return the figure of the user's axes; None where there are none.

    Parameters
    ----------
    ax : Axes, optional
    needs : str
        What the picture needs beyond one pair of axes, and what to do; empty where that is enough.

    Raises
    ------
    ValueError
        When the picture needs more than one pair of axes.
    """
    if ax is None:
        return None
    if needs:
        raise ValueError(f"ax holds one picture, but {needs} by features=, or leave ax out.")
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def ink() -> str:
    """Return the colour of text in the style that rules now."""
    return matplotlib.rcParams["text.color"]


def shortened(name: Any, longest: int = _LONGEST_NAME) -> str:
    """Return a name as one line of at most so many letters."""
    line = " ".join(row_name(name).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
