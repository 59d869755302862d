"""Groups and noise: one component more, uniform over the data's box."""

from bayesmix.families.noise.family import WithNoise

__all__ = ["WithNoise"]
