"""Draws of who belongs with whom: labels of all rows together, from the responsibilities of every draw."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.posterior.margins import marginal_of
from bayesmix.tree import number_varies

# So many draws of labels at least, where draws of parameters are fewer; so many labels (draws times rows) at most, but
# for a hundred draws.
_FEWEST_DRAWS = 1000
_MOST_LABELS = 20_000_000
_ALWAYS = 100


@dataclass(frozen=True, eq=False)
class LabelDraws:
    """Partitions of N rows drawn from the posterior.

    Attributes
    ----------
    labels : (S, N) uint16 array
        A label has no meaning beyond its own draw.
    n_labels : int
        They run from 0 to one less; of rows that are noise, which are in no group, the label is this.
    """

    labels: np.ndarray
    n_labels: int

    @property
    def n_draws(self) -> int:
        """S."""
        return self.labels.shape[0]

    @property
    def n_rows(self) -> int:
        """N."""
        return self.labels.shape[1]

    @cached_property
    def by_row(self) -> np.ndarray:
        """The same with the draws of one row side by side, (N, S)."""
        return np.ascontiguousarray(self.labels.T)

    @cached_property
    def n_groups(self) -> np.ndarray:
        """How many groups each draw has, (S,)."""
        found = np.zeros(self.n_draws, dtype=np.int64)
        for label in range(self.n_labels):
            found += (self.labels == label).any(axis=1)
        return found

    @property
    def typical_number(self) -> int:
        """How many groups a draw has in the middle of all."""
        return int(np.median(self.n_groups))


def label_draws(tree: xr.DataTree, rows: Rows, rng: np.random.Generator) -> LabelDraws:
    """Draw the component of every row given the parameters of each draw.

    Given the parameters rows are independent, but for those that belong together, so that these are draws from the
    posterior of partitions, whatever sampler drew the parameters, and whatever its components are called.

    Parameters
    ----------
    tree : xarray.DataTree
    rows : Rows
        Those of the tree, or new ones.
    rng : numpy.random.Generator

    Returns
    -------
    LabelDraws
    """
    draws = marginal_of(tree)
    wanted = min(max(draws.n_draws, _FEWEST_DRAWS), max(_ALWAYS, _MOST_LABELS // rows.n_rows))
    chosen = draws.thinned(wanted)
    each = -(-wanted // chosen.n_draws)
    labels = np.empty((each, chosen.n_draws, rows.n_rows), dtype=np.uint16)
    known, subjects = rows.beforehand, rows.subjects
    for block, shares in draws.family.responsibilities_blocks(
        chosen.weights, chosen.params, rows.entries, beforehand=known
    ):
        for again in range(each):
            labels[again][:, block] = _drawn(shares if draws.family.has_noise else shares[:-1], rng).T
    if subjects is not None:  # rows that belong together have the component of the first of them
        labels = labels[..., subjects.first][..., subjects.of_rows]
    labels = labels.reshape(-1, rows.n_rows)
    return _without_gaps(labels, draws.n_components) if number_varies(tree) else LabelDraws(labels, draws.n_components)


def _without_gaps(labels: np.ndarray, n_labels: int) -> LabelDraws:
    """The draws with the groups of each counted from 0 to one less than there are.

    There are as many components as the draw with the most has: tables of them all would be large and empty.
    """
    used = np.stack([(labels == label).any(axis=1) for label in range(n_labels)], axis=1)
    names = (used.cumsum(axis=1) - 1).astype(labels.dtype)
    for of_draw, own in zip(labels, names, strict=True):
        of_draw[:] = own[of_draw]
    return LabelDraws(labels, int(used.sum(axis=1).max()))


def _drawn(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels (b, S) where a uniform number falls among the sums of shares (M, b, S); M beyond the last."""
    place = rng.random(shares.shape[1:])
    upto, labels = np.zeros_like(place), np.zeros(place.shape, dtype=np.uint16)
    for share in shares:
        upto += share
        labels += place >= upto
    return labels
