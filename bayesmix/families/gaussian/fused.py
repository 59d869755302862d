r"""Value and gradient of a Gaussian mixture's log-likelihood from one kernel pass.

Component :math:`k` has weight :math:`w_k`, mean :math:`\mu_k` and factor :math:`L_k`: a lower Cholesky factor
(``full`` (K, D, D), ``tied`` (D, D)) or standard deviations (``diag`` (K, D), ``spherical`` (K,)). Here the factor
is turned into the kernels' standard form, and the slope that the kernels give into the shape of the factor.

The functions run inside compiled PyTensor graphs: they never raise. A factor whose diagonal is not positive and
finite gives the value minus infinity and a gradient of zero. They are not cached on their own, because Numba would
not notice a change of the kernels they call; PyTensor's cache, keyed by a hash of all sources, keeps them.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.protocol import Fused
from bayesmix.passes import axis, dense

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)

compiled = nb.njit(nogil=True, error_model="numpy")


@compiled
def _fill_offsets(offsets, log_weights, diagonals):
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
def full_standard_form(factor, diagonals):
    """Write the diagonals (K, D); return the whiteners (K, D, D)."""
    factor = np.ascontiguousarray(factor)
    for k in range(diagonals.shape[0]):
        for j in range(diagonals.shape[1]):
            diagonals[k, j] = factor[k, j, j]
    return dense.invert_lower(factor)


@compiled
def tied_standard_form(factor, diagonals):
    """Write the diagonals (K, D); return the whiteners (K, D, D), all the same."""
    n_components, n_features = diagonals.shape
    shared = np.ascontiguousarray(factor).reshape((1, n_features, n_features))
    whitener = dense.invert_lower(shared)[0]
    whiteners = np.empty((n_components, n_features, n_features))
    for k in range(n_components):
        whiteners[k] = whitener
        for j in range(n_features):
            diagonals[k, j] = factor[j, j]
    return whiteners


@compiled
def diag_standard_form(factor, diagonals):
    """Write the diagonals (K, D); return the whiteners (K, D)."""
    diagonals[:] = factor
    return 1.0 / diagonals


@compiled
def spherical_standard_form(factor, diagonals):
    """Write the diagonals (K, D); return the whiteners (K, D)."""
    for k in range(diagonals.shape[0]):
        diagonals[k] = factor[k]
    return 1.0 / diagonals


@compiled
def full_slope(slope):
    """From (K, D, D) to the factors' shape, which is the same."""
    return slope


@compiled
def tied_slope(slope):
    """From (K, D, D) to the shared factor's (D, D)."""
    return slope.sum(axis=0)


@compiled
def spherical_slope(slope):
    """From (K, D) to the common deviations' (K,)."""
    return slope.sum(axis=1)


def _make_row_function(standard_form, kernel):
    """Bind one covariance's functions: row log densities (N,)."""
    log_mixture = kernel.log_mixture

    @compiled
    def row_log_density(columns, log_weights, means, factor):
        n_components, n_features = means.shape
        offsets, diagonals = np.empty(n_components), np.empty((n_components, n_features))
        whiteners = standard_form(factor, diagonals)
        if not _fill_offsets(offsets, log_weights, diagonals):
            return np.full(columns.shape[1], -math.inf)
        rows = log_mixture(
            np.ascontiguousarray(columns),
            offsets.reshape((1, n_components)),
            np.ascontiguousarray(means).reshape((1, n_components, n_features)),
            whiteners.reshape((1, *whiteners.shape)),
        )
        return rows[0]

    return row_log_density


def _make_sum_function(standard_form, kernel, to_factor_shape):
    """Bind one covariance's functions: weighted sum of the row log densities, and its gradient."""
    accumulate, score = kernel.accumulate, kernel.score

    @compiled
    def sum_log_density(columns, row_weights, log_weights, means, factor):
        n_components, n_features = means.shape
        offsets, diagonals = np.empty(n_components), np.empty((n_components, n_features))
        whiteners = standard_form(factor, diagonals)
        if not _fill_offsets(offsets, log_weights, diagonals):
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
        return np.array(value), counts, means_slope, to_factor_shape(slope)

    return sum_log_density


FUSED = {
    "full": Fused(
        _make_row_function(full_standard_form, dense), _make_sum_function(full_standard_form, dense, full_slope)
    ),
    "tied": Fused(
        _make_row_function(tied_standard_form, dense), _make_sum_function(tied_standard_form, dense, tied_slope)
    ),
    "diag": Fused(
        _make_row_function(diag_standard_form, axis), _make_sum_function(diag_standard_form, axis, full_slope)
    ),
    "spherical": Fused(
        _make_row_function(spherical_standard_form, axis),
        _make_sum_function(spherical_standard_form, axis, spherical_slope),
    ),
}
