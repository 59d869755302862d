"""What is kept of a run that was interrupted."""

from collections.abc import Sequence

import numpy as np

from bayesmix.notes import Note

INTERRUPTED = Note("interrupted")


def most_draws(lengths: Sequence[int]) -> tuple[np.ndarray, int]:
    """The chains, and the number of draws of each, that together keep the most of chains of unequal length.

    Returns
    -------
    chains : (m,) array
        In their own order.
    draws : int

    Raises
    ------
    KeyboardInterrupt
        If no chain has a draw: there is nothing to keep.
    """
    if max(lengths, default=0) == 0:
        raise KeyboardInterrupt("interrupted before any chain had a draw")
    longest_first = sorted(range(len(lengths)), key=lambda chain: -lengths[chain])
    kept = max(range(1, len(lengths) + 1), key=lambda m: m * lengths[longest_first[m - 1]])
    return np.sort(longest_first[:kept]), lengths[longest_first[kept - 1]]
