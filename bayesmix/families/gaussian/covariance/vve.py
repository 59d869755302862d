"""Covariances of one orientation, each with a volume and a shape of its own."""

from bayesmix.families.gaussian.covariance.one_orientation import OneOrientation


class VVE(OneOrientation):
    """``Sigma_k = lambda_k O A_k O'``."""

    name = code = "VVE"
    words = "all of one direction, each with a size and shape of its own"
