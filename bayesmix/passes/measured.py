r"""The pass over rows that were measured with errors of known covariances, which are summed out.

A row is :math:`x = x^* + e` with a true value :math:`x^*` of some component and an error :math:`e \sim N(0, S)` whose
covariance is known, another one for each row (extreme deconvolution: Bovy, Hogg and Roweis 2011). So its density in a
component is :math:`N(\mu, \Sigma + S)`. With :math:`\Sigma = L L^\top`, :math:`\Sigma + S = R R^\top`,
:math:`z = R^{-1} (x - \mu)` and :math:`M = R^{-1} L`, what is known of the whitened true value
:math:`y = L^{-1} (x^* - \mu)` given the row is normal with

.. math:: E[y] = M^\top z, \qquad \text{Cov}[y] = I - M^\top M.

With these moments the sums are those that EM wants, and that Fisher's identity takes, as where cells are missing
(:mod:`bayesmix.passes.dense_seen`). A missing cell is one of infinite error: R and z are of the cells that were seen,
and M is :math:`R^{-1}` times their rows of L.

``columns`` (D + 1 + D (D + 1) / 2, N) hold the features, a mark, which is infinite as no other number in columns is,
and the lower triangle of each row's covariance of errors, row by row; below may stand what is known of components.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED, no_nan
from bayesmix.passes.dense import invert_lower

MARK = math.inf


def with_errors(columns: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """``columns`` (D, N) with the covariances of the rows' errors, (N, D, D), below."""
    n_features, n_rows = columns.shape
    lower = np.tril_indices(n_features)
    return np.concatenate([columns, np.full((1, n_rows), MARK), errors[:, *lower].T])


def place_of_mark(columns: np.ndarray) -> int:
    """How many features stand above the mark; 0 where :func:`with_errors` did not make them."""
    return 0 if columns.shape[1] == 0 else int(np.argmax(columns[:, 0] == MARK))


def drawn_in(columns: np.ndarray) -> np.ndarray:
    """Features (D, N), about zero and of variance about one, the less far from it the larger their errors.

    What starts are made from: a value that says little lies where most of them are.
    """
    n_features = place_of_mark(columns)
    variances = np.cumsum(np.arange(1, n_features + 1)) - 1
    return columns[:n_features] / (1.0 + columns[n_features + 1 + variances])


@nb.njit(**COMPILED)
def is_measured(columns, n_features):
    """Whether the mark stands below the features."""
    return columns.shape[0] > n_features + 1 and columns.shape[1] > 0 and columns[n_features, 0] == MARK


@nb.njit(**COMPILED)
def seen_features(columns, n, n_features, seen):
    """Write which features of row n are there; how many."""
    n_seen = 0
    for j in range(n_features):
        if columns[j, n] == columns[j, n]:
            seen[n_seen] = j
            n_seen += 1
    return n_seen


@nb.njit(**COMPILED)
def log_density(columns, n, place, seen, mean, covariance, root, z):
    """``log N(x; mean, covariance + S)`` of the seen features of row n; fills R and z.

    ``place`` is where the errors stand.
    """
    n_seen = seen.shape[0]
    value = -0.5 * n_seen * math.log(2 * math.pi)
    for a in range(n_seen):
        i = seen[a]
        errors = place + i * (i + 1) // 2
        deviation = columns[i, n] - mean[i]
        for b in range(a):
            entry = covariance[i, seen[b]] + columns[errors + seen[b], n]
            for c in range(b):
                entry -= root[a, c] * root[b, c]
            root[a, b] = entry / root[b, b]
            deviation -= root[a, b] * z[b]
        pivot = covariance[i, i] + columns[errors + i, n]
        for c in range(a):
            pivot -= root[a, c] * root[a, c]
        if not pivot > 0.0:  # a component without spread, of a row without error
            return -math.inf
        root[a, a] = math.sqrt(pivot)
        z[a] = deviation / root[a, a]
        value -= 0.5 * (z[a] * z[a]) + math.log(root[a, a])
    return value


@nb.njit(**COMPILED)
def products(factors):
    """``L L'`` of lower triangular factors (K, D, D)."""
    n_components, n_features, _ = factors.shape
    out = np.empty((n_components, n_features, n_features))
    for k in range(n_components):
        for i in range(n_features):
            for j in range(i + 1):
                total = 0.0
                for h in range(j + 1):
                    total += factors[k, i, h] * factors[k, j, h]
                out[k, i, j] = out[k, j, i] = total
    return out


