"""What is believed before the data: prior distributions, in the units of the data, by name."""

from bayesmix.priors.concentration import FisherF
from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.factors import InverseGamma, Loadings
from bayesmix.priors.number import DiscreteUniform, ShiftedBetaNegativeBinomial, ShiftedGeometric, ShiftedPoisson
from bayesmix.priors.rates import Beta, Gamma
from bayesmix.priors.separated import LKJ, LogNormal, Normal
from bayesmix.priors.weights import Dirichlet, DynamicDirichlet

__all__ = [
    "LKJ",
    "Beta",
    "Dirichlet",
    "DiscreteUniform",
    "DynamicDirichlet",
    "FisherF",
    "Gamma",
    "InverseGamma",
    "Loadings",
    "LogNormal",
    "Normal",
    "NormalInverseWishart",
    "ShiftedBetaNegativeBinomial",
    "ShiftedGeometric",
    "ShiftedPoisson",
]
