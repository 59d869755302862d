"""Value and gradient of a Student-t mixture's log-likelihood from one pass, for PyMC.

As :mod:`bayesmix.families.gaussian.fused`: compiled into PyTensor's graphs, never raising, and minus infinity with a
gradient of zero where a scale matrix or a number of degrees of freedom is none.
"""

import math
from functools import cache

import numba as nb
import numpy as np

from bayesmix.families.gaussian.covariance import axis as axis_structure
from bayesmix.families.gaussian.covariance import dense as dense_structure
from bayesmix.families.protocol import Fused
from bayesmix.families.student_t.tails import dof_slope, log_front
from bayesmix.passes import axis, dense, student

compiled = nb.njit(nogil=True, error_model="numpy")


@compiled
def _dense_blocks(factor, n_blocks, n_features):
    return np.ascontiguousarray(factor).reshape((1, n_blocks, n_features, n_features))


@compiled
def _axis_blocks(factor, n_blocks, n_features):
    return np.ascontiguousarray(factor).reshape((1, n_blocks, factor.size // n_blocks))


@compiled
def _dense_slope(slope, n_blocks, factor):
    """From (K, D, D) to the shape of the factors."""
    return slope.reshape(factor.shape) if n_blocks == slope.shape[0] else slope.sum(axis=0).reshape(factor.shape)


@compiled
def _axis_slope(slope, n_blocks, factor):
    """From (K, D) to the shape of the scales."""
    n_components, n_features = slope.shape
    width = factor.size // n_blocks
    own = np.zeros((n_blocks, width))
    for k in range(n_components):
        for j in range(n_features):
            own[k if n_blocks == n_components else 0, j if width == n_features else 0] += slope[k, j]
    return own.reshape(factor.shape)


@cache
def fused(correlated: bool, shared: bool, given: float | None) -> Fused:
    """The functions for matrices or variances, shared by all components or not; ``dof`` is a parameter unless given."""
    structure, geometry = (dense_structure, dense) if correlated else (axis_structure, axis)
    blocks, to_factor_shape = (_dense_blocks, _dense_slope) if correlated else (_axis_blocks, _axis_slope)
    offsets_and_whiteners, score = structure.offsets_and_whiteners, geometry.score
    log_mixture, accumulate = student.log_mixture, student.accumulate

    @compiled
    def standard_form(log_weights, means, factor, dof):
        n_components, n_features = means.shape
        of_blocks = blocks(factor, 1 if shared else n_components, n_features)
        ones = np.ones((1, n_components))
        found, whiteners = offsets_and_whiteners(
            ones, np.ascontiguousarray(means).reshape((1, *means.shape)), of_blocks
        )
        offsets, spread, proper = found[0], np.empty(n_components), True
        for k in range(n_components):
            spread[k] = dof.flat[k if dof.size == n_components else 0]
            proper = proper and math.isfinite(offsets[k]) and 0.0 < spread[k] < math.inf
            offsets[k] += log_weights[k] + log_front(spread[k], n_features)[0] if proper else -math.inf
        return proper, offsets, whiteners[0], spread

    @compiled
    def rows_of(columns, log_weights, means, factor, dof):
        proper, offsets, whiteners, spread = standard_form(log_weights, means, factor, dof)
        if not proper:
            return np.full(columns.shape[1], -math.inf)
        rows = log_mixture(
            np.ascontiguousarray(columns),
            offsets.reshape((1, *offsets.shape)),
            np.ascontiguousarray(means).reshape((1, *means.shape)),
            whiteners.reshape((1, *whiteners.shape)),
            spread.reshape((1, *spread.shape)),
        )
        return rows[0]

    @compiled
    def total_of(columns, row_weights, log_weights, means, factor, dof):
        n_components, n_features = means.shape
        proper, offsets, whiteners, spread = standard_form(log_weights, means, factor, dof)
        of_dof = np.zeros(dof.size)
        if not proper:
            nothing = np.zeros(n_components), np.zeros(means.shape), np.zeros(factor.shape)
            return np.array(-math.inf), nothing[0], nothing[1], nothing[2], of_dof.reshape(dof.shape)
        value, counts, _, first, second, tails, _ = accumulate(
            np.ascontiguousarray(columns),
            np.ascontiguousarray(row_weights),
            offsets,
            np.ascontiguousarray(means),
            whiteners,
            spread,
        )
        means_slope, slope = score(counts, first, second, whiteners)
        for k in range(n_components):
            place = k if dof.size == n_components else 0
            of_dof[place] += dof_slope(spread[k], n_features, counts[k], tails[k])
        factor_slope = to_factor_shape(slope, 1 if shared else n_components, factor)
        return np.array(value), counts, means_slope, factor_slope, of_dof.reshape(dof.shape)

    if given is None:
        return Fused(rows_of, total_of)

    @compiled
    def rows_of_given(columns, log_weights, means, factor):
        return rows_of(columns, log_weights, means, factor, np.full(1, given))

    @compiled
    def total_of_given(columns, row_weights, log_weights, means, factor):
        return total_of(columns, row_weights, log_weights, means, factor, np.full(1, given))[:4]

    return Fused(rows_of_given, total_of_given)
