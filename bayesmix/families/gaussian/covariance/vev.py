"""Covariances of one shape, each with a volume and an orientation of its own."""

from bayesmix.families.gaussian.covariance.one_shape import OneShape


class VEV(OneShape):
    """``Sigma_k = lambda_k O_k A O_k'``."""

    name = code = "VEV"
    words = "all of one shape, each with a size and direction of its own"
