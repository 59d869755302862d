"""Covariances of one shape and orientation, each with a volume of its own."""

import math

import numba as nb
import numpy as np

from bayesmix.families.gaussian.covariance.dense import factors_of
from bayesmix.families.gaussian.covariance.one_shape import OneShape
from bayesmix.families.gaussian.covariance.restricted import in_units
from bayesmix.families.gaussian.covariance.volumes import MOST_ROUNDS, SAME
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import invert_lower


class VEE(OneShape):
    """``Sigma_k = lambda_k C`` with ``|C| = 1``, whatever linear change the columns undergo."""

    name = code = "VEE"
    words = "all of one shape and direction, each with a size of its own"
    affine = True

    def fitted(self, factor, scatters, totals):
        """Volumes given C, and C given the volumes, in turn."""
        return _multiples(in_units(factor, scatters), totals)


@nb.njit(**COMPILED)
def _multiples(scatters, totals):
    """Factors of multiples of one matrix."""
    n_components, size, _ = scatters.shape
    volumes, pooled = np.ones(n_components), np.empty((1, size, size))
    factor = pooled
    total = 0.0
    for k in range(n_components):
        total += totals[k]
    for _ in range(MOST_ROUNDS):
        for i in range(size):
            for j in range(size):
                pooled[0, i, j] = 0.0
                for k in range(n_components):
                    pooled[0, i, j] += scatters[k, i, j] / volumes[k] / total
        factor = factors_of(pooled)
        inverse = invert_lower(factor)[0]
        change = 0.0
        for k in range(n_components):
            volume = 0.0
            for i in range(size):
                for j in range(i + 1):
                    for h in range(i + 1):
                        volume += inverse[i, j] * scatters[k, j, h] * inverse[i, h]
            volume /= size * totals[k]
            change = max(change, abs(volume / volumes[k] - 1.0))
            volumes[k] = volume
        if not change > SAME * size:  # NaN ends it, too
            break
    out = np.empty(scatters.shape)
    for k in range(n_components):
        for i in range(size):
            for j in range(size):
                out[k, i, j] = math.sqrt(volumes[k]) * factor[0, i, j]
    return out
