"""Bayesian mixture models: how many groups, which row belongs where, and how sure can I be?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bayesmix.registry import FAMILIES
from bayesmix.version import __version__

if TYPE_CHECKING:
    from bayesmix import data, datasets, priors
    from bayesmix.comparison import (
        BootstrapLRT,
        Comparison,
        Evidence,
        bootstrap_lrt,
        compare,
        kfold,
        log_evidence,
        loo,
        waic,
    )
    from bayesmix.engines.em import EMResult
    from bayesmix.families.bernoulli import Bernoulli
    from bayesmix.families.by_kind import family_for
    from bayesmix.families.categorical import Categorical
    from bayesmix.families.gaussian import Gaussian
    from bayesmix.families.negative_binomial import NegativeBinomial
    from bayesmix.families.poisson import Poisson
    from bayesmix.families.product import Product
    from bayesmix.families.student_t import StudentT
    from bayesmix.families.zero_inflated_poisson import ZeroInflatedPoisson
    from bayesmix.html.reports import report
    from bayesmix.mixture import Mixture
    from bayesmix.plots import (
        plot_comparison,
        plot_conditional,
        plot_density,
        plot_em,
        plot_labels,
        plot_merge,
        plot_number_of_groups,
        plot_outliers,
        plot_predictive_check,
        plot_responsibilities,
        plot_similarity,
        plot_uncertainty,
    )
    from bayesmix.posterior.distribution import cdf, quantile
    from bayesmix.posterior.every_draw import responsibility_draws
    from bayesmix.posterior.given_values import conditional, marginal
    from bayesmix.posterior.imputation import impute
    from bayesmix.posterior.labels import diagnose
    from bayesmix.posterior.membership import responsibilities
    from bayesmix.posterior.merging import merge
    from bayesmix.posterior.modal import modes
    from bayesmix.posterior.numbers import number_of_groups
    from bayesmix.posterior.partitions import compare_clusterings, partial_assignments, partition, similarity
    from bayesmix.posterior.power_scaling import sensitivity
    from bayesmix.posterior.predictive import log_density, sample_predictive
    from bayesmix.posterior.regions import highest_density
    from bayesmix.posterior.renaming import relabel
    from bayesmix.posterior.tails import outliers
    from bayesmix.pymc_model import MixtureLikelihood
    from bayesmix.tree import load, save
    from bayesmix.verdict import UntrustedWarning

# Public name -> the room it lives in. Rooms load when a name is first used, so that importing bayesmix is light.
_ROOMS = {
    **{name: where for name, where in FAMILIES.items() if isinstance(where, str)},
    "BootstrapLRT": "bayesmix.comparison",
    "Comparison": "bayesmix.comparison",
    "EMResult": "bayesmix.engines.em",
    "Evidence": "bayesmix.comparison",
    "Mixture": "bayesmix.mixture",
    "MixtureLikelihood": "bayesmix.pymc_model",
    "UntrustedWarning": "bayesmix.verdict",
    "bootstrap_lrt": "bayesmix.comparison",
    "cdf": "bayesmix.posterior.distribution",
    "compare": "bayesmix.comparison",
    "compare_clusterings": "bayesmix.posterior.partitions",
    "conditional": "bayesmix.posterior.given_values",
    "diagnose": "bayesmix.posterior.labels",
    "family_for": "bayesmix.families.by_kind",
    "highest_density": "bayesmix.posterior.regions",
    "impute": "bayesmix.posterior.imputation",
    "kfold": "bayesmix.comparison",
    "load": "bayesmix.tree",
    "log_density": "bayesmix.posterior.predictive",
    "log_evidence": "bayesmix.comparison",
    "loo": "bayesmix.comparison",
    "marginal": "bayesmix.posterior.given_values",
    "merge": "bayesmix.posterior.merging",
    "modes": "bayesmix.posterior.modal",
    "number_of_groups": "bayesmix.posterior.numbers",
    "outliers": "bayesmix.posterior.tails",
    "partial_assignments": "bayesmix.posterior.partitions",
    "partition": "bayesmix.posterior.partitions",
    "plot_comparison": "bayesmix.plots",
    "plot_conditional": "bayesmix.plots",
    "plot_density": "bayesmix.plots",
    "plot_em": "bayesmix.plots",
    "plot_labels": "bayesmix.plots",
    "plot_merge": "bayesmix.plots",
    "plot_number_of_groups": "bayesmix.plots",
    "plot_outliers": "bayesmix.plots",
    "plot_predictive_check": "bayesmix.plots",
    "plot_responsibilities": "bayesmix.plots",
    "plot_similarity": "bayesmix.plots",
    "plot_uncertainty": "bayesmix.plots",
    "quantile": "bayesmix.posterior.distribution",
    "relabel": "bayesmix.posterior.renaming",
    "report": "bayesmix.html.reports",
    "responsibilities": "bayesmix.posterior.membership",
    "responsibility_draws": "bayesmix.posterior.every_draw",
    "sample_predictive": "bayesmix.posterior.predictive",
    "save": "bayesmix.tree",
    "sensitivity": "bayesmix.posterior.power_scaling",
    "similarity": "bayesmix.posterior.partitions",
    "waic": "bayesmix.comparison",
}
_SUBPACKAGES = ("data", "datasets", "priors")

__all__ = [
    "Bernoulli",
    "BootstrapLRT",
    "Categorical",
    "Comparison",
    "EMResult",
    "Evidence",
    "Gaussian",
    "Mixture",
    "MixtureLikelihood",
    "NegativeBinomial",
    "Poisson",
    "Product",
    "StudentT",
    "UntrustedWarning",
    "ZeroInflatedPoisson",
    "__version__",
    "bootstrap_lrt",
    "cdf",
    "compare",
    "compare_clusterings",
    "conditional",
    "data",
    "datasets",
    "diagnose",
    "family_for",
    "highest_density",
    "impute",
    "kfold",
    "load",
    "log_density",
    "log_evidence",
    "loo",
    "marginal",
    "merge",
    "modes",
    "number_of_groups",
    "outliers",
    "partial_assignments",
    "partition",
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
    "priors",
    "quantile",
    "relabel",
    "report",
    "responsibilities",
    "responsibility_draws",
    "sample_predictive",
    "save",
    "sensitivity",
    "similarity",
    "waic",
]


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return import_module(f"bayesmix.{name}")
    if name in _ROOMS:
        value = getattr(import_module(_ROOMS[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'bayesmix' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
