"""Log prior densities of posterior draws, variable by variable, where they have a closed form."""

from collections.abc import Mapping

import numpy as np

from bayesmix.families import Family
from bayesmix.priors.sets import ConjugatePriors, Priors


def log_prior_terms(family: Family, priors: Priors, named: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Log prior density of each free variable, (chain, draw), from draws (chain, draw, ...) in the data's units."""
    terms = {}
    if np.shape(named["weights"])[-1] > 1:
        terms["weights"] = priors.weights.log_density(named["weights"])
    structure = family.structure
    if isinstance(priors, ConjugatePriors):
        factor = structure.factor(named[structure.parameter.name])
        prior = structure.hyperparameters(priors.components)
        of_factor, of_means = structure.log_prior(named["means"], factor, prior)
        return terms | {structure.parameter.name: of_factor, "means": of_means}
    terms["means"] = priors.means.log_density(named["means"])
    sample_axes = np.ndim(named["means"]) - 2
    scales = priors.scales.log_density(named["scales"])
    terms["scales"] = scales.sum(axis=tuple(range(sample_axes, scales.ndim)))
    if "correlations" in named:
        correlations = priors.correlations.log_density(named["correlations"])
        terms["correlations"] = correlations.sum(axis=tuple(range(sample_axes, correlations.ndim)))
    return terms
