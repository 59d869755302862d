"""Diagonal covariances of one shape, each with a volume of its own."""

from bayesmix.families.gaussian.covariance.linear import equal_differences
from bayesmix.families.gaussian.covariance.restricted_variances import RestrictedVariances


class VEI(RestrictedVariances):
    """``Sigma_k = lambda_k A``, diagonal."""

    name = code = "VEI"
    words = "all of one shape along the features, each with a size of its own, and no direction"

    def linear(self, n_components, n_features):
        """The logs of two components' variances differ by a constant."""
        return equal_differences(n_components, n_features)
