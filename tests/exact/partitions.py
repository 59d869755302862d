"""Mixtures of few rows and an unknown number of components, exactly: a sum over all partitions of the rows.

Nothing of bayesmix. The evidence of a partition is Bayes' theorem at one point; its probability given the number of
components is that of the urn, row after row, times the ways to name its groups.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
from scipy.special import gammaln, logsumexp

from tests.exact.enumeration import Group


def partitions(n_rows: int) -> Iterator[list[int]]:
    """Labels of every partition, groups numbered as they appear."""
    if n_rows == 0:
        yield []
        return
    for before in partitions(n_rows - 1):
        for label in range(max(before, default=-1) + 2):
            yield [*before, label]


def log_urn(labels: Sequence[int], share, n_components):
    """Log probability of these very labels, weights from a Dirichlet distribution of equal shares integrated out."""
    counts, log_probability = np.zeros(len(labels)), 0.0
    for i, label in enumerate(labels):
        log_probability = log_probability + np.log((counts[label] + share) / (i + n_components * share))
        counts[label] += 1
    return log_probability


def of_quantiles(distribution, n_nodes: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and their shares that stand for a distribution of SciPy's: Gauss's rule over its quantiles."""
    nodes, shares = np.polynomial.legendre.leggauss(n_nodes)
    return distribution.ppf(0.5 * (1 + nodes)), 0.5 * shares


class Partitions:
    """The posterior of a mixture with a prior on the number of components.

    ``groups`` gives the prior of so many groups, ``number`` probabilities of 1, 2, ..., and ``concentrations`` numbers
    (A,) with the probability of each; the share of each of K components is one of them, or that over K where it is
    dynamic.
    """

    def __init__(
        self,
        rows: np.ndarray,
        groups: Callable[[int], list[Group]],
        number: np.ndarray,
        concentrations: tuple[np.ndarray, np.ndarray],
        *,
        dynamic: bool,
    ):
        self.rows, self.groups, self.number = rows, groups, number
        self.numbers = np.arange(1, number.size + 1)
        self.concentrations, self.probabilities = concentrations
        self.shares = self.concentrations[:, None] / (self.numbers if dynamic else np.ones(number.size))

    @cached_property
    def all(self) -> list[list[int]]:
        return list(partitions(len(self.rows)))

    def _blocks(self, labels: Sequence[int], n_groups: int) -> list[np.ndarray]:
        return [self.rows[np.equal(labels, group)] for group in range(n_groups)]

    def _of(self, labels: Sequence[int], n_groups: int, *, given: bool):
        """The prior of so many groups, or their posterior, as parts each of which has a spread."""
        parts, blocks, start = self.groups(n_groups), self._blocks(labels, n_groups), 0
        if not given:
            return parts
        posteriors = []
        for part in parts:
            posteriors.append(part.given(blocks[start : start + len(part.means)]))
            start += len(part.means)
        return posteriors

    def log_evidence(self, labels: Sequence[int]) -> float:
        """Log density of the rows given a partition: likelihood times prior over posterior, at a point."""
        n_groups = max(labels) + 1
        before, after = (self._of(labels, n_groups, given=given) for given in (False, True))
        blocks, total, start = self._blocks(labels, n_groups), 0.0, 0
        for one, other in zip(before, after, strict=True):
            means, spread = one.means, one.mean_of_spread()
            total += one.log_density(means, spread) - other.log_density(means, spread)
            for g in range(len(means)):
                total += one.log_rows(blocks[start + g], means[g], spread).sum()
            start += len(means)
        return float(total)

    @cached_property
    def joint(self) -> np.ndarray:
        """Posterior probability of each partition with each concentration and number of components."""
        logs = np.full((len(self.all), *self.shares.shape), -np.inf)
        with np.errstate(divide="ignore"):
            before = np.log(self.probabilities)[:, None] + np.log(self.number)
        for p, labels in enumerate(self.all):
            n_groups = max(labels) + 1
            k = self.numbers[n_groups - 1 :]
            names = gammaln(k + 1) - gammaln(k - n_groups + 1)
            urn = log_urn(labels, self.shares[:, n_groups - 1 :], k)
            logs[p, :, n_groups - 1 :] = self.log_evidence(labels) + before[:, n_groups - 1 :] + names + urn
        return np.exp(logs - logsumexp(logs))

    @property
    def components(self) -> np.ndarray:
        """Posterior probability of 1, 2, ... components."""
        return self.joint.sum(axis=(0, 1))

    @property
    def occupied(self) -> np.ndarray:
        """Posterior probability that 1, 2, ... of them have rows."""
        n_groups = np.array([max(labels) + 1 for labels in self.all])
        return np.bincount(n_groups, self.joint.sum(axis=(1, 2)), minlength=len(self.rows) + 1)[1:]

    def of_concentration(self, function: Callable) -> float:
        """Posterior mean of a function of the concentration."""
        return float(self.joint.sum(axis=(0, 2)) @ function(self.concentrations))

    def predictive(self, x: np.ndarray) -> np.ndarray:
        """Density of new rows."""
        density = np.zeros(len(x))
        for labels, probabilities in zip(self.all, self.joint, strict=True):
            n_groups, n_rows = max(labels) + 1, len(labels)
            groups = self._of(labels, n_groups + 1, given=True)  # the last has no rows
            of_group = np.array([one.predictive(g, x) for one in groups for g in range(len(one.means))])
            total = n_rows + self.shares * self.numbers
            for label, count in enumerate(np.bincount(labels)):
                density += (probabilities * (count + self.shares) / total).sum() * of_group[label]
            density += (probabilities * (self.numbers - n_groups) * self.shares / total).sum() * of_group[n_groups]
        return density
