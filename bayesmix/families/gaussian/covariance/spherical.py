"""Every component has one variance, the same in every direction."""

from bayesmix.families.gaussian.covariance.uncorrelated import Uncorrelated
from bayesmix.families.parts import ParameterSpec


class Spherical(Uncorrelated):
    """``Sigma_k = variance_k I``; the factor is (K,), standard deviations."""

    name = "spherical"
    code = "VII"
    words = "each as wide along every feature"
    parameter = ParameterSpec("variances", ("component",), "positive", "root")
