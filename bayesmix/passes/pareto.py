"""Pareto smoothed importance sampling: the largest weights replaced by quantiles of a Pareto law fitted to them."""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.elementary import exp_of_nonpositive, log_of_normal

_TINY = 2.2250738585072014e-308  # the smallest normal number
_EPS = 2.220446049250313e-16
# The prior of the tail's shape and of its inverse scale, as in the papers cited below.
_PRIOR_SHAPE, _PRIOR_DRAWS = 0.5, 10.0
_PRIOR_QUARTILES = 3.0
_FEWEST_POINTS = 30
_TILE = 32  # rows that are copied at once: the draws of a row are far apart, the rows of a draw beside each other


def tail_size(n_draws: int, efficiency: float = 1.0) -> int:
    """How many of the largest weights are smoothed: ``3 sqrt(S / efficiency)``, and at most a fifth of all.

    Parameters
    ----------
    n_draws : int
        At least 25.
    efficiency : float
        Effective over actual number of draws.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, Journal of Machine Learning
    Research 25, appendix H.
    """
    if n_draws * efficiency > 225:
        return int(3 * (n_draws / efficiency) ** 0.5)
    return n_draws // 5


@nb.njit(**COMPILED)
def smoothed(log_ratios, n_tail):
    """Smoothed log weights (S,) that sum to one, of log ratios (S,), and the shape k of their tail.

    Infinity for k, and the ratios as they are, where no law can be fitted: the largest of them are all the same, or
    most of the tail is.

    Parameters
    ----------
    log_ratios : (S,) array
        Target over proposal.
    n_tail : int
        As :func:`tail_size` gives it.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, Journal of Machine Learning
    Research 25.
    """
    log_weights = log_ratios.copy()
    k = _smooth(log_weights, n_tail, np.empty(log_ratios.size))
    total = 0.0
    for s in range(log_weights.size):
        total += exp_of_nonpositive(log_weights[s])
    log_weights -= math.log(total)
    return log_weights, k


@nb.njit(**COMPILED)
def left_out(log_densities, log_ratios, n_tail):
    """Every row's predictive density without it, by importance sampling from draws with it.

    The weights of draw s are smoothed ratios in proportion to ``exp(log_ratios[s] - log_densities[s, i])``.

    Parameters
    ----------
    log_densities : (S, N) array
        ``log p(x_i | theta_s)``.
    log_ratios : (S,) array
        Posterior over the density that the draws come from: zero for draws of the posterior.
    n_tail : int
        As :func:`tail_size` gives it.

    Returns
    -------
    log_predictive, pareto_k : (N,) arrays
        NaN and infinity where some density is zero or no number.
    log_mean : (N,) array
        Log of the mean density over the draws.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC,
    Statistics and Computing 27.
    """
    n_draws, n_rows = log_densities.shape
    log_predictive, pareto_k, log_mean = np.empty(n_rows), np.empty(n_rows), np.empty(n_rows)
    rows, log_weights, work = np.empty((_TILE, n_draws)), np.empty(n_draws), np.empty(n_draws)
    for start in range(0, n_rows, _TILE):
        size = min(_TILE, n_rows - start)
        for s in range(n_draws):
            for n in range(size):
                rows[n, s] = log_densities[s, start + n]
        for n in range(size):
            row = rows[n]
            for s in range(n_draws):
                log_weights[s] = log_ratios[s] - row[s]
            pareto_k[start + n] = _smooth(log_weights, n_tail, work)
            total = 0.0
            for s in range(n_draws):
                total += exp_of_nonpositive(log_weights[s])
                log_weights[s] += row[s]
            log_predictive[start + n] = _log_sum(log_weights) - math.log(total)
            log_mean[start + n] = _log_sum(row) - math.log(n_draws)
    return log_predictive, pareto_k, log_mean


@nb.njit(**COMPILED)
def _log_sum(values):
    """``log sum exp`` of an array."""
    top = values.max()
    total = 0.0
    for s in range(values.size):
        total += exp_of_nonpositive(values[s] - top)
    return top + math.log(total) if total > 0.0 else math.nan


@nb.njit(**COMPILED)
def _smooth(log_weights, n_tail, work):
    """Subtract the largest of log weights, replace the tail by smoothed ones, and return k; ``work`` is as long."""
    top = log_weights.max()
    for s in range(log_weights.size):
        log_weights[s] -= top
        work[s] = log_weights[s]
    if not -math.inf < top < math.inf:
        log_weights[:] = math.nan
        return math.inf
    log_cutoff = _ordered(work, log_weights.size - n_tail - 1)
    places = np.empty(n_tail, dtype=np.int64)
    found = 0
    for s in range(log_weights.size):
        if log_weights[s] > log_cutoff:
            places[found] = s
            found += 1
    for s in range(log_weights.size):
        if found < n_tail and log_weights[s] == log_cutoff:
            places[found] = s
            found += 1
    places = places[np.argsort(log_weights[places])]
    if -log_weights[places[0]] < _TINY:
        return math.inf
    cutoff = math.exp(log_cutoff)
    excess = np.exp(log_weights[places]) - cutoff
    k, sigma = _fit(excess)
    if not (math.isfinite(k) and sigma > 0.0):
        return math.inf
    for j in range(n_tail):
        log_p = math.log1p(-(j + 0.5) / n_tail)
        quantile = -sigma * log_p if k == 0.0 else sigma * math.expm1(-k * log_p) / k
        log_weights[places[j]] = min(math.log(cutoff + quantile), 0.0)
    return k


@nb.njit(**COMPILED)
def _fit(excess):
    """Shape and scale of a generalised Pareto law of ordered numbers above zero; NaN where they follow none.

    The mean of the inverse scale ``b`` over a grid, with weights in proportion to its profile likelihood; the shape is
    drawn to 0.5 as by ten more draws.

    References
    ----------
    Zhang and Stephens (2009), A new and efficient estimation method for the generalized Pareto distribution,
    Technometrics 51.
    """
    n = excess.size
    n_points = _FEWEST_POINTS + int(n**0.5)
    quartile, largest = excess[int(n / 4 + 0.5) - 1], excess[-1]
    if quartile <= excess[0]:
        return math.nan, math.nan
    b, score = np.empty(n_points), np.empty(n_points)
    for j in range(n_points):
        b[j] = (1.0 - math.sqrt(n_points / (j + 0.5))) / (_PRIOR_QUARTILES * quartile) + 1.0 / largest
        shape = 0.0
        for i in range(n):
            shape += log_of_normal(1.0 - b[j] * excess[i])
        shape /= n
        score[j] = n * (math.log(-b[j] / shape) - shape - 1.0)
    if not math.isfinite(b[0] * largest):
        return math.nan, math.nan
    top = score.max()
    total = 0.0
    for j in range(n_points):
        score[j] = math.exp(score[j] - top)
        total += score[j]
    kept, mean = 0.0, 0.0
    for j in range(n_points):
        if score[j] / total >= 10.0 * _EPS:
            kept += score[j]
            mean += score[j] * b[j]
    mean /= kept
    shape = 0.0
    for i in range(n):
        shape += math.log1p(-mean * excess[i])
    shape /= n
    return (n * shape + _PRIOR_DRAWS * _PRIOR_SHAPE) / (n + _PRIOR_DRAWS), -shape / mean


@nb.njit(**COMPILED)
def _ordered(values, place):
    """The number that stands at a place when values are in order (Hoare's selection); they are rearranged."""
    low, high = 0, values.size - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return values[place]
