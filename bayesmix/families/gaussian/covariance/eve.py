"""Covariances of one volume and orientation, each with a shape of its own."""

from bayesmix.families.gaussian.covariance.one_orientation import OneOrientation


class EVE(OneOrientation):
    """``Sigma_k = lambda O A_k O'``."""

    name = code = "EVE"
    words = "all of one size and direction, each with a shape of its own"
