"""Every component has a covariance matrix of its own."""

from bayesmix.families.gaussian.covariance.correlated import Correlated
from bayesmix.families.parts import ParameterSpec


class Full(Correlated):
    """``Sigma_k`` free; the factor is (K, D, D), lower triangular."""

    name = "full"
    code = "VVV"
    words = "each with a size, shape and direction of its own"
    parameter = ParameterSpec("covariances", ("component", "feature", "feature_bis"), "covariance", "factor")
