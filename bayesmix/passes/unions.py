"""What is lost and won by taking two groups for one: entropies and misclassified rows, of many draws."""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def _entropy(p):
    return -p * math.log(p) if p > 0.0 else 0.0


@nb.njit(**COMPILED)
def of_pairs(shares):
    """What every pair of groups has in common.

    Parameters
    ----------
    shares : (S, G, N) array
        Responsibilities of the groups.

    Returns
    -------
    gains : (S, G, G) array
        By how much the entropy of the rows' memberships falls when the two are one group.
    mistaken : (S, G, G) array
        Entry (i, j): the share of group j's rows that rather look like group i's; NaN of a group without rows.
    """
    n_draws, n_groups, n_rows = shares.shape
    gains, mistaken = np.zeros((n_draws, n_groups, n_groups)), np.zeros((n_draws, n_groups, n_groups))
    for s in range(n_draws):
        for i in range(n_groups):
            for j in range(i):
                one, other = shares[s, i], shares[s, j]
                gain, i_owns, j_owns, i_taken, j_taken = 0.0, 0.0, 0.0, 0.0, 0.0
                for n in range(n_rows):
                    a, b = one[n], other[n]
                    i_owns += a
                    j_owns += b
                    if a > 0.0 and b > 0.0:
                        gain += _entropy(a) + _entropy(b) - _entropy(a + b)
                    if a > b:
                        j_taken += b
                    else:
                        i_taken += a
                gains[s, i, j] = gains[s, j, i] = gain
                mistaken[s, i, j] = j_taken / j_owns if j_owns > 0.0 else math.nan
                mistaken[s, j, i] = i_taken / i_owns if i_owns > 0.0 else math.nan
    return gains, mistaken


@nb.njit(**COMPILED)
def own_steps(shares, gains):
    """The groups that each draw's own tree makes, step by step: the pair that wins most is merged first.

    Parameters
    ----------
    shares : (S, K, N) array
    gains : (S, K, K) array
        From :func:`of_pairs`.

    Returns
    -------
    (S, K - 1) array of int
        Bit k is set where the new group holds component k.
    """
    n_draws, n_components, n_rows = shares.shape
    made = np.zeros((n_draws, n_components - 1), dtype=np.int64)
    for s in range(n_draws):
        here, gain = shares[s].copy(), gains[s].copy()
        members = np.array([1 << k for k in range(n_components)])
        for step in range(n_components - 1):
            best, one, other = -math.inf, 0, 0
            for i in range(n_components):
                for j in range(i):
                    if members[i] > 0 and members[j] > 0 and gain[i, j] > best:
                        best, one, other = gain[i, j], j, i
            members[one] += members[other]
            members[other] = 0
            made[s, step] = members[one]
            for n in range(n_rows):
                here[one, n] += here[other, n]
            for k in range(n_components):
                if k != one and members[k] > 0:
                    total = 0.0
                    for n in range(n_rows):
                        a, b = here[one, n], here[k, n]
                        if a > 0.0 and b > 0.0:
                            total += _entropy(a) + _entropy(b) - _entropy(a + b)
                    gain[one, k] = gain[k, one] = total
    return made
