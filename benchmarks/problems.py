"""The rows, priors and starting points that every side gets."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

import bayesmix as bm
import bayesmix.problem
from bayesmix.data import read_rows
from benchmarks.asked import Size

# The separated prior, which PyMC, NumPyro and Stan can all declare: normal means, log-normal scales, LKJ correlations.
PRIORS = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal(), "correlations": bm.priors.LKJ(2.0)}


@dataclass(frozen=True, eq=False)
class Problem:
    """Simulated rows, and a starting point near the truth: its means shifted by half a standard deviation."""

    size: Size
    X: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @property
    def n_components(self) -> int:
        return self.size[2]

    @cached_property
    def mixture(self) -> bm.Mixture:
        """The mixture with the separated prior, its data-scaled numbers resolved."""
        return bm.Mixture(self.n_components, priors=PRIORS).resolve_priors(self.X)

    @property
    def model(self) -> bayesmix.problem.Problem:
        """What bayesmix's engines take."""
        return bayesmix.problem.Problem.of(
            read_rows(self.X), self.mixture.family, self.n_components, self.mixture.priors
        )


@cache
def problem(size: Size, covariance: str = "full", separation: float = 5.0) -> Problem:
    """The rows of a size: the same in every section."""
    n_rows, n_features, n_components = size
    made = bm.datasets.simulate(
        n_rows, n_features, n_components, covariance=covariance, separation=separation, random_seed=0
    )
    shift = 0.5 * np.random.default_rng(1).standard_normal(made.means.shape)
    return Problem(size, made.X.to_numpy(), made.weights, made.means + shift, made.covariances)
