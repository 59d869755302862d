"""Posterior engines: a density in, draws out."""

from bayesmix.inference.draws import Draws

__all__ = ["Draws"]
