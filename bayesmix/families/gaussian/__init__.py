"""The Gaussian family, and what other families of clouds share with it."""

from bayesmix.families.gaussian.factors.family import FactorAnalysers
from bayesmix.families.gaussian.family import Gaussian

__all__ = ["FactorAnalysers", "Gaussian"]
