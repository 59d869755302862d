"""Which cells are missing, and which together."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from bayesmix.data import Rows
from bayesmix.plots.frame import bare_figure, house_style, shortened
from bayesmix.plots.palette import COLOURS, FAINT, PAPER

MOST_PATTERNS = 60
"""Patterns of missing cells that the picture shows, the most frequent ones."""
_FEATURE, _HEIGHT, _MARGIN = 0.45, 3.2, 1.2  # inches


def draw_missing_cells(rows: Rows) -> Figure:
    """Return a picture of the patterns of missing cells: as high as their rows are many, whole rows first.

    What is missing is dark; features stand in the order of the table.
    """
    patterns, which = rows.patterns
    counts = np.bincount(which, minlength=len(patterns))
    order = np.lexsort((-counts, patterns.any(axis=1)))[:MOST_PATTERNS]
    edges = np.concatenate([[0], np.cumsum(counts[order])])
    n_features = rows.n_features
    figure = bare_figure((max(3.4, _MARGIN + _FEATURE * n_features), _HEIGHT))
    with house_style():
        ax = figure.add_subplot()
        ax.pcolormesh(
            np.arange(n_features + 1),
            edges,
            patterns[order].astype(float),
            cmap=ListedColormap([FAINT, COLOURS[0]]),
            vmin=0,
            vmax=1,
            edgecolor=PAPER,
            linewidth=0.4,
        )
        names = [shortened(name, 18) for name in rows.labels]
        ax.set_xticks(np.arange(n_features) + 0.5, names, rotation=40, ha="right", rotation_mode="anchor")
        ax.tick_params(axis="x", length=0)
        ax.set_ylim(edges[-1], 0)
        ax.set_ylabel("rows, by what they miss")
        ax.set_title(f"Missing cells; {len(patterns):,} patterns")
    return figure
