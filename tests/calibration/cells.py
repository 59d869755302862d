"""The models that are calibrated, and the fixed rows from which their priors take their numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

import bayesmix as bm
from bayesmix import Gaussian, Mixture

COLUMNS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]


def reference_rows(n_features: int) -> np.ndarray:
    """The measured penguins' first columns: nothing but the numbers of the priors comes from them."""
    return np.asarray(bm.datasets.load_penguins()[COLUMNS].dropna(), dtype=float)[:, :n_features]


@dataclass(frozen=True)
class Cell:
    """One mixture, its prior in numbers, and how many rows a data set has."""

    covariance: str
    prior: str
    n_features: int
    n_components: int
    concentration: float = 1.0
    n_rows: int = 40

    def __str__(self) -> str:
        named = f"gaussian-{self.covariance}, {self.prior} prior, D = {self.n_features}, K = {self.n_components}"
        return named if self.concentration == 1.0 else f"{named}, Dirichlet({self.concentration:g})"

    @cached_property
    def mixture(self) -> Mixture:
        """With its priors resolved on the reference rows."""
        priors = {"weights": bm.priors.Dirichlet(self.concentration)}
        if self.prior == "separated":
            priors |= {
                "means": bm.priors.Normal(),
                "scales": bm.priors.LogNormal(),
                "correlations": bm.priors.LKJ(),
            }
        mixture = Mixture(self.n_components, Gaussian(self.covariance), priors=priors)
        return mixture.resolve_priors(reference_rows(self.n_features))


CELLS = (
    Cell("full", "separated", n_features=3, n_components=1),
    Cell("full", "default", n_features=1, n_components=2),
    Cell("full", "default", n_features=2, n_components=2),
    Cell("full", "separated", n_features=2, n_components=2),
    Cell("full", "default", n_features=2, n_components=3, concentration=4.0, n_rows=60),
    Cell("tied", "default", n_features=2, n_components=2),
    Cell("tied", "separated", n_features=3, n_components=2),
    Cell("tied", "default", n_features=3, n_components=3, n_rows=60),
    Cell("diag", "default", n_features=2, n_components=1),
    Cell("diag", "separated", n_features=3, n_components=2),
    Cell("diag", "default", n_features=3, n_components=3, concentration=4.0, n_rows=60),
    Cell("spherical", "separated", n_features=3, n_components=1),
    Cell("spherical", "default", n_features=2, n_components=2),
    Cell("spherical", "separated", n_features=2, n_components=3, concentration=4.0, n_rows=60),
)

# Where errors are planted: so few rows that priors and Jacobians matter, and the cheapest fits.
PLANTED_IN = Cell("full", "default", n_features=3, n_components=1, n_rows=20)
