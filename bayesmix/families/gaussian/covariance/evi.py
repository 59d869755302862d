"""Diagonal covariances of one volume, each with a shape of its own."""

from bayesmix.families.gaussian.covariance.linear import equal_sums
from bayesmix.families.gaussian.covariance.restricted_variances import RestrictedVariances


class EVI(RestrictedVariances):
    """``Sigma_k = lambda A_k``, diagonal."""

    name = code = "EVI"
    words = "all of one size, each with a shape of its own along the features, and no direction"

    def linear(self, n_components, n_features):
        """The logs of every component's variances have one sum."""
        return equal_sums(n_components, n_features, tuple(range(n_features)))
