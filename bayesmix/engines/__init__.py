"""Posterior engines: a density in, draws out."""

from bayesmix.engines.draws import Draws

__all__ = ["Draws"]
