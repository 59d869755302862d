"""The expected complete-data log-likelihood from counts, means and scatters: what an M-step raises."""

import numba as nb
import numpy as np

from bayesmix.kernels.blocks import COMPILED


@nb.njit(**COMPILED)
def dense_statistics(counts, centres, scatters, offsets, means, whiteners):
    """``sum_k n_k offset_k - tr(second_k) / 2`` with the whitened statistics at new parameters.

    With ``d_k = A_k (centre_k - mean_k)``: ``first = n d`` and ``second = A S A' + n d d'``.
    """
    n_components, n_features = centres.shape
    first = np.empty((n_components, n_features))
    second = np.empty((n_components, n_features, n_features))
    value = 0.0
    for k in range(n_components):
        whitener = np.ascontiguousarray(whiteners[k])
        d = whitener @ (centres[k] - means[k])
        half = whitener @ np.ascontiguousarray(scatters[k])
        moment = half @ whitener.T
        for i in range(n_features):
            first[k, i] = counts[k] * d[i]
            for j in range(n_features):
                second[k, i, j] = moment[i, j] + counts[k] * d[i] * d[j]
            value -= 0.5 * second[k, i, i]
        value += counts[k] * offsets[k]
    return value, first, second


@nb.njit(**COMPILED)
def axis_statistics(counts, centres, scatters, offsets, means, whiteners):
    """As :func:`dense_statistics` with squares (K, D) in the place of matrices."""
    d = whiteners * (centres - means)
    first = np.empty_like(d)
    second = np.empty_like(d)
    value = 0.0
    for k in range(d.shape[0]):
        for j in range(d.shape[1]):
            first[k, j] = counts[k] * d[k, j]
            second[k, j] = whiteners[k, j] ** 2 * scatters[k, j] + counts[k] * d[k, j] ** 2
            value -= 0.5 * second[k, j]
        value += counts[k] * offsets[k]
    return value, first, second
