"""The sum over components by the log-sum-exp rule, for one block of rows."""

import numba as nb

from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.elementary import exp_of_nonpositive, log_of_normal


@nb.njit(**COMPILED)
def _largest(log_joint, size, top):
    """``top[n] = max_k log_joint[k, n]``."""
    first = log_joint[0]
    for n in range(size):
        top[n] = first[n]
    for k in range(1, log_joint.shape[0]):
        row = log_joint[k]
        for n in range(size):
            top[n] = row[n] if row[n] > top[n] else top[n]


@nb.njit(**COMPILED)
def _relative(log_joint, size, top, total):
    """Turn log densities into densities relative to each row's largest; ``total`` gets their sums."""
    _largest(log_joint, size, top)
    first = log_joint[0]
    for n in range(size):
        first[n] = exp_of_nonpositive(first[n] - top[n])
        total[n] = first[n]
    for k in range(1, log_joint.shape[0]):
        row = log_joint[k]
        for n in range(size):
            row[n] = exp_of_nonpositive(row[n] - top[n])
            total[n] += row[n]


@nb.njit(**COMPILED)
def _sum_of_logs(total, size, n_components):
    """``sum_n log total[n]`` for totals from one to ``n_components``: few logarithms of long products."""
    n_factors, limit = 256, 16  # limit^n_factors = 2^1024, which would overflow
    while n_components >= limit:
        n_factors //= 2
        limit *= limit
    log_product = 0.0
    for begin in range(0, size, n_factors):
        factors = total[begin : min(begin + n_factors, size)]
        product = 1.0
        for n in range(factors.shape[0]):
            product *= factors[n]
        log_product += log_of_normal(product)
    return log_product


# The exponential of a row's largest less itself is known to be one, and two or three components fit in registers from
# their logarithms to the inverse of the total. ``0 top`` is zero, or NaN where the largest is infinite or NaN: then
# no share is a number. The product of a block's totals stays below 3^BLOCK = 2^609.


@nb.njit(**COMPILED)
def _normalise_two(row1, row2, size, share):
    sum_of_tops, product = 0.0, 1.0
    for n in range(size):
        second = row2[n] > row1[n]
        top = row2[n] if second else row1[n]
        low = row1[n] if second else row2[n]
        lower = exp_of_nonpositive(low - top)
        row1[n] = lower if second else 1.0
        row2[n] = 1.0 if second else lower
        total = 1.0 + 0.0 * top + lower
        sum_of_tops += top
        product *= total
        share[n] = 1.0 / total
    return sum_of_tops + log_of_normal(product)


@nb.njit(**COMPILED)
def _normalise_three(row1, row2, row3, size, share):
    sum_of_tops, product = 0.0, 1.0
    for n in range(size):
        second = row2[n] > row1[n]
        high = row2[n] if second else row1[n]
        low = row1[n] if second else row2[n]
        third = row3[n] > high
        top = row3[n] if third else high
        other = high if third else row3[n]  # the lower of the third and the higher of the two
        lower = exp_of_nonpositive(low - top)
        relative_other = exp_of_nonpositive(other - top)
        higher = relative_other if third else 1.0
        row1[n] = lower if second else higher
        row2[n] = higher if second else lower
        row3[n] = 1.0 if third else relative_other
        total = 1.0 + 0.0 * top + (lower + relative_other)
        sum_of_tops += top
        product *= total
        share[n] = 1.0 / total
    return sum_of_tops + log_of_normal(product)


@nb.njit(**COMPILED)
def _normalise_many(log_joint, size, top, share):
    total = share
    _relative(log_joint, size, top, total)
    sum_of_tops = 0.0
    for n in range(size):
        sum_of_tops += top[n]
    log_likelihood = sum_of_tops + _sum_of_logs(total, size, log_joint.shape[0])
    for n in range(size):
        share[n] = 1.0 / total[n]
    return log_likelihood


@nb.njit(**COMPILED)
def _normalise_weighted(log_joint, row_weights, size, top, share):
    total = share
    _relative(log_joint, size, top, total)
    log_likelihood = 0.0
    for n in range(size):
        log_likelihood += row_weights[n] * (top[n] + log_of_normal(total[n]))
        share[n] = row_weights[n] / total[n]
    return log_likelihood


@nb.njit(**COMPILED)
def _normalise_with_noise(log_joint, beside, start, size, top, share):
    """Of noise too, which is one more component of known density: see :func:`normalise`."""
    total = share
    _relative(log_joint, size, top, total)
    weights, log_noise = beside[0, start : start + size], beside[1, start : start + size]
    of_noise = beside[2, start : start + size]
    log_likelihood = 0.0
    for n in range(size):
        nearer = log_noise[n] > top[n]
        largest = log_noise[n] if nearer else top[n]
        lower = exp_of_nonpositive((top[n] if nearer else log_noise[n]) - largest)
        groups = lower if nearer else 1.0
        noise = 1.0 if nearer else lower
        whole = total[n] * groups + noise
        log_likelihood += weights[n] * (largest + log_of_normal(whole))
        of_noise[n] = weights[n] * noise / whole
        share[n] = weights[n] * groups / whole
    return log_likelihood


@nb.njit(**COMPILED)
def normalise(log_joint, row_weights, start, size, top, share):
    """Turn a block of log joint densities (K, block) into densities relative to each row's largest.

    ``share`` gets what to multiply them by to have weighted responsibilities. Returns the block's log-likelihood.

    Where there is noise beside the components, ``row_weights`` are (3, N): a weight for each row, the log joint density
    of noise, and what is overwritten with its weighted responsibilities. That is another type, of which nothing is
    compiled until it is asked for.
    """
    n_components = log_joint.shape[0]
    if row_weights.ndim == 2:
        return _normalise_with_noise(log_joint, row_weights, start, size, top, share)
    if row_weights.shape[0] > 0:
        return _normalise_weighted(log_joint, row_weights[start : start + size], size, top, share)
    if n_components == 2:
        return _normalise_two(log_joint[0], log_joint[1], size, share)
    if n_components == 3:
        return _normalise_three(log_joint[0], log_joint[1], log_joint[2], size, share)
    return _normalise_many(log_joint, size, top, share)


@nb.njit(**COMPILED)
def weigh(relative, share, size):
    """Turn one component's relative densities into responsibilities; return their sum."""
    count = 0.0
    for n in range(size):
        relative[n] *= share[n]
        count += relative[n]
    return count


@nb.njit(**COMPILED)
def log_sum(log_joint, size, top, total, out):
    """``out[n] = log sum_k exp(log_joint[k, n])`` for one block (K, block)."""
    _largest(log_joint, size, top)
    for n in range(size):
        total[n] = 0.0
    for k in range(log_joint.shape[0]):
        row = log_joint[k]
        for n in range(size):
            total[n] += exp_of_nonpositive(row[n] - top[n])
    for n in range(size):
        out[n] = top[n] + log_of_normal(total[n])
