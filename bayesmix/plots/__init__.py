"""Pictures: matplotlib figures as functions over trees and tables."""

from bayesmix.plots.criteria import draw_comparison, plot_comparison
from bayesmix.plots.densities import draw_density, plot_density
from bayesmix.plots.frame import bare_figure
from bayesmix.plots.memberships import draw_responsibilities, plot_responsibilities

__all__ = [
    "bare_figure",
    "draw_comparison",
    "draw_density",
    "draw_responsibilities",
    "plot_comparison",
    "plot_density",
    "plot_responsibilities",
]
