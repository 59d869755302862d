"""Covariances of one volume and shape, each with an orientation of its own."""

from bayesmix.families.gaussian.covariance.one_shape import OneShape


class EEV(OneShape):
    """``Sigma_k = lambda O_k A O_k'``."""

    name = code = "EEV"
    words = "all of one size and shape, each with a direction of its own"
