"""Mixtures of few rows and an unknown number of components, exactly: a sum over all partitions of the rows.

Nothing of bayesmix. The evidence of a partition is Bayes' theorem at one point; its probability given the number of
components is that of the urn, row after row, times the ways to name its groups.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from scipy.special import logsumexp, perm

from tests.exact.conjugate import prior_of


def partitions(n_rows: int) -> Iterator[list[int]]:
    """Labels of every partition, groups numbered as they appear."""
    if n_rows == 0:
        yield []
        return
    for before in partitions(n_rows - 1):
        for label in range(max(before, default=-1) + 2):
            yield [*before, label]


def log_urn(labels: Sequence[int], share: float, n_components: int) -> float:
    """Log probability of these very labels, weights from a Dirichlet distribution of equal shares integrated out."""
    counts, log_probability = np.zeros(n_components), 0.0
    for i, label in enumerate(labels):
        log_probability += np.log((counts[label] + share) / (i + n_components * share))
        counts[label] += 1
    return log_probability


class Partitions:
    """The posterior of a mixture with a prior on the number of components.

    ``number`` are probabilities of 1, 2, ...; the share of each of K components is ``concentration``, or that
    over K where it is dynamic. The other arguments are the conjugate prior's.
    """

    def __init__(
        self, rows: np.ndarray, covariance: str, number: np.ndarray, concentration: float, *, dynamic: bool, **prior
    ):
        self.rows, self.covariance, self.number, self.prior = rows, covariance, number, prior
        self.numbers = np.arange(1, number.size + 1)
        self.shares = concentration / self.numbers if dynamic else np.full(number.size, concentration)

    @cached_property
    def all(self) -> list[list[int]]:
        return list(partitions(len(self.rows)))

    def _blocks(self, labels: Sequence[int], n_groups: int) -> list[np.ndarray]:
        return [self.rows[np.equal(labels, group)] for group in range(n_groups)]

    def _of(self, labels: Sequence[int], n_groups: int, *, given: bool):
        """The prior of so many groups, or their posterior, as groups that share a spread."""
        parts, blocks = prior_of(self.covariance, n_groups, **self.prior), self._blocks(labels, n_groups)
        if not given:
            return parts
        if self.covariance == "tied":
            return [parts[0].given(blocks)]
        return [part.given([block]) for part, block in zip(parts, blocks, strict=True)]

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
        """Posterior probability of each partition with each number of components."""
        logs = np.full((len(self.all), self.number.size), -np.inf)
        for p, labels in enumerate(self.all):
            evidence, n_groups = self.log_evidence(labels), max(labels) + 1
            for n_components in range(n_groups, self.number.size + 1):
                names = np.log(perm(n_components, n_groups))
                of_number = np.log(self.number[n_components - 1])
                share = self.shares[n_components - 1]
                logs[p, n_components - 1] = evidence + of_number + names + log_urn(labels, share, n_components)
        return np.exp(logs - logsumexp(logs))

    @property
    def components(self) -> np.ndarray:
        """Posterior probability of 1, 2, ... components."""
        return self.joint.sum(axis=0)

    @property
    def occupied(self) -> np.ndarray:
        """Posterior probability that 1, 2, ... of them have rows."""
        n_groups = np.array([max(labels) + 1 for labels in self.all])
        return np.bincount(n_groups, self.joint.sum(axis=1), minlength=len(self.rows) + 1)[1:]

    def predictive(self, x: np.ndarray) -> np.ndarray:
        """Density of new rows."""
        density = np.zeros(len(x))
        for labels, of_numbers in zip(self.all, self.joint, strict=True):
            n_groups, n_rows = max(labels) + 1, len(labels)
            groups = self._of(labels, n_groups + 1, given=True)  # the last has no rows
            of_group = np.array([one.predictive(g, x) for one in groups for g in range(len(one.means))])
            total = n_rows + self.shares * self.numbers
            for label, count in enumerate(np.bincount(labels)):
                density += (of_numbers * (count + self.shares) / total).sum() * of_group[label]
            density += (of_numbers * (self.numbers - n_groups) * self.shares / total).sum() * of_group[n_groups]
        return density
