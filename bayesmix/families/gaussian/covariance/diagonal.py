"""Every component has a variance of its own for each feature; features are uncorrelated."""

from bayesmix.families.gaussian.covariance.uncorrelated import Uncorrelated
from bayesmix.families.parts import ParameterSpec


class Diagonal(Uncorrelated):
    """``Sigma_k`` diagonal; the factor is (K, D), standard deviations."""

    name = "diag"
    code = "VVI"
    words = "each with a size of its own along every feature, and no direction"
    parameter = ParameterSpec("variances", ("component", "feature"), "positive", "root")
