"""A Gaussian over the flat unconstrained vector: what Laplace and ADVI leave behind."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class GaussianApproximation:
    """The law of ``mean + factor @ z`` with z standard normal.

    Attributes
    ----------
    mean : (size,) array
    factor : (size, size) array
        Any square root of the covariance: ``covariance = factor @ factor.T``.
    """

    mean: np.ndarray
    factor: np.ndarray

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """``n`` independent draws, (n, size)."""
        return self.mean + rng.standard_normal((n, self.mean.size)) @ self.factor.T

    def log_density(self, q: np.ndarray) -> np.ndarray:
        """Log density (...,) of the points ``q`` (..., size)."""
        flat = (q - self.mean).reshape(-1, self.mean.size)
        z = np.linalg.solve(self.factor, flat.T)
        return (self.log_height - 0.5 * (z**2).sum(axis=0)).reshape(q.shape[:-1])

    @property
    def log_height(self) -> float:
        """Log density at the mean."""
        log_volume = float(np.linalg.slogdet(self.factor)[1])
        return -log_volume - 0.5 * self.mean.size * np.log(2 * np.pi)

    @property
    def variances(self) -> np.ndarray:
        """Marginal variances, (size,)."""
        return (self.factor**2).sum(axis=1)
