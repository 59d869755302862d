"""What the posterior is bridged to where no conditional has a closed form: a Gaussian around the draws.

It has the mean and the covariance of the relabelled draws in the unconstrained coordinates of the density, whose
Jacobian the density holds, and is averaged over labellings. That is near the posterior where this has one basin, which
the gates that draws must pass ask for anyway.
"""

from dataclasses import dataclass

import numpy as np

from bayesmix.density import Density
from bayesmix.density.many_places import logps
from bayesmix.engines.gaussian_approximation import GaussianApproximation
from bayesmix.engines.gaussian_check import log_q_over_labellings


@dataclass(frozen=True, eq=False)
class GaussianProposal:
    """A Gaussian in unconstrained coordinates.

    Attributes
    ----------
    density : Density
    gaussian : GaussianApproximation
    exchanged : tuple of str
        Variables that a labelling permutes.
    """

    density: Density
    gaussian: GaussianApproximation
    exchanged: tuple[str, ...]

    @classmethod
    def of_draws(cls, density: Density, q: np.ndarray, exchanged: tuple[str, ...]) -> "GaussianProposal":
        """With the moments of draws (S, size)."""
        factor = np.linalg.cholesky(np.atleast_2d(np.cov(q.T)))
        return cls(density, GaussianApproximation(q.mean(axis=0), factor), exchanged)

    def log_ratio(self, q: np.ndarray) -> np.ndarray:
        """Log of likelihood times prior over the proposal's density, at points (P, size)."""
        log_p = logps(self.density, q, "draw")
        log_p = np.where(np.isnan(log_p), -np.inf, log_p)
        return log_p - log_q_over_labellings(self.density, self.gaussian, q, self.exchanged)
