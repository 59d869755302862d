"""Groups of counts with two parameters in each column, whose posterior is summed over a grid: SciPy's distributions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import logsumexp

LogRows = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def negative_binomial(x: np.ndarray, rate: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Log probability of counts, elementwise."""
    return stats.nbinom.logpmf(x, 1 / dispersion, 1 / (1 + dispersion * rate))


def zero_inflated_poisson(x: np.ndarray, rate: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Log probability of counts, elementwise."""
    return np.log(share * (x == 0) + (1 - share) * stats.poisson.pmf(x, rate))


@dataclass(frozen=True, eq=False)
class Gridded:
    """One group of counts, independent in each column: rates and another parameter (D,) with priors of their own.

    Attributes
    ----------
    log_rows_of : callable
        ``(x, rate, other) -> log probability``, elementwise.
    priors : (rates, others)
        Frozen distributions of SciPy.
    rows : (n, D) array
        What is known; none for the prior.
    steps : (int, int)
        Cells along each parameter.
    tail : float
        Prior probability on either side of the grid.
    """

    log_rows_of: LogRows
    priors: tuple[Any, Any]
    rows: np.ndarray
    steps: tuple[int, int] = (32, 32)
    tail: float = 1e-9
    cache: dict = field(default_factory=dict)

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rates, others, and log prior probability of the cells of a Gauss-Legendre rule in the logarithms, (P,)."""
        if "grid" not in self.cache:
            axes = []
            for prior, steps in zip(self.priors, self.steps, strict=True):
                low, high = np.log(prior.ppf(self.tail)), np.log(prior.isf(self.tail))
                nodes, weights = np.polynomial.legendre.leggauss(steps)
                at = np.exp(0.5 * (high - low) * (nodes + 1) + low)
                axes.append((at, np.log(0.5 * (high - low) * weights) + np.log(at) + prior.logpdf(at)))
            (rates, of_rates), (others, of_others) = axes
            one, other = np.meshgrid(rates, others, indexing="ij")
            self.cache["grid"] = one.ravel(), other.ravel(), np.add.outer(of_rates, of_others).ravel()
        return self.cache["grid"]

    def _of_value(self, x: float) -> np.ndarray:
        """Log probability of one count on the grid."""
        if x not in self.cache:
            rates, others, _ = self.grid
            self.cache[x] = self.log_rows_of(np.full(rates.shape, x), rates, others)
        return self.cache[x]

    @cached_property
    def log_posterior(self) -> np.ndarray:
        """Log probability of the cells given the rows, not normalised, (D, P)."""
        prior = self.grid[2]
        return np.array([prior + sum(map(self._of_value, column), np.zeros(prior.size)) for column in self.rows.T])

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Of the cells, (D, P)."""
        return np.exp(self.log_posterior - logsumexp(self.log_posterior, axis=1, keepdims=True))

    def given(self, groups: Sequence[np.ndarray]) -> "Gridded":
        (rows,) = groups
        return Gridded(self.log_rows_of, self.priors, rows, self.steps, self.tail, self.cache)

    def draw(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        places = np.stack([rng.choice(p.size, size, p=p) for p in self.probabilities], axis=1)
        return self.grid[0][places][:, None], self.grid[1][places]

    def log_density(self, means: np.ndarray, spread: np.ndarray) -> float:
        value = -logsumexp(self.log_posterior, axis=1).sum()
        value += sum(prior.logpdf(one).sum() for prior, one in zip(self.priors, (means[0], spread), strict=True))
        return float(value + self.log_rows(self.rows, means[0], spread).sum())

    def log_rows(self, rows: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
        return self.log_rows_of(rows, mean, spread).sum(axis=-1)

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        columns = zip(x.T, self.probabilities, strict=True)
        return np.prod([[p @ np.exp(self._of_value(one)) for one in column] for column, p in columns], axis=0)

    @property
    def means(self) -> np.ndarray:
        return (self.probabilities @ self.grid[0])[None]

    def mean_of_spread(self) -> np.ndarray:
        return self.probabilities @ self.grid[1]
