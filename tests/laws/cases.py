"""Every covariance, prior and shape over which the laws run: a new family or prior adds its line here."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bayesmix import Gaussian, Mixture
from bayesmix.data import Rows, read_rows
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.priors import LKJ, Dirichlet, LogNormal, Normal
from tests.simulated_trees import truth

PRIORS = {
    "conjugate": None,
    # Dirichlet and LKJ away from one, so that no factor of the prior is constant
    "separated": {"weights": Dirichlet(2.5), "means": Normal(), "scales": LogNormal(), "correlations": LKJ(2.5)},
}
COVARIANCES = ("full", "tied", "diag", "spherical")
SHAPES = ((1, 2), (2, 1), (2, 3), (4, 2))  # D, K


@dataclass(frozen=True)
class Case:
    """One mixture with rows of its own, of which the seed makes others: K groups in columns of different units."""

    covariance: str
    prior: str
    n_features: int
    n_components: int
    seed: int = field(default=0, kw_only=True)

    def __str__(self):
        return f"{self.covariance}-{self.prior}-D{self.n_features}-K{self.n_components}"

    @property
    def family(self) -> Gaussian:
        return Gaussian(self.covariance)

    @cached_property
    def X(self) -> np.ndarray:
        rng = np.random.default_rng(1 + self.n_features + 10 * self.n_components + 1000 * self.seed)
        weights, params = truth("full", self.n_components, self.n_features, 2.5, rng)
        values, _ = Gaussian("full").sample(weights, params, 40 + 10 * self.n_components, rng)
        return values * np.resize([1.0, 30.0, 0.02, 5.0], self.n_features) + 7.0

    @cached_property
    def rows(self) -> Rows:
        return read_rows(self.X)

    @cached_property
    def mixture(self) -> Mixture:
        """With its priors resolved on the rows."""
        return Mixture(self.n_components, self.family, priors=PRIORS[self.prior]).resolve_priors(self.X)

    @cached_property
    def density(self) -> ClosedFormDensity:
        return ClosedFormDensity(self.rows, self.family, self.mixture.priors, self.n_components)

    def points(self, n: int, seed: int = 0) -> np.ndarray:
        """Random points of the flat vector, some of them far out."""
        rng = np.random.default_rng(seed + 1000 * self.seed)
        return rng.normal(size=(n, self.density.size)) * np.linspace(0.2, 1.5, n)[:, None]

    def parameters(self, seed: int = 0):
        """Random weights and named parameters in the units of the data."""
        named = self.density.constrain(self.points(1, seed)[0])
        return named["weights"], {spec.name: named[spec.name] for spec in self.family.parameters}


CASES = [Case(covariance, prior, *shape) for covariance in COVARIANCES for prior in PRIORS for shape in SHAPES]
# Laws that speak of the likelihood alone need one prior
LIKELIHOOD_CASES = [case for case in CASES if case.prior == "conjugate"]
