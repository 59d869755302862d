"""R-hat and effective sample sizes of many quantities at once.

What ArviZ computes for one quantity after another is computed here for all together, by the same formulas: every fit
is judged when it is made, and must not wait for it.
"""

import numpy as np

# Quantities taken together: some tens of megabytes.
_AT_ONCE = 64
# Fewer draws of a chain say nothing.
_FEWEST = 4
# The ends of the tails as ArviZ takes them unless told otherwise, to the last bit.
_TAILS = (1 - 0.89, 0.89)


def mixing(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rank-normalised split R-hat, bulk and tail effective sample size.

    Parameters
    ----------
    draws : array, (M, chain, draw)
        Of M quantities.

    Returns
    -------
    rhat, bulk, tail : arrays, (M,)
        NaN where a draw is NaN or there are fewer than 4 of a chain; R-hat also where there is one chain.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Rank-normalization, folding, and localization: an improved
    R-hat, Bayesian Analysis 16.
    """
    parts = [_mixing(draws[start : start + _AT_ONCE]) for start in range(0, len(draws), _AT_ONCE)]
    rhat, bulk, tail = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return rhat, bulk, tail


def effective_sizes(draws: np.ndarray) -> np.ndarray:
    """Effective sample size for the mean of each quantity, (M,), of draws (M, chain, draw)."""
    parts = [_effective(_split(draws[start : start + _AT_ONCE])) for start in range(0, len(draws), _AT_ONCE)]
    return np.concatenate(parts)


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Ranks of the values (M, ...) over all but the first axis as normal quantiles, by Blom's formula.

    Equal values share the mean of their ranks.
    """
    flat = values.reshape(len(values), -1)
    size = flat.shape[1]
    order = np.argsort(flat, axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    places = np.arange(size)
    new = np.ones(flat.shape, dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=1)
    ends = np.append(new[:, 1:], np.ones((len(flat), 1), dtype=bool), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, size)[:, ::-1], axis=1)[:, ::-1]
    from scipy.special import ndtri

    # a rank is (first + last) / 2 + 1, counted from 0: a table holds the quantile of each that can be
    quantiles = ndtri((np.arange(2 * size - 1) / 2 + 1 - 0.375) / (size + 0.25))
    scores = np.empty(flat.shape)
    np.put_along_axis(scores, order, quantiles[first + last], axis=1)
    return scores.reshape(values.shape)


def _mixing(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_chains, n_draws = draws.shape[1:]
    known = ~np.isnan(draws).any(axis=(1, 2)) & (n_draws >= _FEWEST)
    rhat, bulk, tail = (np.full(len(draws), np.nan) for _ in range(3))
    if not known.any():
        return rhat, bulk, tail
    halves = _split(draws[known])
    scores = normal_scores(halves)
    bulk[known] = _effective(scores)
    ends = np.quantile(draws[known], _TAILS, axis=(1, 2))
    tail[known] = np.minimum(*(_effective((halves <= end[:, None, None]).astype(float)) for end in ends))
    if n_chains > 1:
        folded = np.abs(halves - np.median(halves, axis=(1, 2), keepdims=True))
        rhat[known] = np.maximum(_rhat(scores), _rhat(normal_scores(folded)))
    return rhat, bulk, tail


def _split(draws: np.ndarray) -> np.ndarray:
    """Both halves of every chain; of an odd number of draws the one in the middle is left out."""
    half = draws.shape[-1] // 2
    return np.concatenate([draws[..., :half], draws[..., draws.shape[-1] - half :]], axis=1)


def _rhat(chains: np.ndarray) -> np.ndarray:
    n_draws = chains.shape[-1]
    between = n_draws * chains.mean(axis=-1).var(axis=-1, ddof=1)
    within = chains.var(axis=-1, ddof=1).mean(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt((between / within + n_draws - 1) / n_draws)


def _effective(chains: np.ndarray) -> np.ndarray:
    """Effective sample size of chains (M, C, S), which have been split.

    Autocorrelations are summed in pairs of lags up to the first pair that is not positive (Geyer's initial positive
    sequence), no pair counting for more than one before it (his initial monotone sequence).
    """
    n_chains, n_draws = chains.shape[1:]
    covariances = _autocovariances(chains)
    within = covariances[:, 0] * n_draws / (n_draws - 1)
    total = covariances[:, 0] + (chains.mean(axis=-1).var(axis=-1, ddof=1) if n_chains > 1 else 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = 1 - (within[:, None] - covariances) / total[:, None]
    correlations[:, 0] = 1
    n_pairs = n_draws // 2
    evens = correlations[:, 0 : 2 * n_pairs : 2]
    pairs = evens + correlations[:, 1 : 2 * n_pairs : 2]
    lags = 2 * np.arange(n_pairs) + 1
    last = np.argmax(~(pairs > 0) | (lags >= n_draws - 3), axis=1)
    kept = np.arange(n_pairs) < last[:, None]
    summed = np.where(kept, np.minimum.accumulate(pairs, axis=1), 0).sum(axis=1)
    there = np.arange(len(chains)), last
    beyond = np.where((evens[there] > 0) | (pairs[there] >= 0), evens[there], 0)
    size = n_chains * n_draws
    time = np.maximum(-1 + 2 * summed + beyond, 1 / np.log10(size))
    sizes = np.where(np.isnan(correlations[:, 1]), np.nan, size / time)
    return np.where(np.ptp(chains, axis=(1, 2)) < np.finfo(float).resolution, float(size), sizes)


def _autocovariances(chains: np.ndarray) -> np.ndarray:
    """At every lag (M, S), the mean over the chains, by Fourier transforms."""
    n_draws = chains.shape[-1]
    from scipy.fft import irfft, next_fast_len, rfft

    length = next_fast_len(2 * n_draws, real=True)
    spectrum = np.asarray(rfft(chains - chains.mean(axis=-1, keepdims=True), n=length, axis=-1))
    power = np.mean(np.abs(spectrum) ** 2, axis=1)
    return np.asarray(irfft(power, n=length, axis=-1))[:, :n_draws] / n_draws
