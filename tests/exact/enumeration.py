"""Mixtures of few rows, exactly: a sum over all K^N assignments of rows to components. Nothing of bayesmix."""

import itertools
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from tests.exact.conjugate import Groups
from tests.exact.conjugate_rates import Chances, Levels, Rates
from tests.exact.gridded import Gridded

Group = Groups | Rates | Chances | Levels | Gridded


class Enumeration:
    """The posterior of a mixture as a mixture of closed forms, one for each assignment.

    By Bayes' theorem the evidence of an assignment ``z`` is ``p(x, z | theta) p(theta) / p(theta | x, z)`` at any
    ``theta``. Parameters are weights (K,), means (K, D) and one spread for each of the prior's groups.
    """

    def __init__(
        self, rows: np.ndarray, prior: Sequence[Group], concentration: Sequence[float], at: tuple | None = None
    ):
        self.rows, self.prior, self.concentration = rows, list(prior), np.asarray(concentration, dtype=float)
        self.at = at if at is not None else self._some_point()

    def _some_point(self):
        weights = self.concentration / self.concentration.sum()
        means = np.concatenate([one.means for one in self.prior])
        return weights, means, [one.mean_of_spread() for one in self.prior]

    @cached_property
    def assignments(self) -> np.ndarray:
        """All of them, (K^N, N)."""
        return np.array(list(itertools.product(range(len(self.concentration)), repeat=len(self.rows))))

    @cached_property
    def posteriors(self) -> list[tuple[np.ndarray, list[Group]]]:
        """Given each assignment: the Dirichlet's concentrations, and the groups."""
        return [self._given(z) for z in self.assignments]

    def _given(self, z: np.ndarray) -> tuple[np.ndarray, list[Group]]:
        groups = [self.rows[z == k] for k in range(len(self.concentration))]
        counts = np.array([len(group) for group in groups])
        return self.concentration + counts, [one.given(groups[part]) for one, part in self._parts()]

    def _parts(self):
        """Each group of the prior with the components that belong to it."""
        start = 0
        for one in self.prior:
            yield one, slice(start, start + len(one.means))
            start += len(one.means)

    def _log_density(self, concentration, groups, weights, means, spreads) -> float:
        own = zip(groups, self._parts(), spreads, strict=True)
        return stats.dirichlet.logpdf(weights, concentration) + sum(
            one.log_density(means[part], spread) for one, (_, part), spread in own
        )

    def log_prior(self, weights, means, spreads) -> float:
        return self._log_density(self.concentration, self.prior, weights, means, spreads)

    def log_joint(self, weights, means, spreads) -> np.ndarray:
        """``log w_k + log f(x_i; mean_k, spread_k)``, (N, K)."""
        columns = []
        for (one, part), spread in zip(self._parts(), spreads, strict=True):
            columns += [one.log_rows(self.rows, mean, spread) for mean in means[part]]
        return np.log(weights) + np.array(columns).T.reshape(len(self.rows), -1)

    def log_likelihood(self, weights, means, spreads) -> float:
        """``log sum_z p(x, z | theta)``, with the sum over assignments written out."""
        joint = self.log_joint(weights, means, spreads)
        rows = np.arange(len(self.rows))
        return float(logsumexp([joint[rows, z].sum() for z in self.assignments]))

    @cached_property
    def log_evidences(self) -> np.ndarray:
        """``log p(x, z)`` of every assignment."""
        joint, prior = self.log_joint(*self.at), self.log_prior(*self.at)
        rows = np.arange(len(self.rows))
        likelihoods = np.array([joint[rows, z].sum() for z in self.assignments])
        return likelihoods + prior - self._log_posteriors(*self.at)

    def _log_posteriors(self, weights, means, spreads) -> np.ndarray:
        """``log p(theta | x, z)`` of every assignment."""
        return np.array([self._log_density(a, groups, weights, means, spreads) for a, groups in self.posteriors])

    @property
    def log_evidence(self) -> float:
        return float(logsumexp(self.log_evidences))

    @property
    def probabilities(self) -> np.ndarray:
        """``p(z | x)``."""
        return np.exp(self.log_evidences - self.log_evidence)

    def log_posterior(self, weights, means, spreads) -> float:
        """Log density of the parameters given the rows."""
        return float(logsumexp(np.log(self.probabilities) + self._log_posteriors(weights, means, spreads)))

    def draws(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list]:
        """Independent draws of weights (S, K), means (S, K, D) and each group's spreads (S, ...), not shuffled."""
        weights, parts = [], []
        for times, (a, groups) in zip(rng.multinomial(size, self.probabilities), self.posteriors, strict=True):
            if times > 0:
                weights.append(rng.dirichlet(a, times))
                parts.append([one.draw(times, rng) for one in groups])
        means = [np.concatenate([mean for mean, _ in groups], axis=1) for groups in parts]
        spreads = [
            None if spread[0] is None else np.concatenate(spread)
            for spread in zip(*([spread for _, spread in groups] for groups in parts), strict=True)
        ]
        return np.concatenate(weights), np.concatenate(means), spreads

    @property
    def occupied(self) -> np.ndarray:
        """Probabilities of 1, ..., K components with rows."""
        n_components = len(self.concentration)
        there = (self.assignments[:, :, None] == np.arange(n_components)).any(axis=1).sum(axis=1)
        return np.bincount(there, self.probabilities, minlength=n_components + 1)[1:]

    @property
    def co_clustering(self) -> np.ndarray:
        """Probability that two rows belong together, (N, N)."""
        z = self.assignments
        return np.einsum("z,zij->ij", self.probabilities, (z[:, :, None] == z[:, None, :]).astype(float))

    @property
    def responsibilities(self) -> np.ndarray:
        """Probability of each row in each component, (N, K)."""
        return self._allocated(self.probabilities)

    @property
    def responsibilities_given_first(self) -> np.ndarray:
        """The same, given that the first row is in the first component."""
        kept = self.probabilities * (self.assignments[:, 0] == 0)
        return self._allocated(kept / kept.sum())

    def _allocated(self, probabilities):
        one_hot = self.assignments[:, :, None] == np.arange(len(self.concentration))
        return np.einsum("z,zik->ik", probabilities, one_hot.astype(float))

    def of_first_rows_component(self) -> tuple[float, np.ndarray]:
        """Posterior mean of the weight and of the mean of the component that the first row is in."""
        weight, mean = 0.0, np.zeros(self.rows.shape[1])
        for p, z, (a, groups) in zip(self.probabilities, self.assignments, self.posteriors, strict=True):
            weight += p * a[z[0]] / a.sum()
            mean += p * np.concatenate([one.means for one in groups])[z[0]]
        return weight, mean

    def predictive(self, x: np.ndarray) -> np.ndarray:
        """Density of new rows."""
        density = np.zeros(len(x))
        for p, (a, groups) in zip(self.probabilities, self.posteriors, strict=True):
            parts = [one.predictive(g, x) for one in groups for g in range(len(one.means))]
            density += p * (a / a.sum()) @ np.array(parts)
        return density
