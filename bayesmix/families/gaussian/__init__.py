"""The Gaussian family, and what other families of clouds share with it."""

from bayesmix.families.gaussian.family import Gaussian

__all__ = ["Gaussian"]
