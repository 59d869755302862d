"""Value and gradient of a Student-t mixture's log-likelihood from one pass, for PyMC.

As :mod:`bayesmix.families.gaussian.fused`: compiled into PyTensor's graphs, never raising, and minus infinity with a
gradient of zero where a scale matrix or a number of degrees of freedom is none.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from bayesmix.families.gaussian.fused import axis_form, axis_slope, compiled, dense_form, dense_slope, fill_offsets
from bayesmix.families.parts import Fused
from bayesmix.families.student_t.tails import dof_slope, log_front
from bayesmix.passes import axis, dense


@cache
def fused(correlated: bool, shared: bool, given: float | None, log_mixture: Any, accumulate: Any) -> Fused:
    """The functions for matrices or variances, shared by all components or not, with a pass over the rows.

    ``dof`` is a parameter unless given.
    """
    whiteners_of, to_factor_shape = (dense_form, dense_slope) if correlated else (axis_form, axis_slope)
    score = (dense if correlated else axis).score

    @compiled
    def standard_form(log_weights, means, factor, dof):
        n_components, n_features = means.shape
        offsets, diagonals = np.empty(n_components), np.empty((n_components, n_features))
        whiteners = whiteners_of(factor, 1 if shared else n_components, diagonals)
        proper = fill_offsets(offsets, log_weights, diagonals)
        each = np.empty(n_components)
        for k in range(n_components):
            each[k] = dof.flat[k if dof.size == n_components else 0]
            proper = proper and 0.0 < each[k] < math.inf
            offsets[k] += log_front(each[k], n_features)[0] if proper else -math.inf
        return proper, offsets, whiteners, each

    @compiled
    def rows_of(columns, log_weights, means, factor, dof):
        proper, offsets, whiteners, each = standard_form(log_weights, means, factor, dof)
        if not proper:
            return np.full(columns.shape[1], -math.inf)
        rows = log_mixture(
            np.ascontiguousarray(columns),
            offsets.reshape((1, *offsets.shape)),
            np.ascontiguousarray(means).reshape((1, *means.shape)),
            whiteners.reshape((1, *whiteners.shape)),
            each.reshape((1, *each.shape)),
        )
        return rows[0]

    @compiled
    def total_of(columns, row_weights, log_weights, means, factor, dof):
        n_components, n_features = means.shape
        proper, offsets, whiteners, each = standard_form(log_weights, means, factor, dof)
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
            each,
        )
        means_slope, slope = score(counts, first, second, whiteners)
        for k in range(n_components):
            place = k if dof.size == n_components else 0
            of_dof[place] += dof_slope(each[k], n_features, counts[k], tails[k])
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
