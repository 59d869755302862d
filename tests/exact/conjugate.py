"""Conjugate posteriors of Gaussian groups in closed form: obvious NumPy, SciPy's distributions, nothing of bayesmix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import digamma, polygamma


@dataclass(frozen=True)
class Groups:
    """Groups of rows that share one covariance, with a mean each: prior and posterior have this one form.

    The spread has degrees of freedom ``dof`` and ``scale``; ``mean_g | spread ~ N(means_g, spread / counts_g)``.
    """

    means: np.ndarray  # (G, D)
    counts: np.ndarray  # (G,)
    dof: float
    scale: Any

    def given(self, groups: Sequence[np.ndarray]) -> "Groups":
        """The posterior given the rows of each group, some of them empty."""
        means, counts, dof, scale = [], [], self.dof, self.scale
        for rows, mean, count in zip(groups, self.means, self.counts, strict=True):
            n = len(rows)
            total = count + n
            centre = rows.mean(axis=0) if n else mean
            scatter = (rows - centre).T @ (rows - centre)
            pull = count * n / total * np.outer(centre - mean, centre - mean)
            means.append((count * mean + n * centre) / total)
            counts.append(total)
            dof = dof + n * self.dof_of_row
            scale = scale + self.reduce(scatter + pull)
        return replace(self, means=np.array(means), counts=np.array(counts), dof=dof, scale=scale)

    def log_density(self, means: np.ndarray, spread: Any) -> float:
        """Log density at means (G, D) and a spread."""
        matrix = self.matrix(spread)
        of_means = [
            stats.multivariate_normal.logpdf(mean, centre, matrix / count)
            for mean, centre, count in zip(means, self.means, self.counts, strict=True)
        ]
        return float(self.log_density_of_spread(spread) + np.sum(of_means))

    def draw(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Means (S, G, D) and spreads (S, ...)."""
        spreads = self.draw_spread(size, rng)
        factors = np.linalg.cholesky(self.matrix(spreads)[:, None] / self.counts[:, None, None])
        normal = rng.standard_normal((size, *self.means.shape))
        return self.means + np.einsum("sgij,sgj->sgi", factors, normal), spreads

    def log_rows(self, rows: np.ndarray, mean: np.ndarray, spread: Any) -> np.ndarray:
        """Log density of rows (N, D) of a group."""
        return stats.multivariate_normal.logpdf(rows, mean, self.matrix(spread))

    @property
    def n_features(self) -> int:
        return self.means.shape[1]

    @property
    def dof_of_row(self) -> int:
        return 1

    def mean_of_means(self) -> np.ndarray:
        return self.means

    def log_scale_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the logs of the standard deviations; each variance is inverse-gamma."""
        shape, rate = self.marginal_variances()
        return (np.log(rate) - digamma(shape)) / 2, np.full(np.shape(rate), np.sqrt(polygamma(1, shape)) / 2)

    def quantiles_of_variances(self, p: float) -> np.ndarray:
        shape, rate = self.marginal_variances()
        return stats.invgamma(shape, scale=rate).ppf(p)

    def quantiles_of_means(self, p: float) -> np.ndarray:
        """(G, D): a normal whose variance is inverse-gamma is a Student t."""
        shape, rate = self.marginal_variances()
        width = np.sqrt(rate / shape / self.counts[:, None])
        return stats.t(2 * shape, self.means, width).ppf(p)


class Dense(Groups):
    """One covariance matrix, inverse-Wishart."""

    def reduce(self, scatter):
        return scatter

    def matrix(self, spread):
        return np.asarray(spread)

    def log_density_of_spread(self, spread):
        return stats.invwishart.logpdf(spread, self.dof, self.scale)

    def draw_spread(self, size, rng):
        drawn = stats.invwishart.rvs(self.dof, self.scale, size, random_state=rng)
        return np.reshape(drawn, (size, self.n_features, self.n_features))

    def mean_of_spread(self):
        return self.scale / (self.dof - self.n_features - 1)

    def marginal_variances(self):
        return (self.dof - self.n_features + 1) / 2, np.diag(self.scale) / 2

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        """Density of new rows of a group: a multivariate Student t."""
        df = self.dof - self.n_features + 1
        shape = self.scale * (self.counts[group] + 1) / (self.counts[group] * df)
        return np.atleast_1d(stats.multivariate_t(self.means[group], shape, df).pdf(x))


class Axis(Groups):
    """A variance for each feature, inverse-gamma with shape ``dof / 2`` and rate ``scale_j / 2``."""

    def reduce(self, scatter):
        return np.diag(scatter)

    def matrix(self, spread):
        return np.asarray(spread)[..., None] * np.eye(self.n_features)

    def log_density_of_spread(self, spread):
        return stats.invgamma.logpdf(spread, self.dof / 2, scale=self.scale / 2).sum()

    def draw_spread(self, size, rng):
        return self.scale / rng.chisquare(self.dof, (size, self.n_features))

    def mean_of_spread(self):
        return self.scale / (self.dof - 2)

    def marginal_variances(self):
        return self.dof / 2, self.scale / 2

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        """Density of new rows of a group: a Student t for each feature."""
        width = np.sqrt(self.scale / self.dof * (1 + 1 / self.counts[group]))
        return stats.t(self.dof, self.means[group], width).pdf(x).prod(axis=-1)


class Round(Groups):
    """One variance for all features, inverse-gamma with shape ``dof / 2`` and rate ``scale / 2``."""

    @property
    def dof_of_row(self) -> int:
        return self.n_features

    def reduce(self, scatter):
        return np.trace(scatter)

    def matrix(self, spread):
        return np.asarray(spread)[..., None, None] * np.eye(self.n_features)

    def log_density_of_spread(self, spread):
        return stats.invgamma.logpdf(spread, self.dof / 2, scale=self.scale / 2)

    def draw_spread(self, size, rng):
        return self.scale / rng.chisquare(self.dof, size)

    def mean_of_spread(self):
        return self.scale / (self.dof - 2)

    def marginal_variances(self):
        return self.dof / 2, self.scale / 2

    def predictive(self, group: int, x: np.ndarray) -> np.ndarray:
        """Density of new rows of a group: a multivariate Student t."""
        shape = self.scale / self.dof * (1 + 1 / self.counts[group]) * np.eye(self.n_features)
        return np.atleast_1d(stats.multivariate_t(self.means[group], shape, self.dof).pdf(x))


KINDS = {"full": Dense, "tied": Dense, "diag": Axis, "spherical": Round, "EEI": Axis, "EII": Round}


def prior_of(covariance: str, n_components: int, mean, shrinkage: float, dof: float, scale) -> list[Groups]:
    """The prior of K components: a group of its own for each, or, tied and EEI, one that shares its covariance."""
    mean, scale = np.asarray(mean, dtype=float), np.asarray(scale, dtype=float)
    together = n_components if covariance in ("tied", "EEI", "EII") else 1
    one = KINDS[covariance](np.tile(mean, (together, 1)), np.full(together, shrinkage), dof, scale)
    return [one] * (n_components // together)