@nb.njit(**COMPILED)
def log_weights_of(offsets, whiteners, out):
    """The offsets of the standard form without the constants of the components' densities."""
    n_features = whiteners.shape[1]
    for k in range(offsets.shape[0]):
        out[k] = offsets[k] + 0.5 * n_features * math.log(2 * math.pi)
        for j in range(n_features):
            out[k] -= math.log(whiteners[k, j, j])


@nb.njit(**COMPILED)
def add_moments(responsibility, seen, factor, root, z, half, expected, first, second):
    """Add ``r E[y]``, and the lower triangle of ``r E[y y']``."""
    n_features, n_seen = factor.shape[0], seen.shape[0]
    for d in range(n_features):
        expected[d] = 0.0
        for a in range(n_seen):
            entry = factor[seen[a], d] if d <= seen[a] else 0.0
            for c in range(a):
                entry -= root[a, c] * half[c, d]
            half[a, d] = entry / root[a, a]
            expected[d] += half[a, d] * z[a]
        first[d] += responsibility * expected[d]
    for d in range(n_features):
        for h in range(d + 1):
            moment = expected[d] * expected[h] + (1.0 if d == h else 0.0)
            for a in range(n_seen):
                moment -= half[a, d] * half[a, h]
            second[d, h] += responsibility * moment


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, offsets, means, whiteners):
    """As :func:`bayesmix.passes.dense.accumulate`, of rows with the covariances of their errors.

    The factorisation of each row's own covariance is what takes the time: K D^3 / 2 operations a row.
    """
    n_rows, n_features, n_components = columns.shape[1], means.shape[1], offsets.shape[0]
    counts = np.zeros(n_components)
    first = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features, n_features))
    factors = invert_lower(whiteners)
    covariances, log_w = products(factors), np.empty(n_components)
    log_weights_of(offsets, whiteners, log_w)
    roots, zs = np.empty((n_components, n_features, n_features)), np.empty((n_components, n_features))
    half, expected = np.empty((n_features, n_features)), np.empty(n_features)
    seen_at, log_joint = np.empty(n_features, np.int64), np.empty(n_components)
    place = n_features + 1
    n_above = place + n_features * (n_features + 1) // 2
    log_likelihood = 0.0
    for n in range(n_rows):
        seen = seen_at[: seen_features(columns, n, n_features, seen_at)]
        top = -math.inf
        for k in range(n_components):
            value = log_w[k] + log_density(columns, n, place, seen, means[k], covariances[k], roots[k], zs[k])
            if columns.shape[0] > n_above:
                value += columns[n_above + k, n]
            log_joint[k] = value
            top = value if value > top else top
        total = 0.0
        for k in range(n_components):
            log_joint[k] = math.exp(log_joint[k] - top)
            total += log_joint[k]
        weight = row_weights[n] if row_weights.shape[0] > 0 else 1.0
        log_likelihood += weight * (top + math.log(total))
        for k in range(n_components):
            responsibility = weight * log_joint[k] / total
            counts[k] += responsibility
            if responsibility != 0.0:
                add_moments(responsibility, seen, factors[k], roots[k], zs[k], half, expected, first[k], second[k])
    for k in range(n_components):
        for i in range(n_features):
            for j in range(i):
                second[k, j, i] = second[k, i, j]
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, first, second


@nb.njit(**COMPILED)
def log_joint(columns, offsets, means, whiteners):
    """``log w_k + log N(x_i; mu_k, Sigma_k + S_i)`` at S points: (S, K) offsets, ... -> (S, N, K).

    ``columns`` are without the mark.
    """
    (n_draws, n_components), n_features, n_rows = offsets.shape, means.shape[2], columns.shape[1]
    out = np.empty((n_draws, n_rows, n_components))
    root, z = np.empty((n_features, n_features)), np.empty(n_features)
    seen_at, log_w = np.empty(n_features, np.int64), np.empty(n_components)
    for s in range(n_draws):
        covariances = products(invert_lower(whiteners[s]))
        log_weights_of(offsets[s], whiteners[s], log_w)
        for n in range(n_rows):
            seen = seen_at[: seen_features(columns, n, n_features, seen_at)]
            for k in range(n_components):
                density = log_density(columns, n, n_features, seen, means[s, k], covariances[k], root, z)
                out[s, n, k] = log_w[k] + density
    return out
