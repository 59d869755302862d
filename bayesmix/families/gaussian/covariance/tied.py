"""All components share one covariance matrix."""

from bayesmix.families.gaussian.covariance.correlated import Correlated
from bayesmix.families.parts import ParameterSpec


class Tied(Correlated):
    """``Sigma`` free and common; the factor is (D, D), lower triangular."""

    name = "tied"
    code = "EEE"
    words = "all of one size, shape and direction"
    parameter = ParameterSpec("covariances", ("feature", "feature_bis"), "covariance", "factor")
