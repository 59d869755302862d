r"""What is known in closed form once every row's component is known.

All families here with a conjugate prior have log densities that are linear in what a row is turned into,

.. math:: \log f(x \mid \theta) = b(\theta) + \eta(\theta)^\top t(x),

so that of the rows of a component their number n and the sum of t say everything: the log-likelihood of any
:math:`\theta` is :math:`n b + \eta^\top \sum t`, and prior and posterior of the component are of one kind, whose
constants give the density of its rows with the parameters integrated out.

No density of parameters stands here, and so no convention about the coordinates that it would be in: by Bayes' theorem
the posterior is the prior times a ratio of densities of the rows, which are in the units that engines work in.
"""

from abc import ABC, abstractmethod

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


class CompleteData(ABC):
    """Rows whose components are given, under one conjugate prior.

    Attributes
    ----------
    features : (N, F) array
        ``t(x)`` of every row.
    """

    features: np.ndarray

    def gathered(self, labels: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
        """Counts (M, K) and sums (M, K, F) of M assignments (M, N) of the rows."""
        return _gathered(np.ascontiguousarray(labels, dtype=np.int64), self.features, n_components)

    @abstractmethod
    def natural(self, state: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
        """``b`` (S, K) and ``eta`` (S, K, F) of states with an axis of draws in front; no eta is infinite."""

    @abstractmethod
    def log_evidence(self, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Log density (M,) of the rows given the assignments, the components' parameters integrated out."""

    @abstractmethod
    def draw(self, counts: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One state from the posterior given each of M assignments."""


@nb.njit(**COMPILED)
def _gathered(labels, features, n_components):
    counts = np.zeros((labels.shape[0], n_components))
    sums = np.zeros((labels.shape[0], n_components, features.shape[1]))
    for m in range(labels.shape[0]):
        for i in range(labels.shape[1]):
            k = labels[m, i]
            counts[m, k] += 1.0
            for a in range(features.shape[1]):
                sums[m, k, a] += features[i, a]
    return counts, sums
