"""What is believed before the data: prior distributions, in the units of the data, by name."""

from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.rates import Beta, Gamma
from bayesmix.priors.separated import LKJ, LogNormal, Normal
from bayesmix.priors.weights import Dirichlet

__all__ = ["LKJ", "Beta", "Dirichlet", "Gamma", "LogNormal", "Normal", "NormalInverseWishart"]
