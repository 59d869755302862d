r"""The likelihood of assignments, averaged over what the components are called.

For parameters :math:`\theta` and assignments whose component j has the rows :math:`x_j`, let :math:`a_{kj}` be the log
density of these rows under component k. Renaming the components of the assignments in all ways gives

.. math:: \frac{1}{K!} \sum_\sigma \exp \sum_k a_{k \sigma(k)},

a permanent over K!. Up to :data:`MOST_EXACT` components it is summed exactly, over sets of columns in the place of
permutations: with :math:`P(S)` the permanent of the first :math:`|S|` rows and the columns S,
:math:`P(S) = \sum_{j \in S} e^{a_{|S| j}} P(S \setminus j)`, in :math:`2^K K` steps, none of which subtracts.

That doubles with each component. With more of them the permanent is estimated by permutations drawn one row after the
other, each divided by its probability. The estimate is unbiased, which is all that is asked of the density of a
proposal: let :math:`h(\sigma \mid \theta)` be the probability of a permutation, and think of R of them as further
unknowns. Then :math:`\frac1R \sum_r \prod_k e^{a_{k \sigma_r(k)}} / h(\sigma_r) \prod_r h(\sigma_r \mid \theta)` is a
density of parameters and permutations together, from which one draws by drawing parameters and the labelling that they
are drawn under, taking that for one of the R, and the others from h. The target, times the same product of h, keeps its
integral, so that the ratio of the two integrals, the evidence, is the one that was asked for; estimates of the
permanent that scatter cost draws, and no bias (as in pseudo-marginal methods, Andrieu and Roberts 2009).

References
----------
Andrieu, C. and Roberts, G. O. (2009). The pseudo-marginal approach for efficient Monte Carlo computations. Annals of
Statistics 37, 697-725. https://doi.org/10.1214/07-AOS574
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.elementary import exp_of_nonpositive

MOST_EXACT = 6
"""Components up to which permanents are summed exactly, in 384 steps each.

