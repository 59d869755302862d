"""Parameters from the prior, rows from the parameters: both as the family draws them.

A fit goes by densities, and draws follow from none of them. That they are the right draws is what
``test_simulation.py`` holds against SciPy's distributions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from bayesmix import Mixture
from bayesmix.families import Family


@dataclass(frozen=True, eq=False)
class Points:
    """Weights (S, K) and named parameters (S, ...) of a family: a truth, S = 1, or the draws of a posterior."""

    family: Family
    weights: np.ndarray
    params: Mapping[str, np.ndarray]

    def rows(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Independent rows (n, D) from the only point."""
        (weights,) = self.weights
        return self.family.sample(weights, {name: value[0] for name, value in self.params.items()}, n, rng)[0]

    def log_joint(self, rows: np.ndarray) -> np.ndarray:
        """``log w_k + log f(x_i | theta_k)``, (S, N, K)."""
        return self.family.log_joint(self.weights, self.params, rows)

    def log_density(self, rows: np.ndarray) -> np.ndarray:
        """``log sum_k w_k f(x_i | theta_k)``, (S, N)."""
        return logsumexp(self.log_joint(rows), axis=-1)

    def responsibilities(self, rows: np.ndarray) -> np.ndarray:
        """Of every component for every row, (S, N, K)."""
        joint = self.log_joint(rows)
        return np.exp(joint - logsumexp(joint, axis=-1, keepdims=True))

    def renamed(self, order: np.ndarray) -> "Points":
        """Component k is the one that was called ``order[k]``."""
        shared = {spec.name for spec in self.family.parameters if spec.shared}
        params = {name: value if name in shared else value[:, order] for name, value in self.params.items()}
        return Points(self.family, self.weights[:, order], params)


def prior_draws(mixture: Mixture, n_features: int, rng: np.random.Generator, size: int = 1) -> Points:
    """Draws of the prior of a mixture whose priors are numbers."""
    family, priors, n_components = mixture.family, mixture.priors, mixture.n_components
    weights = rng.dirichlet(priors.weights.concentrations(n_components), size=size)
    return Points(family, weights, family.prior_draws(priors, n_components, n_features, size, rng))
