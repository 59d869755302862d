"""Covariances of one volume, each with a shape and an orientation of its own."""

import math

import numba as nb
import numpy as np

from bayesmix.families.gaussian.covariance.dense import factors_of
from bayesmix.families.gaussian.covariance.linear import equal_sums
from bayesmix.families.gaussian.covariance.restricted import Restricted
from bayesmix.passes.blocks import COMPILED


class EVV(Restricted):
    """``|Sigma_k|`` in common, whatever linear change the columns undergo."""

    name = code = "EVV"
    words = "all of one size, each with a shape and direction of its own"
    geometry = "one_volume"
    affine = True

    def linear(self, n_components, n_features):
        """See :class:`linear.Linear`: the logs of the factors' diagonals have one sum."""
        diagonal = tuple(int(place) for place in np.cumsum(np.arange(1, n_features + 1)) - 1)
        return equal_sums(n_components, n_features * (n_features + 1) // 2, diagonal)

    def fitted(self, factor, scatters, totals):
        """Unrestricted matrices, brought to one volume.

        With ``g_k = |W_k|^(1/D)``, ``Sigma_k = lambda W_k / g_k`` and ``lambda = sum_k g_k / sum_k c_k``.
        """
        return _of_one_volume(factor, scatters, totals)

    def free_shape(self, n_components, n_features):
        """The lower triangles with logged diagonals, less the last entry of every diagonal but the first."""
        return (self.n_free(n_components, n_features),)

    def factor_from_free(self, free, n_components, n_features):
        """The factors of their triangles."""
        values = self.linear(n_components, n_features).all_values(free)
        return super().factor_from_free(values.reshape((*free.shape[:-1], n_components, -1)), n_components, n_features)

    def factor_to_free(self, factor):
        """The triangles of the factors."""
        values = super().factor_to_free(factor)
        return values.reshape((*factor.shape[:-3], -1))[..., self.linear(*factor.shape[-3:-1]).kept]

    def chart_numbers(self, n_components, n_features):
        """The sums."""
        return self.linear(n_components, n_features).numbers


@nb.njit(**COMPILED)
def _of_one_volume(factor, scatters, totals):
    """Factors of ``L_k S_k L_k'`` for lower triangles ``S_k``, times numbers that make the determinants equal."""
    n_components, size, _ = factor.shape
    roots, out = factors_of(scatters), np.zeros(factor.shape)
    levels, volume, total = np.zeros(n_components), 0.0, 0.0
    for k in range(n_components):
        for i in range(size):
            levels[k] += math.log(factor[k, i, i] * roots[k, i, i]) / size
        volume += math.exp(2.0 * levels[k])
        total += totals[k]
    for k in range(n_components):
        multiple = math.sqrt(volume / total) / math.exp(levels[k])
        for i in range(size):
            for j in range(i + 1):
                for h in range(j, i + 1):
                    out[k, i, j] += multiple * factor[k, i, h] * roots[k, h, j]
    return out