Of penguins with seven full covariances exact sums, of 896 steps, take 3.6 times as long as estimates, and lower the
standard error of the evidence by a fifteenth.
"""
_NEGLIGIBLE = 16.0  # nats below the largest of a few hundred terms
_LANES = 8  # matrices that are worked side by side
_SMALL = 1e-250  # a permanent in which products have not yet underflowed


@nb.njit(**COMPILED)
def log_mean_likelihood(log_densities, log_evidences, exchangeable, exactly, n_permutations, own, permutations, rng):
    """Log of the mean over M assignments of their likelihood divided by their evidence, at P points.

    Parameters
    ----------
    log_densities : (P, K, M, K) array
        ``a_kj`` of every point and assignments.
    log_evidences : (M,) array
        Log density of rows and assignments together.
    exchangeable : bool
        Whether to average over labellings; else the components of assignments are the points' own.
    exactly : bool
    n_permutations : int
        R, where not exactly.
    own : (P,) array of int
        The assignments that a point was drawn given, -1 where it was not.
    permutations : (P, K) array of int
        The labelling then: the column of each row.
    rng : numpy.random.Generator

    Returns
    -------
    (P,) array
    """
    n_points, n_components, n_assignments, _ = log_densities.shape
    out, bounds, terms, least = np.empty(n_points), np.empty(n_assignments), np.empty(_LANES), np.empty(_LANES)
    matrices = np.empty((n_components, n_components, _LANES))
    work = np.empty_like(matrices), np.empty((1 << n_components if exactly else 1, _LANES))
    for p in range(n_points):
        for m in range(n_assignments):
            bounds[m] = -log_evidences[m]
            if exchangeable:
                bounds[m] += _most(log_densities[p, :, m])
            else:
                for k in range(n_components):
                    bounds[m] += log_densities[p, k, m, k]
        if not exchangeable:
            top = bounds.max()
            out[p] = top + math.log(np.exp(bounds - top).sum() / n_assignments)
            continue
        order = np.argsort(-bounds)
        highest, total = -math.inf, 0.0
        for start in range(0, n_assignments, _LANES):
            if bounds[order[start]] < highest - _NEGLIGIBLE:
                break
            chosen = order[start : start + _LANES]
            for lane in range(chosen.shape[0]):
                for k in range(n_components):
                    for j in range(n_components):
                        matrices[k, j, lane] = log_densities[p, k, chosen[lane], j]
            if exactly:
                for lane in range(chosen.shape[0]):
                    least[lane] = highest - _NEGLIGIBLE + log_evidences[chosen[lane]]
                _log_means(matrices, chosen.shape[0], least, terms, *work)
            else:
                for lane in range(chosen.shape[0]):
                    is_own = own[p] == chosen[lane]
                    terms[lane] = _log_mean_drawn(matrices[..., lane], n_permutations, is_own, permutations[p], rng)
            for lane in range(chosen.shape[0]):
                term = terms[lane] - log_evidences[chosen[lane]]
                if term > highest:
                    total = total * math.exp(highest - term) + 1.0
                    highest = term
                elif term > -math.inf:
                    total += math.exp(term - highest)
        out[p] = highest + math.log(total / n_assignments)
    return out


@nb.njit(**COMPILED)
def _most(matrix):
    """What the log of a mean of products is at most: the sum of the largest entries of all rows, or of all columns."""
    n = matrix.shape[0]
    of_rows, of_columns = 0.0, 0.0
    for k in range(n):
        row, column = matrix[k, 0], matrix[0, k]
        for j in range(1, n):
            row = matrix[k, j] if matrix[k, j] > row else row
            column = matrix[j, k] if matrix[j, k] > column else column
        of_rows += row
        of_columns += column
    return of_rows if of_rows < of_columns else of_columns


@nb.njit(**COMPILED)
def _log_means(matrices, size, least, out, scaled, partial):
    """Log of the permanents of ``exp`` of the first matrices (K, K, lane) over K!, side by side in SIMD lanes.

    Those that are below ``least`` need not be right.
    """
    n = matrices.shape[0]
    for lane in range(_LANES):
        out[lane], partial[0, lane] = -math.lgamma(n + 1.0), 1.0
    for k in range(n):
        for lane in range(_LANES):
            top = matrices[k, 0, lane]
            for j in range(1, n):
                top = matrices[k, j, lane] if matrices[k, j, lane] > top else top
            out[lane] += top
            for j in range(n):
                scaled[k, j, lane] = exp_of_nonpositive(matrices[k, j, lane] - top)
    for columns in range(1, 1 << n):
        row, left = -1, columns
        while left:
            row += 1
            left &= left - 1
        value = partial[columns]
        for lane in range(_LANES):
            value[lane] = 0.0
        for j in range(n):
            if columns >> j & 1:
                factor, rest = scaled[row, j], partial[columns ^ (1 << j)]
                for lane in range(_LANES):
                    value[lane] += factor[lane] * rest[lane]
    for lane in range(size):
        if partial[-1, lane] > _SMALL:
            out[lane] += math.log(partial[-1, lane])
        elif out[lane] + math.log(_SMALL) < least[lane]:
            out[lane] = -math.inf
        else:
            out[lane] = _log_mean_in_logs(matrices[..., lane])


@nb.njit(**COMPILED)
def _log_mean_in_logs(matrix):
    """The same where products underflow: rows that all want one column."""
    n = matrix.shape[0]
    partial = np.full(1 << n, -math.inf)
    partial[0] = -math.lgamma(n + 1.0)
    for columns in range(1, 1 << n):
        row, left = -1, columns
        while left:
            row += 1
            left &= left - 1
        top = -math.inf
        for j in range(n):
            if columns >> j & 1:
                top = max(top, matrix[row, j] + partial[columns ^ (1 << j)])
        value = 0.0
        for j in range(n):
            if columns >> j & 1 and top > -math.inf:
                value += math.exp(matrix[row, j] + partial[columns ^ (1 << j)] - top)
        partial[columns] = top + math.log(value)
    return partial[-1]


@nb.njit(**COMPILED)
def _log_mean_drawn(matrix, n_permutations, is_own, own, rng):
    """The same from permutations, the first of which is ``own`` (K,) where the matrix was made with it.

    A row takes a column by its entry, next to what the rows after it, which have to live with the rest, have there.
    """
    n = matrix.shape[0]
    scaled, later = np.empty((n, n)), np.zeros((n + 1, n))
    for k in range(n):
        top = matrix[k].max()
        for j in range(n):
            scaled[k, j] = max(math.exp(matrix[k, j] - top), 1e-250)
    for k in range(n - 1, -1, -1):
        for j in range(n):
            later[k, j] = later[k + 1, j] + scaled[k, j]
    taken, odds = np.empty(n, np.bool_), np.empty(n)
    highest, total = -math.inf, 0.0
    for r in range(n_permutations):
        taken[:] = False
        term = -math.lgamma(n + 1.0)
        for k in range(n):
            whole = 0.0
            for j in range(n):
                odds[j] = 0.0 if taken[j] else scaled[k, j] / later[k, j]
                whole += odds[j]
            if r == 0 and is_own:
                chosen = own[k]
            else:
                chosen, rest = -1, rng.random() * whole
                for j in range(n):
                    if not taken[j]:
                        chosen = j
                        rest -= odds[j]
                        if rest < 0:
                            break
            taken[chosen] = True
            term += matrix[k, chosen] - math.log(odds[chosen] / whole)
        if term > highest:
            total = total * math.exp(highest - term) + 1.0
            highest = term
        else:
            total += math.exp(term - highest)
    return highest + math.log(total / n_permutations)
