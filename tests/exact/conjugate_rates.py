"""Conjugate posteriors of groups of counts, of zeros and ones, and of levels, in closed form: SciPy's distributions.

A missing count, zero or one (NaN) says nothing, and is left out.
"""

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
        return Rates(self.shape + np.nansum(rows, axis=0), self.rate + np.isfinite(rows).sum(axis=0))

    def draw(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, None]:
        return rng.gamma(self.shape, 1 / self.rate, (size, 1, len(self.shape))), None

    def log_density(self, means: np.ndarray, spread: None) -> float:
        return float(stats.gamma.logpdf(means[0], self.shape, scale=1 / self.rate).sum())

    def log_rows(self, rows: np.ndarray, mean: np.ndarray, spread: None) -> np.ndarray:
        return np.nansum(stats.poisson.logpmf(rows, mean), axis=-1)

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        """Negative binomial."""
        return stats.nbinom.pmf(x, self.shape, self.rate / (self.rate + 1)).prod(axis=-1)

    @property
    def means(self) -> np.ndarray:
        return (self.shape / self.rate)[None]

    def quantiles_of_means(self, p: float) -> np.ndarray:
        return stats.gamma.ppf(p, self.shape, scale=1 / self.rate)[None]

    def mean_of_spread(self) -> None:
        return None


@dataclass(frozen=True)
class Chances:
    """Independent beta probabilities (D,) of ones in one group; prior and posterior have this one form."""

    a: np.ndarray
    b: np.ndarray

    def given(self, groups: Sequence[np.ndarray]) -> "Chances":
        (rows,) = groups
        return Chances(self.a + np.nansum(rows, axis=0), self.b + np.nansum(1 - rows, axis=0))

    def draw(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, None]:
        return rng.beta(self.a, self.b, (size, 1, len(self.a))), None

    def log_density(self, means: np.ndarray, spread: None) -> float:
        return float(stats.beta.logpdf(means[0], self.a, self.b).sum())

    def log_rows(self, rows: np.ndarray, mean: np.ndarray, spread: None) -> np.ndarray:
        return np.nansum(np.where(rows == 1, np.log(mean), np.where(rows == 0, np.log1p(-mean), np.nan)), axis=-1)

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        return stats.bernoulli.pmf(x.astype(int), self.a / (self.a + self.b)).prod(axis=-1)

    @property
    def means(self) -> np.ndarray:
        return (self.a / (self.a + self.b))[None]

    def quantiles_of_means(self, p: float) -> np.ndarray:
        return stats.beta.ppf(p, self.a, self.b)[None]

    def mean_of_spread(self) -> None:
        return None


@dataclass(frozen=True)
class Levels:
    """Independent Dirichlet probabilities of each column's levels in one group, one column after the other.

    Rows hold the numbers of levels; prior and posterior have this one form.
    """

    concentrations: tuple[np.ndarray, ...]

    def given(self, groups: Sequence[np.ndarray]) -> "Levels":
        (rows,) = groups
        return Levels(
            tuple(
                a + np.bincount(levels, minlength=len(a))
                for a, levels in zip(self.concentrations, rows.T.astype(int), strict=True)
            )
        )

    def draw(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, None]:
        return np.concatenate([rng.dirichlet(a, size) for a in self.concentrations], axis=1)[:, None], None

    def log_density(self, means: np.ndarray, spread: None) -> float:
        return float(
            sum(stats.dirichlet.logpdf(*pair) for pair in zip(self._split(means[0]), self.concentrations, strict=True))
        )

    def log_rows(self, rows: np.ndarray, mean: np.ndarray, spread: None) -> np.ndarray:
        columns = zip(self._split(mean), rows.T.astype(int), strict=True)
        return np.sum([np.log(p)[levels] for p, levels in columns], axis=0)

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        return np.exp(self.log_rows(x, self.means[0], None))

    @property
    def means(self) -> np.ndarray:
        return np.concatenate([a / a.sum() for a in self.concentrations])[None]

    def quantiles_of_means(self, p: float) -> np.ndarray:
        return np.concatenate([stats.beta.ppf(p, a, a.sum() - a) for a in self.concentrations])[None]

    def mean_of_spread(self) -> None:
        return None

    def _split(self, probabilities: np.ndarray) -> list[np.ndarray]:
        return np.split(probabilities, np.cumsum([len(a) for a in self.concentrations])[:-1])
