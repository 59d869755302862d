"""The declaration of a mixture in PyMC: the fused likelihood, the priors as variables, the model."""

from bayesmix.pymc_model.likelihood import MixtureLikelihood
from bayesmix.pymc_model.model import declare

__all__ = ["MixtureLikelihood", "declare"]
