r"""Orientations: the axes of one symmetric matrix, and the axes that several have in common.

Both turn two axes at a time. The axes of one matrix are found by Jacobi's method. Common axes O (Flury and Gautschi
1986) maximise, together with variances ``v_kj`` along them,

    -sum_kj [c_k log v_kj + (O' W_k O)_jj / v_kj] / 2.

Given the variances, the best turn of axes i and j is known exactly: in their plane the sum is a quadratic form with the
matrix ``sum_k (1 / v_ki - 1 / v_kj) T_k``, ``T_k`` being the 2 x 2 part of ``O' W_k O``, and axis i goes along its
eigenvector of the smaller eigenvalue. Given the axes, so are the variances (:mod:`volumes`). So the objective never
falls.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.gaussian.covariance.volumes import variances_of
from bayesmix.passes.blocks import COMPILED

_MOST_SWEEPS, _SAME_TURN, _ROUNDING = 1000, 1e-11, 1e-15
_JACOBI_SWEEPS = 60


@nb.njit(**COMPILED)
def _turn_columns(matrix, i, j, cosine, sine):
    """Columns i and j to ``cosine i + sine j`` and ``cosine j - sine i``."""
    for h in range(matrix.shape[0]):
        one, other = matrix[h, i], matrix[h, j]
        matrix[h, i] = cosine * one + sine * other
        matrix[h, j] = cosine * other - sine * one


@nb.njit(**COMPILED)
def _turn(matrix, i, j, cosine, sine):
    """Axes i and j of a symmetric matrix."""
    _turn_columns(matrix, i, j, cosine, sine)
    for h in range(matrix.shape[0]):
        one, other = matrix[i, h], matrix[j, h]
        matrix[i, h] = cosine * one + sine * other
        matrix[j, h] = cosine * other - sine * one


@nb.njit(**COMPILED)
def principal_axes(matrix, values, axes):
    """Fill eigenvalues (D,), from the smallest on, and eigenvectors, as columns (D, D); ``matrix`` is made diagonal."""
    size = matrix.shape[0]
    for i in range(size):
        for j in range(size):
            axes[i, j] = 1.0 if i == j else 0.0
    for _ in range(_JACOBI_SWEEPS):
        turned = False
        for j in range(1, size):
            for i in range(j):
                off = matrix[i, j]
                if not off * off > 1e-32 * abs(matrix[i, i] * matrix[j, j]):
                    continue
                turned = True
                ratio = (matrix[j, j] - matrix[i, i]) / (2.0 * off)
                tangent = math.copysign(1.0, ratio) / (abs(ratio) + math.hypot(1.0, ratio))
                cosine = 1.0 / math.hypot(1.0, tangent)
                _turn(matrix, i, j, cosine, -tangent * cosine)
                _turn_columns(axes, i, j, cosine, -tangent * cosine)
        if not turned:
            break
    for j in range(size):
        smallest = j
        for h in range(j + 1, size):
            if matrix[h, h] < matrix[smallest, smallest]:
                smallest = h
        values[j] = matrix[smallest, smallest]
        matrix[smallest, smallest] = matrix[j, j]
        if smallest != j:
            for i in range(size):
                one = axes[i, j]
                axes[i, j] = axes[i, smallest]
                axes[i, smallest] = one


@nb.njit(**COMPILED)
def along(scatters, axes):
    """``O' W_k O``, of symmetric matrices (K, D, D)."""
    n_components, size, _ = scatters.shape
    half, out = np.empty((size, size)), np.zeros_like(scatters)
    for k in range(n_components):
        for i in range(size):
            for j in range(size):
                half[i, j] = 0.0
                for h in range(size):
                    half[i, j] += scatters[k, i, h] * axes[h, j]
        for i in range(size):
            for j in range(size):
                for h in range(size):
                    out[k, i, j] += axes[h, i] * half[h, j]
    return out


@nb.njit(**COMPILED)
def common_axes(scatters, totals, n_volumes, axes, variances):
    """Turn ``axes`` (D, D) to those of the highest objective near them; fill the variances (K, D) along them.

    The variances are ``v_kj = w_kj / l_k`` but for a number, with levels ``l_k`` that are the counts, or under one
    volume ``g_k`` (see :mod:`volumes`): a turn changes those of its two axes, and the level.
    """
    n_components, size, _ = scatters.shape
    turned = along(scatters, axes)
    levels = totals.copy()
    for _ in range(_MOST_SWEEPS):
        largest = 0.0
        if n_volumes < n_components:
            for k in range(n_components):
                levels[k] = 0.0
                for j in range(size):
                    levels[k] += math.log(turned[k, j, j]) / size
                levels[k] = math.exp(levels[k])
        for j in range(1, size):
            for i in range(j):
                difference, off, size_of_terms = 0.0, 0.0, 0.0
                for k in range(n_components):
                    one, other = levels[k] / turned[k, i, i], levels[k] / turned[k, j, j]
                    difference += (one - other) * (turned[k, j, j] - turned[k, i, i])
                    off += (one - other) * turned[k, i, j]
                    size_of_terms += (one + other) * math.sqrt(turned[k, i, i] * turned[k, j, j])
                if abs(off) <= _ROUNDING * size_of_terms and difference >= -_ROUNDING * size_of_terms:
                    continue
                angle = 0.5 * math.atan2(-2.0 * off, difference)
                largest = max(largest, abs(angle))
                cosine, sine = math.cos(angle), math.sin(angle)
                for k in range(n_components):
                    before = turned[k, i, i] * turned[k, j, j]
                    _turn(turned[k], i, j, cosine, sine)
                    if n_volumes < n_components:
                        levels[k] *= (turned[k, i, i] * turned[k, j, j] / before) ** (1.0 / size)
                _turn_columns(axes, i, j, cosine, sine)
        if not largest > _SAME_TURN:  # NaN ends it, too
            break
    spreads = np.empty((n_components, size))
    _variances_along(turned, totals, n_volumes, spreads, variances)


@nb.njit(**COMPILED)
def height(scatters, totals, n_volumes, axes):
    """The objective at axes (D, D) and the best variances along them, but for a constant."""
    spreads = np.empty((totals.shape[0], scatters.shape[1]))
    variances = np.empty_like(spreads)
    _variances_along(along(scatters, axes), totals, n_volumes, spreads, variances)
    total = 0.0
    for k in range(spreads.shape[0]):
        for j in range(spreads.shape[1]):
            total -= totals[k] * math.log(variances[k, j])
    return total


@nb.njit(**COMPILED)
def _variances_along(turned, totals, n_volumes, spreads, variances):
    for k in range(spreads.shape[0]):
        for j in range(spreads.shape[1]):
            spreads[k, j] = turned[k, j, j]
    variances_of(spreads, totals, n_volumes, spreads.shape[0], variances)


@nb.njit(**COMPILED)
def from_axes(axes, variances):
    """``O diag(v_k) O'`` for each row of the variances (K, D), with axes (D, D)."""
    n_components, size = variances.shape
    out = np.zeros((n_components, size, size))
    for k in range(n_components):
        for i in range(size):
            for j in range(size):
                for h in range(size):
                    out[k, i, j] += axes[i, h] * variances[k, h] * axes[j, h]
    return out
