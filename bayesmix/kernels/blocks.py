"""What the passes share: the block of rows, and the sum over components by the log-sum-exp rule."""

import numba as nb

from bayesmix.kernels.elementary import ROW_LOOP, exp_of_nonpositive, log_of_normal

BLOCK = 256  # rows a block: K * (D + 1) * 256 doubles stay in the second-level cache

# Serial, without the GIL, cached on disk. Row loops may be reordered into SIMD lanes (see ROW_LOOP). Callees are
# inlined: else a callee is compiled twice, alone and (optimised once more) inside its caller's file, and the process
# that compiles runs the one copy where later processes load the other, with other roundings.
COMPILED = {"nogil": True, "fastmath": ROW_LOOP, "error_model": "numpy", "cache": True, "forceinline": True}
# For a function that takes functions: it lives in the files of its callers.
INNER = {**COMPILED, "cache": False}


@nb.njit(**COMPILED)
def no_nan(array):
    """Whether no entry is NaN. A row's maximum over components passes over NaN, so that it must be looked for."""
    for value in array.flat:
        if value != value:
            return False
    return True


@nb.njit(**COMPILED)
def normalise(log_joint, row_weights, start, size, top, total):
    """Turn a block of log joint densities (K, block) into weighted responsibilities; return its log-likelihood."""
    n_components = log_joint.shape[0]
    first = log_joint[0]
    for n in range(size):
        top[n] = first[n]
        total[n] = 0.0
    for k in range(1, n_components):
        row = log_joint[k]
        for n in range(size):
            top[n] = row[n] if row[n] > top[n] else top[n]
    for k in range(n_components):
        row = log_joint[k]
        for n in range(size):
            row[n] = exp_of_nonpositive(row[n] - top[n])
            total[n] += row[n]
    log_likelihood = 0.0
    if row_weights.shape[0] == 0:
        for n in range(size):
            log_likelihood += top[n] + log_of_normal(total[n])
            total[n] = 1.0 / total[n]
    else:
        own = row_weights[start : start + size]
        for n in range(size):
            log_likelihood += own[n] * (top[n] + log_of_normal(total[n]))
            total[n] = own[n] / total[n]
    for k in range(n_components):
        row = log_joint[k]
        for n in range(size):
            row[n] *= total[n]
    return log_likelihood


@nb.njit(**COMPILED)
def log_sum(log_joint, size, top, total, out):
    """``out[n] = log sum_k exp(log_joint[k, n])`` for one block (K, block)."""
    first = log_joint[0]
    for n in range(size):
        top[n] = first[n]
        total[n] = 0.0
    for k in range(1, log_joint.shape[0]):
        row = log_joint[k]
        for n in range(size):
            top[n] = row[n] if row[n] > top[n] else top[n]
    for k in range(log_joint.shape[0]):
        row = log_joint[k]
        for n in range(size):
            total[n] += exp_of_nonpositive(row[n] - top[n])
    for n in range(size):
        out[n] = top[n] + log_of_normal(total[n])


@nb.njit(**COMPILED)
def fill(row, value):
    """Set every entry of a row."""
    for n in range(row.shape[0]):
        row[n] = value
