"""What is known beforehand of the rows' components, as the passes take it: log priors, (K, N), below the rows.

``columns`` (M + K, N) hold M rows of features (and, where cells are missing, of patterns, see
:mod:`bayesmix.passes.patterns`), and below them for each component the logarithm of how plausible it was for each row
before that was seen. It is added to the component's log density. Minus infinity rules a component out: a label that is
known. So whoever chooses rows chooses what is known of them, and rows of which nothing is known, (M, N), cost nothing.
"""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


def with_known(columns: np.ndarray, log_prior: np.ndarray | None) -> np.ndarray:
    """``columns`` (M, N) with what is known of the rows' components, (N, K), below: (M + K, N); None is nothing."""
    return columns if log_prior is None else np.concatenate([columns, log_prior.T])


def above(columns: np.ndarray, n_entries: int, n_components: int) -> int:
    """How many rows of ``columns`` stand above what is known: the entries, and the row of patterns if there is one.

    Of a single component nothing can be known, so that the number of rows tells.
    """
    below = len(columns) - n_entries
    return n_entries + (below in (1, n_components + 1))


@nb.njit(**COMPILED)
def add_known(columns, n_above, start, size, log_joint):
    """Add what is known of the rows of a block to their log joint densities (K, block), if it stands below."""
    if columns.shape[0] > n_above:
        for k in range(log_joint.shape[0]):
            known, row = columns[n_above + k, start : start + size], log_joint[k]
            for n in range(size):
                row[n] += known[n]
