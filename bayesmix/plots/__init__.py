"""Pictures: matplotlib figures as functions over trees, EM results and comparisons.

``plot_…`` is for people and takes options, ``draw_…`` makes the same picture for files and pages.
"""

from bayesmix.plots.certainty import plot_uncertainty
from bayesmix.plots.climbs import plot_em
from bayesmix.plots.criteria import draw_comparison, plot_comparison
from bayesmix.plots.densities import draw_density, plot_density
from bayesmix.plots.memberships import draw_responsibilities, plot_responsibilities
from bayesmix.plots.merges import plot_merge
from bayesmix.plots.misfits import draw_outliers, plot_outliers
from bayesmix.plots.numbers_of_groups import draw_number_of_groups, plot_number_of_groups
from bayesmix.plots.predictive_checks import draw_predictive_check, draw_prior_check, plot_predictive_check
from bayesmix.plots.regressions import plot_conditional
from bayesmix.plots.togetherness import draw_similarity, plot_similarity
from bayesmix.plots.traces import draw_labels, plot_labels

__all__ = [
    "draw_comparison",
    "draw_density",
    "draw_labels",
    "draw_number_of_groups",
    "draw_outliers",
    "draw_predictive_check",
    "draw_prior_check",
    "draw_responsibilities",
    "draw_similarity",
    "plot_comparison",
    "plot_conditional",
    "plot_density",
    "plot_em",
    "plot_labels",
    "plot_merge",
    "plot_number_of_groups",
    "plot_outliers",
    "plot_predictive_check",
    "plot_responsibilities",
    "plot_similarity",
    "plot_uncertainty",
]
