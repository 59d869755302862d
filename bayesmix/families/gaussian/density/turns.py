"""What densities of turned matrices share: rotations by Cayley's transform, and the vector of free matrices.

With S skew-symmetric and ``P = (I + S)^-1``, ``R = (I - S) P = 2 P - I`` and ``dR R' = -2 P dS P'``.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def sandwich(left, middle):
    """``left middle left'``."""
    size = left.shape[0]
    half, out = np.zeros((size, size)), np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            for h in range(size):
                half[i, j] += left[i, h] * middle[h, j]
    for i in range(size):
        for j in range(size):
            for h in range(size):
                out[i, j] += half[i, h] * left[j, h]
    return out


@nb.njit(**COMPILED)
def turned_over(matrix):
    """The transpose, in memory of its own."""
    out = np.empty_like(matrix)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[0]):
            out[j, i] = matrix[i, j]
    return out


@nb.njit(**COMPILED)
def inverse_of_one_plus_skew(q, place, size):
    """``(I + S)^-1`` and ``log |I + S|``, by elimination: every pivot is at least one."""
    matrix = np.eye(size)
    for i in range(size):
        for j in range(i):
            matrix[i, j] = q[place]
            matrix[j, i] = -q[place]
            place += 1
    log_determinant = 0.0
    for p in range(size):
        pivot = matrix[p, p]
        log_determinant += math.log(pivot)
        matrix[p, p] = 1.0
        for j in range(size):
            matrix[p, j] /= pivot
        for i in range(size):
            if i != p:
                multiple = matrix[i, p]
                matrix[i, p] = 0.0
                for j in range(size):
                    matrix[i, j] -= multiple * matrix[p, j]
    return matrix, log_determinant


@nb.njit(**COMPILED)
def rotation(inverse):
    """``R = 2 P - I``."""
    out = 2.0 * inverse
    for i in range(out.shape[0]):
        out[i, i] -= 1.0
    return out


@nb.njit(**COMPILED)
def as_free(q, factors):
    """The coordinates of free matrices with these factors, and the logits and means of ``q``."""
    n_components, n_features, _ = factors.shape
    n_means, n_packed = n_components * n_features, n_features * (n_features + 1) // 2
    free = np.empty(n_components - 1 + n_components * n_packed + n_means)
    for i in range(n_components - 1):
        free[i] = q[i]
    place = n_components - 1
    for k in range(n_components):
        for i in range(n_features):
            for j in range(i):
                free[place + j] = factors[k, i, j]
            free[place + i] = math.log(factors[k, i, i])
            place += i + 1
    for i in range(n_means):
        free[place + i] = q[q.size - n_means + i]
    return free


@nb.njit(**COMPILED)
def commutator(covariance, slope):
    """``Sigma G - G Sigma``."""
    size = slope.shape[0]
    out = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            for h in range(size):
                out[i, j] += covariance[i, h] * slope[h, j] - slope[i, h] * covariance[h, j]
    return out
