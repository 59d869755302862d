r"""The pass over counts whose log densities are looked up: few values differ, however many rows there are.

``columns`` (2 D + 1, N) hold of each row the places of its cells in a table of all distinct values (column after
column, each from the smallest on), the cells themselves, and the number of places, V. A cell that is missing has the
place V, where every log density is zero. A component is a row of such a table:

.. math:: \log f_k(x) = \sum_j t_k(\text{place of } x_j)

What a pass gathers is how often each value is in each component, (K, V + 1), from which follow sums, slopes and
M-steps of any distribution of counts; it adds over rows. An impossible value has ``linear.IMPOSSIBLE``.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import draws
from bayesmix.passes.blocks import BLOCK, COMPILED, buffers, no_nan
from bayesmix.passes.known import add_known
from bayesmix.passes.linear import NEVER
from bayesmix.passes.log_sum_exp import normalise, weigh


def with_places(X: np.ndarray) -> np.ndarray:
    """Rows (N, D), NaN where a cell is missing, as the pass takes them: (2 D + 1, N)."""
    n_rows, n_features = X.shape
    columns, n_places = np.zeros((2 * n_features + 1, n_rows)), 0
    places, cells = columns[:n_features], columns[n_features : 2 * n_features]
    for j in range(n_features):
        seen = ~np.isnan(X[:, j])
        cells[j, seen] = X[seen, j]
        values, where = np.unique(cells[j, seen], return_inverse=True)
        places[j, seen] = n_places + where
        n_places += values.size
    places[np.isnan(X.T)] = n_places
    columns[-1] = n_places
    return columns


@nb.njit(**COMPILED)
def distinct(columns, n_features):
    """The values at the places (V + 1,), and which column each belongs to (V + 1,): -1 for a value of no row here."""
    n_rows = columns.shape[1]
    n_places = int(columns[2 * n_features, 0]) if n_rows > 0 else 0
    values, owners = np.zeros(n_places + 1), np.full(n_places + 1, -1)
    for j in range(n_features):
        places, cells = columns[j], columns[n_features + j]
        for n in range(n_rows):
            place = int(places[n])
            values[place], owners[place] = cells[n], j
    values[n_places], owners[n_places] = 0.0, -1
    return values, owners


@nb.njit(**COMPILED)
def _log_component(columns, start, size, n_features, offset, logs, out):
    """``offset + sum_j logs[place_j]`` for one component and one block."""
    for n in range(size):
        out[n] = offset
    for j in range(n_features):
        places = columns[j, start : start + size]
        for n in range(size):
            out[n] += logs[int(places[n])]


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, log_weights, table, n_features):
    """Log-likelihood and statistics of one pass.

    Parameters
    ----------
    columns : (2 D + 1, N) or (2 D + 1 + K, N) array
        See above; below it what is known of the rows' components, if anything is (:mod:`bayesmix.passes.known`).
    row_weights : (N,) or (0,) array
        A weight for each row; empty for ones.
    log_weights, table : (K,) and (K, V + 1) arrays
    n_features : int

    Returns
    -------
    log_likelihood : float
    counts, histograms : (K,) and (K, V + 1) arrays
        ``sum_i r_ik``, and of each place ``sum_i r_ik`` over the cells that are there; at the last over missing ones.
    """
    n_rows, n_components = columns.shape[1], log_weights.shape[0]
    counts, histograms = np.zeros(n_components), np.zeros(table.shape)
    work = buffers(2 + n_components)
    top, share, log_joint = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            _log_component(columns, start, size, n_features, log_weights[k], table[k], log_joint[k])
        add_known(columns, 2 * n_features + 1, start, size, log_joint)
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            responsibility, histogram = log_joint[k], histograms[k]
            counts[k] += weigh(responsibility, share, size)
            for j in range(n_features):
                places = columns[j, start : start + size]
                for n in range(size):
                    histogram[int(places[n])] += responsibility[n]
    if not (math.isfinite(log_likelihood) and log_likelihood > NEVER and no_nan(log_weights) and no_nan(table)):
        log_likelihood = -math.inf
    return log_likelihood, counts, histograms


@nb.njit(**COMPILED)
def sums_of(labels, columns, n_components, form):
    """See :mod:`bayesmix.families.sweeps`: the histograms of the rows of each component."""
    n_features, n_rows = (columns.shape[0] - 1) // 2, columns.shape[1]
    counts, histograms = np.zeros(n_components), np.zeros((n_components, form[1].shape[2]))
    for i in range(n_rows):
        k = labels[i]
        counts[k] += 1.0
        for j in range(n_features):
            histograms[k, int(columns[j, i])] += 1.0
    return counts, (histograms,)


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`; a form is log weights (S, K), and tables (S, K, V + 1)."""
    log_weights, tables = form
    n_features = (columns.shape[0] - 1) // 2
    _log_component(columns, start, size, n_features, log_weights[s, k], tables[s, k], out)


@nb.njit(**COMPILED)
def _log_components(columns, log_weights, tables):
    return draws.log_components(component, columns, (log_weights, tables))


def log_joint(columns, log_weights, tables):
    """``log w_k + log f_k(x_i)`` for S parameter draws: (S, K) log weights, ... -> (S, N, K)."""
    return _log_components(columns, log_weights, tables).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, log_weights, tables):
    """``log sum_k w_k f_k(x_i)`` for S parameter draws: (S, K) log weights, ... -> (S, N)."""
    return draws.log_mixture(component, columns, (log_weights, tables))


@nb.njit(**COMPILED)
def responsibilities(columns, log_weights, tables):
    """``r_ik`` for S parameter draws: (S, K) log weights, ... -> (K, N, S)."""
    return draws.responsibilities(component, columns, (log_weights, tables))


@nb.njit(**COMPILED)
def group_sums(columns, ends, log_weights, tables):
    """``sum r_ik`` over groups of consecutive rows that end before ``ends (J,)``, for S draws -> (S, J, K)."""
    return draws.group_sums(component, columns, ends, (log_weights, tables))
