"""The log posterior density as a function of one flat unconstrained vector: what every posterior engine works on."""

from bayesmix.density.protocol import Density, FreeVariable

__all__ = ["Density", "FreeVariable"]
