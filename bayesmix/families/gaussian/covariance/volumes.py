r"""Variances along given axes that have volumes or shapes in common: ``v_kj = lambda_k a_kj`` with ``prod_j a_kj = 1``.

With ``w_kj`` the scatter of component k along axis j and ``c_k`` its count, the expected objective is, but for a
constant, ``-sum_kj [c_k log v_kj + w_kj / v_kj] / 2``. Its maximum (Celeux and Govaert 1995) is

    v_kj = w_kj / c_k                           where all are free,
    v_kj = lambda w_kj / g_k                    where volumes are common: g_k = prod_j w_kj^(1/D),
                                                lambda = sum_k g_k / sum_k c_k,
    v_kj = sum_k w_kj / sum_k c_k               where volumes and shapes are,

and where only shapes are common, volumes given the shape and the shape given the volumes, in turn: the objective is
concave in the logarithms of both.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED

MOST_ROUNDS, SAME = 10_000, 1e-12


@nb.njit(**COMPILED)
def variances_of(spreads, totals, n_volumes, n_shapes, out):
    """Fill ``out`` (K, D) from scatters (K, D) and counts (K,), for one or K volumes, and one or K shapes."""
    n_components, n_features = spreads.shape
    if n_shapes < n_components:
        volumes = np.ones(n_components)
        for _ in range(MOST_ROUNDS if n_volumes == n_components else 1):
            change = _common_shape(spreads, totals, volumes, n_volumes, out)
            if not change > SAME * n_features:  # NaN ends it, too
                break
        return
    if n_volumes < n_components:
        volume, total = 0.0, 0.0
        for k in range(n_components):
            volume += math.exp(_mean_log(spreads[k]))
            total += totals[k]
        volume /= total
        for k in range(n_components):
            factor = volume / math.exp(_mean_log(spreads[k]))
            for j in range(n_features):
                out[k, j] = factor * spreads[k, j]
        return
    for k in range(n_components):
        for j in range(n_features):
            out[k, j] = spreads[k, j] / totals[k]


@nb.njit(**COMPILED)
def _mean_log(values):
    total = 0.0
    for value in values:
        total += math.log(value)
    return total / values.shape[0]


@nb.njit(**COMPILED)
def _common_shape(spreads, totals, volumes, n_volumes, out):
    """One round: the shape, or all variances, given the volumes, and the volumes given it; the largest change of one.

    ``out`` is ``volumes`` times the shape; the shape's own volume is kept at one where there are several volumes.
    """
    n_components, n_features = spreads.shape
    shape, total = np.zeros(n_features), 0.0
    for k in range(n_components):
        total += totals[k]
        for j in range(n_features):
            shape[j] += spreads[k, j] / volumes[k]
    for j in range(n_features):
        shape[j] /= total
    change = 0.0
    if n_volumes == n_components:
        level = math.exp(_mean_log(shape))
        for k in range(n_components):
            volume = 0.0
            for j in range(n_features):
                volume += spreads[k, j] / shape[j] * level
            volume /= n_features * totals[k]
            change = max(change, abs(volume / volumes[k] - 1.0))
            volumes[k] = volume
        for j in range(n_features):
            shape[j] /= level
    for k in range(n_components):
        for j in range(n_features):
            out[k, j] = volumes[k] * shape[j]
    return change
