"""Conjugate posteriors of groups of counts, and of zeros and ones, in closed form: SciPy's distributions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Rates:
    """Independent gamma rates (D,) of one group of counts; prior and posterior have this one form."""

    shape: np.ndarray
    rate: np.ndarray

    def given(self, groups: Sequence[np.ndarray]) -> "Rates":
        (rows,) = groups
        return Rates(self.shape + rows.sum(axis=0), self.rate + len(rows))

    def log_density(self, means: np.ndarray, spread: None) -> float:
        return float(stats.gamma.logpdf(means[0], self.shape, scale=1 / self.rate).sum())

    def log_rows(self, rows: np.ndarray, mean: np.ndarray, spread: None) -> np.ndarray:
        return stats.poisson.logpmf(rows, mean).sum(axis=-1)

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        """Negative binomial."""
        return stats.nbinom.pmf(x, self.shape, self.rate / (self.rate + 1)).prod(axis=-1)

    @property
    def means(self) -> np.ndarray:
        return (self.shape / self.rate)[None]

    def mean_of_spread(self) -> None:
        return None


@dataclass(frozen=True)
class Chances:
    """Independent beta probabilities (D,) of ones in one group; prior and posterior have this one form."""

    a: np.ndarray
    b: np.ndarray

    def given(self, groups: Sequence[np.ndarray]) -> "Chances":
        (rows,) = groups
        return Chances(self.a + rows.sum(axis=0), self.b + (1 - rows).sum(axis=0))

    def log_density(self, means: np.ndarray, spread: None) -> float:
        return float(stats.beta.logpdf(means[0], self.a, self.b).sum())

    def log_rows(self, rows: np.ndarray, mean: np.ndarray, spread: None) -> np.ndarray:
        return stats.bernoulli.logpmf(rows.astype(int), mean).sum(axis=-1)

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        return stats.bernoulli.pmf(x.astype(int), self.a / (self.a + self.b)).prod(axis=-1)

    @property
    def means(self) -> np.ndarray:
        return (self.a / (self.a + self.b))[None]

    def mean_of_spread(self) -> None:
        return None
