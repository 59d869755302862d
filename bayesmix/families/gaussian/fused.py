r"""Value and gradient of a Gaussian mixture's log-likelihood from one kernel pass.

Component :math:`k` has weight :math:`w_k`, mean :math:`\mu_k` and factor :math:`L_k`: a lower Cholesky factor or
standard deviations, in the shape that the covariance structure has for it. Here the factor is turned into the kernels'
standard form, and the slope that the kernels give into the shape of the factor.

The functions run inside compiled PyTensor graphs: they never raise. A factor whose diagonal is not positive and
finite gives the value minus infinity and a gradient of zero. They are not cached on their own, because Numba would
not notice a change of the kernels they call; PyTensor's cache, keyed by a hash of all sources, keeps them.
"""

import math
from functools import cache
from typing import Any

import numba as nb
import numpy as np

from bayesmix.families.parts import Fused
from bayesmix.passes import axis, dense

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)

compiled = nb.njit(nogil=True, error_model="numpy")


@compiled
def fill_offsets(offsets, log_weights, diagonals):
    """``log w_k - D/2 log(2 pi) - sum_j log diagonal_kj``; False where a diagonal is not positive and finite."""
    for k in range(offsets.size):
        log_determinant = 0.0
        for entry in diagonals[k]:
            if not (0.0 < entry < math.inf):
                return False
            log_determinant += math.log(entry)
        offsets[k] = log_weights[k] - diagonals.shape[1] * HALF_LOG_TWO_PI - log_determinant
    return True


@compiled
def dense_form(factor, n_blocks, diagonals):
    """Write the diagonals (K, D) of factors in any shape; return the whiteners (K, D, D)."""
    n_components, n_features = diagonals.shape
    factors = np.ascontiguousarray(factor).reshape((n_blocks, n_features, n_features))
    inverses = dense.invert_lower(factors)
    whiteners = inverses if n_blocks == n_components else np.empty((n_components, n_features, n_features))
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        if n_blocks != n_components:
            whiteners[k] = inverses[0]
        for j in range(n_features):
            diagonals[k, j] = factors[m, j, j]
    return whiteners


@compiled
def dense_slope(slope, n_blocks, factor):
    """From (K, D, D) to the shape of the factors."""
    return slope.reshape(factor.shape) if n_blocks == slope.shape[0] else slope.sum(axis=0).reshape(factor.shape)


@compiled
def axis_form(factor, n_blocks, diagonals):
    """Write the diagonals (K, D) of standard deviations in any shape; return the whiteners (K, D)."""
    n_components, n_features = diagonals.shape
    width = factor.size // n_blocks
    deviations = np.ascontiguousarray(factor).reshape((n_blocks, width))
    for k in range(n_components):
        for j in range(n_features):
            diagonals[k, j] = deviations[k if n_blocks == n_components else 0, j if width == n_features else 0]
    return 1.0 / diagonals


@compiled
def axis_slope(slope, n_blocks, factor):
    """From (K, D) to the shape of the standard deviations."""
    n_components, n_features = slope.shape
    width = factor.size // n_blocks
    own = np.zeros((n_blocks, width))
    for k in range(n_components):
        for j in range(n_features):
            own[k if n_blocks == n_components else 0, j if width == n_features else 0] += slope[k, j]
    return own.reshape(factor.shape)


@cache
def fused(correlated: bool, shared: bool, log_mixture: Any, accumulate: Any) -> Fused:
    """The functions for matrices or variances, shared by all components or not, with a pass over the rows."""
    standard_form, to_factor_shape = (dense_form, dense_slope) if correlated else (axis_form, axis_slope)
    score = (dense if correlated else axis).score

    @compiled
    def row_log_density(columns, log_weights, means, factor):
        n_components, n_features = means.shape
        offsets, diagonals = np.empty(n_components), np.empty((n_components, n_features))
        whiteners = standard_form(factor, 1 if shared else n_components, diagonals)
        if not fill_offsets(offsets, log_weights, diagonals):
            return np.full(columns.shape[1], -math.inf)
        rows = log_mixture(
            np.ascontiguousarray(columns),
            offsets.reshape((1, n_components)),
            np.ascontiguousarray(means).reshape((1, n_components, n_features)),
            whiteners.reshape((1, *whiteners.shape)),
        )
        return rows[0]

    @compiled
    def sum_log_density(columns, row_weights, log_weights, means, factor):
        n_components, n_features = means.shape
        n_blocks = 1 if shared else n_components
        offsets, diagonals = np.empty(n_components), np.empty((n_components, n_features))
        whiteners = standard_form(factor, n_blocks, diagonals)
        if not fill_offsets(offsets, log_weights, diagonals):
            nothing = np.zeros(n_components), np.zeros(means.shape), np.zeros(factor.shape)
            return np.array(-math.inf), nothing[0], nothing[1], nothing[2]
        value, counts, first, second = accumulate(
            np.ascontiguousarray(columns),
            np.ascontiguousarray(row_weights),
            offsets,
            np.ascontiguousarray(means),
            whiteners,
        )
        means_slope, slope = score(counts, first, second, whiteners)
        return np.array(value), counts, means_slope, to_factor_shape(slope, n_blocks, factor)

    return Fused(row_log_density, sum_log_density)
