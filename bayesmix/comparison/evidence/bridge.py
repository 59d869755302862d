r"""Bridge sampling: the ratio of two densities' integrals from draws of both (Meng and Wong 1996).

With :math:`l = p / q` the ratio of an unnormalised density to a normalised one, known at :math:`n_1` draws of p and
:math:`n_2` of q, and shares :math:`s_i = n_i / (n_1 + n_2)`, the integral r of p solves

.. math:: r = \frac{\frac{1}{n_2} \sum_j l_{2j} / (s_1 l_{2j} + s_2 r)}{\frac{1}{n_1} \sum_i 1 / (s_1 l_{1i} + s_2 r)},

which is iterated. Both terms are bounded, whatever the tails of p and q.

References
----------
Meng, X.-L. and Wong, W. H. (1996). Simulating ratios of normalizing constants via a simple identity: a theoretical
exploration. Statistica Sinica 6, 831-860.

Gronau, Q. F. and others (2017). A tutorial on bridge sampling. Journal of Mathematical Psychology 81, 80-97.
https://doi.org/10.1016/j.jmp.2017.09.005
"""

from typing import NamedTuple

import numpy as np

from bayesmix.engines.mixing import effective_sizes

_MOST_ITERATIONS, _SAME = 1000, 1e-8


class Bridge(NamedTuple):
    """The log of the integral, from all draws and by chain (C,), with the variances that both samples add to it."""

    log_integral: float
    by_chain: np.ndarray
    variance_of_chains: float
    variance_of_proposal: float


def bridge(log_ratios: np.ndarray, log_ratios_proposed: np.ndarray) -> Bridge:
    """Bridge chains of p with independent draws of q.

    Parameters
    ----------
    log_ratios : (C, S) array
        ``log p - log q`` at draws of p.
    log_ratios_proposed : (P,) array
        The same at draws of q; where parts of q have their shares of the draws, part after part.

    Returns
    -------
    Bridge
        A chain's own integral is with the draws of q and the iterations that all have in common, so that chains
        differ by their own draws alone. NaN where a ratio is.
    """
    n_chains = len(log_ratios)
    if np.isnan(log_ratios).any() or np.isnan(log_ratios_proposed).any():
        return Bridge(np.nan, np.full(n_chains, np.nan), np.nan, np.nan)
    share = log_ratios.size / (log_ratios.size + log_ratios_proposed.size)
    log_integral = float(np.median(log_ratios))
    for _ in range(_MOST_ITERATIONS):
        ours, theirs = _terms(log_ratios, log_ratios_proposed, log_integral, share)
        moved = float(np.log(theirs.mean()) - np.log(ours.mean()))
        log_integral += moved
        if not abs(moved) > _SAME:  # NaN ends it, too
            break
    ours, theirs = _terms(log_ratios, log_ratios_proposed, log_integral, share)
    [effective] = effective_sizes(ours[None])
    effective = effective if np.isfinite(effective) else float(ours.size)
    with np.errstate(divide="ignore"):
        by_chain = log_integral + np.log(ours.mean()) - np.log(ours.mean(axis=1))
    return Bridge(
        log_integral,
        by_chain,
        float(ours.var() / ours.mean() ** 2 / effective),
        # by neighbours, of which most are of one part: parts that have their shares do not add how far they lie apart
        float(0.5 * np.mean(np.diff(theirs) ** 2) / theirs.mean() ** 2 / theirs.size),
    )


def _terms(ours: np.ndarray, theirs: np.ndarray, log_integral: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    """``r / (s_1 l + s_2 r)`` at draws of p, ``l / (s_1 l + s_2 r)`` at draws of q."""
    with np.errstate(over="ignore"):
        of_target = 1 / (share * np.exp(ours - log_integral) + 1 - share)
        of_proposal = 1 / (share + (1 - share) * np.exp(log_integral - theirs))
    return of_target, of_proposal
