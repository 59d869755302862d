"""Figures and axes as all pictures share them: style, size, names of columns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
    "hatch.color": INK,
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


def ink() -> str:
    """Return the colour of text in the style that rules now."""
    return matplotlib.rcParams["text.color"]


def row_name(name: Any) -> str:
    """Return a row's name as text: a time without needless zeros."""
    if isinstance(name, np.datetime64):
        return str(np.datetime_as_string(name, unit="auto"))
    return str(name)


def shortened(name: Any, longest: int = _LONGEST_NAME) -> str:
    """Return a name as one line of at most so many letters."""
    line = " ".join(row_name(name).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
