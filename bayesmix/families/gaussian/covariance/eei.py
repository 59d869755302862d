"""All components share one variance for each feature; features are uncorrelated."""

from bayesmix.families.gaussian.covariance.uncorrelated import Uncorrelated
from bayesmix.families.parts import ParameterSpec


class EEI(Uncorrelated):
    """``Sigma`` diagonal and common; the factor is (D,), standard deviations."""

    name = "EEI"
    code = "EEI"
    words = "all of one size along every feature, and no direction"
    parameter = ParameterSpec("variances", ("feature",), "positive", "root")
