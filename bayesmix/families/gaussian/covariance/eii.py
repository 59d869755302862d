"""All components share one variance, the same in every direction."""

from bayesmix.families.gaussian.covariance.uncorrelated import Uncorrelated
from bayesmix.families.parts import ParameterSpec


class EII(Uncorrelated):
    """``Sigma = variance I``; the factor is one standard deviation, ()."""

    name = code = "EII"
    words = "all as wide as each other, and along every feature"
    parameter = ParameterSpec("variances", (), "positive", "root")
