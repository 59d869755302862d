"""A partition and the similarity of rows, of as many rows as people can look at, in an order that shows groups."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.posterior.margins import evenly
from bayesmix.posterior.partitions.agreement import compared
from bayesmix.posterior.partitions.co_membership import co_membership
from bayesmix.posterior.partitions.estimate import parted
from bayesmix.tree import number_varies, training_rows

# Rows that are parted, and rows whose similarity is looked at.
_MOST_PARTED = 2000
_MOST_SHOWN = 600


@dataclass(frozen=True, eq=False)
class Overview:
    """Rows of a tree, evenly chosen where they are many, and who of them belongs with whom.

    All is computed when it is asked for.
    """

    tree: xr.DataTree

    @cached_property
    def _all(self) -> Rows:
        return training_rows(self.tree)

    @property
    def n_rows(self) -> int:
        """How many rows the tree has."""
        return self._all.n_rows

    @cached_property
    def chosen(self) -> np.ndarray:
        """Positions of the rows that are parted."""
        return evenly(self.n_rows, _MOST_PARTED)

    @cached_property
    def rows(self) -> Rows:
        """The rows that are parted."""
        return self._all.chosen(self.chosen)

    @cached_property
    def partition(self) -> xr.Dataset:
        """As :func:`bayesmix.partition` of these rows."""
        return parted(self.tree, self.rows)

    @cached_property
    def comparison(self) -> xr.Dataset:
        """As :func:`bayesmix.compare_clusterings` with the other ways to group; of columns of real numbers."""
        n_groups = int(self.partition["label"].max()) + 1 if number_varies(self.tree) else None
        return compared(self.tree, self.rows, n_groups=n_groups)

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        shown = evenly(self.rows.n_rows, _MOST_SHOWN)
        together = co_membership(self.tree, self.rows.chosen(shown))
        order = order_of(self.partition["label"].values[shown], together)
        return shown[order], together[np.ix_(order, order)]

    @property
    def shown(self) -> np.ndarray:
        """Those of the rows whose similarity is shown, in its order: group by group, similar ones side by side."""
        return self._pairs[0]

    @property
    def similarity(self) -> np.ndarray:
        """Probabilities that two of the shown rows are together."""
        return self._pairs[1]


def order_of(labels: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Group by group, and in each as the leaves of a tree of average linkage, similar ones side by side."""
    if len(labels) < 3:
        return np.argsort(labels, kind="stable")
    from scipy.cluster.hierarchy import leaves_list, linkage  # heavy imports, needed only here
    from scipy.spatial.distance import squareform

    leaves = leaves_list(linkage(squareform(1 - together, checks=False), "average", optimal_ordering=True))
    return leaves[np.argsort(labels[leaves], kind="stable")]


def named_like(labels: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Name groups by those of another partition with which they share the most rows; others follow."""
    from scipy.optimize import linear_sum_assignment  # a heavy import, needed only here

    counts = np.zeros((labels.max() + 1, reference.max() + 1))
    np.add.at(counts, (labels, reference), 1)
    mine, theirs = linear_sum_assignment(-counts)
    names = np.full(len(counts), -1)
    names[mine] = theirs
    names[names < 0] = counts.shape[1] + np.arange((names < 0).sum())
    return names[labels]
