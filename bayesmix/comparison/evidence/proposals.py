r"""What the posterior is bridged to: a mixture of the posteriors given some assignments of the rows.

Of M draws the assignments :math:`z_m` are drawn from the responsibilities. Given these the posterior of weights and
parameters has a closed form, and

.. math:: q(\theta) = \frac{1}{M} \sum_m \frac{1}{K!} \sum_\sigma p(\theta \mid x, \sigma z_m)
   = p(\theta) \, \frac{1}{M} \sum_m \frac{1}{K!} \sum_\sigma \frac{p(x, \sigma z_m \mid \theta)}{p(x, z_m)}

is normalised, and has every mode that the draws have, under all labellings (Fruehwirth-Schnatter 2004). Where groups
overlap there are far more assignments than M, and each of these densities is narrower than the posterior: seven of
eight are the posterior given half of every row, :math:`p(\theta) \, p(x, z \mid \theta)^{1/2}` normalised, as kernels
of a density estimate are made wider. (Of Old Faithful and six components that takes a fifth off the standard error that
one of two leaves. Where there are a great many parameters the posterior given all rows is nearer.) The prior cancels
in the ratio of the posterior to q,

.. math:: \frac{p(x \mid \theta) \, p(\theta)}{q(\theta)}
   = p(x \mid \theta) \Big/ \frac{1}{M} \sum_m \frac{1}{K!} \sum_\sigma \frac{p(x, \sigma z_m \mid \theta)}{p(x, z_m)},

so that no Jacobian is left, whatever the coordinates; the constants of the prior are in :math:`p(x, z_m)`, the evidence
of rows and assignments. It does not depend on the labelling if the prior does not; where the prior tells the components
apart, labels mean something and only the identity stands for :math:`\sigma`.

References
----------
Fruehwirth-Schnatter, S. (2004). Estimating marginal likelihoods for mixture and Markov switching models using bridge
sampling techniques. Econometrics Journal 7, 143-167. https://doi.org/10.1111/j.1368-423X.2004.00125.x
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from bayesmix.comparison.evidence.labellings import MOST_EXACT, log_mean_likelihood
from bayesmix.families.complete_data import CompleteData
from bayesmix.families.parts import Params, State
from bayesmix.problem import Problem
from bayesmix.threads import one_blas_thread

# Log densities of sums under components that are held at once.
_AT_ONCE = 2e6
_PARTS = 8  # of the points, on any number of cores
# Of every row what the assignments count, in turn: half of it, and now and then all.
_SHARES = (1.0, *7 * (0.5,))
_LEAST_LOG_WEIGHT = -700.0  # of a weight that was rounded to zero; without rows it counts for nothing


class Points(NamedTuple):
    """P points, and for those that were drawn from the proposal the assignments and labelling that they were given.

    Attributes
    ----------
    weights : (P, K) array
    state : tuple of (P, ...) arrays
    own : (P,) array of int
        -1 where a point was not.
    permutations : (P, K) array of int
    """

    weights: np.ndarray
    state: State
    own: np.ndarray
    permutations: np.ndarray

    @classmethod
    def of_draws(cls, weights: np.ndarray, state: State) -> "Points":
        """Points that were drawn from the posterior."""
        return cls(weights, state, np.full(len(weights), -1), np.zeros(weights.shape, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Proposal:
    """The mixture of posteriors given M assignments.

    Attributes
    ----------
    problem : Problem
    rows : CompleteData
    counts, sums : (M, K), (M, K, F) arrays
        Of the assignments.
    log_evidences : (M,) array
        Log density of the rows and the assignments.
    exchangeable : bool
        Whether the prior leaves open what components are called.
    """

    problem: Problem
    rows: CompleteData
    counts: np.ndarray
    sums: np.ndarray
    log_evidences: np.ndarray
    exchangeable: bool

    @classmethod
    def of_draws(
        cls,
        problem: Problem,
        rows: CompleteData,
        named: Params,
        exchangeable: bool,
        rng: np.random.Generator,
    ) -> "Proposal":
        """The proposal of assignments drawn at M draws of weights and parameters, by name."""
        labels = _labels_drawn(problem, named, rng)
        counts, sums = rows.gathered(labels, problem.n_components)
        shares = np.resize(_SHARES, len(counts))
        counts, sums = counts * shares[:, None], sums * shares[:, None, None]
        concentrations = problem.priors.weights.concentrations(problem.n_components)
        of_labels = gammaln(concentrations.sum()) - gammaln(concentrations.sum() + counts.sum(axis=-1))
        of_labels += (gammaln(concentrations + counts) - gammaln(concentrations)).sum(axis=-1)
        with one_blas_thread():
            log_evidences = of_labels + rows.log_evidence(counts, sums)
        return cls(problem, rows, counts, sums, log_evidences, exchangeable)

    def draw(self, n: int, rng: np.random.Generator) -> Points:
        """``n`` points, as many given each of the assignments as given any other, or one more."""
        n_assignments, n_components = self.counts.shape
        own = np.sort(np.arange(n) % n_assignments)
        concentrations = self.problem.priors.weights.concentrations(n_components)
        named = np.tile(np.arange(n_components), (n, 1))
        if self.exchangeable:
            named = rng.permuted(named, axis=1)
        counts = np.take_along_axis(self.counts[own], named, axis=1)
        sums = np.take_along_axis(self.sums[own], named[..., None], axis=1)
        gammas = np.maximum(rng.standard_gamma(concentrations + counts), np.finfo(float).tiny)
        with one_blas_thread():
            state = self.rows.draw(counts, sums, rng)
        return Points(gammas / gammas.sum(axis=-1, keepdims=True), state, own, named)

    def log_ratio(self, points: Points, log_likelihood: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Log of likelihood times prior over the proposal's density, (P,)."""
        n_assignments, n_components = self.counts.shape
        step = max(1, int(_AT_ONCE / (n_assignments * n_components**2)))
        blocks = [slice(start, start + step) for start in range(0, len(points.own), step)]
        known = np.concatenate([self.counts[..., None], self.sums], axis=-1).reshape(n_assignments * n_components, -1)
        with one_blas_thread(), ThreadPoolExecutor(cpu_count()) as threads:
            seeds = rng.spawn(len(blocks))
            parts = list(threads.map(lambda block, own: self._of_block(points, block, known, own), blocks, seeds))
        return log_likelihood - np.concatenate(parts)

    def _of_block(self, points: Points, block: slice, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n_assignments, n_components = self.counts.shape
        weights = points.weights[block]
        offsets, etas = self.rows.natural(tuple(part[block] for part in points.state))
        with np.errstate(divide="ignore"):
            offsets = offsets + np.maximum(np.log(weights), _LEAST_LOG_WEIGHT)
        coordinates = np.concatenate([offsets[..., None], etas], axis=-1).reshape(weights.size, -1)
        log_densities = (coordinates @ known.T).reshape(len(weights), n_components, n_assignments, n_components)
        return log_mean_likelihood(
            log_densities,
            self.log_evidences,
            self.exchangeable,
            n_components <= MOST_EXACT,
            n_components,
            points.own[block],
            points.permutations[block],
            rng,
        )


def log_likelihoods(problem: Problem, points: Points) -> np.ndarray:
    """Log-likelihood (P,) in the units of the data."""
    cuts = np.array_split(np.arange(len(points.weights)), _PARTS)

    def of_part(cut: np.ndarray) -> np.ndarray:
        params = problem.standardised.to_params(tuple(part[cut] for part in points.state))
        rows = problem.rows
        weights, known = points.weights[cut], rows.beforehand
        blocks = problem.family.log_mixture_blocks(weights, params, rows.entries, beforehand=known)
        return sum((values.sum(axis=-1) for _, values in blocks), np.zeros(len(cut)))

    with one_blas_thread(), ThreadPoolExecutor(cpu_count()) as threads:
        return np.concatenate(list(threads.map(of_part, cuts)))


def _labels_drawn(problem: Problem, named: Params, rng: np.random.Generator) -> np.ndarray:
    """Assignments (M, N), each drawn from one draw's responsibilities."""
    params = {name: values for name, values in named.items() if name != "weights"}
    rows, weights = problem.rows, named["weights"]
    labels = np.empty((len(weights), rows.n_rows), dtype=np.int64)
    for block, shares in problem.family.responsibilities_blocks(
        weights, params, rows.entries, beforehand=rows.beforehand
    ):
        ends = np.cumsum(shares, axis=0)
        uniform = rng.random(ends.shape[1:]) * ends[-1]
        labels[:, block] = (uniform >= ends[:-1]).sum(axis=0).T
    return labels
