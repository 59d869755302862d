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
    d, half = np.empty(n_features), np.empty((n_features, n_features))
    value = 0.0
    for k in range(n_components):
        for i in range(n_features):
            d[i] = 0.0
            for h in range(i + 1):
                d[i] += whiteners[k, i, h] * (centres[k, h] - means[k, h])
            for j in range(n_features):
                half[i, j] = 0.0
                for h in range(i + 1):
                    half[i, j] += whiteners[k, i, h] * scatters[k, h, j]
        for i in range(n_features):
            first[k, i] = counts[k] * d[i]
            for j in range(n_features):
                second[k, i, j] = counts[k] * d[i] * d[j]
                for h in range(j + 1):
                    second[k, i, j] += half[i, h] * whiteners[k, j, h]
            value -= 0.5 * second[k, i, i]
        value += counts[k] * offsets[k]
    return value, first, second


@nb.njit(**COMPILED)
def axis_statistics(counts, centres, scatters, offsets, means, whiteners):
    """As :func:`dense_statistics` with squares (K, D) in the place of matrices."""
    n_components, n_features = centres.shape
    first = np.empty((n_components, n_features))
    second = np.empty((n_components, n_features))
    value = 0.0
    for k in range(n_components):
        for j in range(n_features):
            d = whiteners[k, j] * (centres[k, j] - means[k, j])
            first[k, j] = counts[k] * d
            second[k, j] = whiteners[k, j] * whiteners[k, j] * scatters[k, j] + counts[k] * d * d
            value -= 0.5 * second[k, j]
        value += counts[k] * offsets[k]
    return value, first, second
