"""A matrix of pictures: single coordinates on the diagonal, pairs below it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayesmix.plots.legend import legend_columns
from bayesmix.plots.view import View


def draw_matrix(
    figure: Figure,
    view: View,
    draw_single: Callable[[Axes, int], None],
    draw_pair: Callable[[Axes, list[int]], None],
) -> None:
    """Draw every coordinate and every pair of them.

    Parameters
    ----------
    figure : Figure
    view : View
    draw_single : callable
        Draws one coordinate, by position, for the diagonal.
    draw_pair : callable
        Draws two coordinates, by position: first the horizontal one.
    """
    axes: Any = figure.subplots(view.size, view.size, squeeze=False)
    last = view.size - 1
    for row, column in np.ndindex(axes.shape):
        ax = axes[row, column]
        if column > row:
            ax.remove()
            continue
        if column == row:
            draw_single(ax, row)
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
        else:
            draw_pair(ax, [column, row])
            ax.set_ylim(*view.limits[row])
        ax.set_xlim(*view.limits[column])
        ax.locator_params(nbins=4)
        ax.tick_params(labelbottom=row == last, labelleft=column == 0 and row > 0)
        if row == last:
            ax.set_xlabel(view.names[column])
        if column == 0 and row > 0:
            ax.set_ylabel(view.names[row])
    figure.align_labels()


def add_matrix_legend(figure: Figure, view: View, handles: Sequence[Artist], diagonal: str = "") -> None:
    """Put the legend into the empty corner; above it what is not shown, and what the diagonal is, in words."""
    figure.legend(
        handles=list(handles),
        loc="upper right",
        borderaxespad=1.5,
        title="\n".join(filter(None, [view.note, diagonal])) or None,
        ncols=legend_columns(handles),
    )
