"""The models that are calibrated, and the fixed rows from which their priors take their numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

import bayesmix as bm
from bayesmix import Bernoulli, Categorical, Gaussian, Mixture, Poisson, StudentT
from bayesmix.data import Rows, read_rows
from bayesmix.data.columns import Kind
from bayesmix.families import Family

MEASURED = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
NAMED = ["species", "island", "sex"]
FORMS: tuple[str, ...] = ("default", "separated")  # names of a family's forms of the prior, in its order


def reference_rows(takes: Kind, n_features: int) -> Rows:
    """The penguins' first columns of a kind: names, levels and the numbers of the priors come from them, no more."""
    penguins = bm.datasets.load_penguins()
    millimetres = penguins[MEASURED].dropna()
    of_kind = {
        "real": millimetres,
        "count": (millimetres - millimetres.min()).round(),
        "binary": millimetres > millimetres.median(),
        "categorical": penguins[NAMED].dropna(),
    }[takes]
    return read_rows(of_kind.iloc[:, :n_features], takes=takes)


@dataclass(frozen=True)
class Cell:
    """One mixture, its prior in numbers, and how many rows a data set has."""

    family: Family
    prior: str
    n_features: int
    n_components: int
    concentration: float = 1.0
    n_rows: int = 40

    def __str__(self) -> str:
        named = f"{self.family}, {self.prior} prior, D = {self.n_features}, K = {self.n_components}"
        return named if self.concentration == 1.0 else f"{named}, Dirichlet({self.concentration:g})"

    @cached_property
    def reference(self) -> Rows:
        """Rows with the columns that the cell's data sets have."""
        return reference_rows(self.family.takes, self.n_features)

    @cached_property
    def mixture(self) -> Mixture:
        """With its priors resolved on the reference rows."""
        form = dict(zip(FORMS, self.family.prior_forms, strict=False))[self.prior]
        priors = {"weights": bm.priors.Dirichlet(self.concentration), **form}
        return Mixture(self.n_components, self.family, priors=priors).resolve_priors(self.table(self.reference.values))

    def table(self, values: np.ndarray) -> pd.DataFrame:
        """Rows (N, D) as they are handed to a fit: with the names of their levels, in the order of the model."""
        columns = {}
        for column, numbers in zip(self.reference.columns, values.T, strict=True):
            has_levels = len(column.levels) > 0
            columns[column.name] = (
                pd.Categorical.from_codes(numbers.astype(int), column.levels) if has_levels else numbers
            )
        return pd.DataFrame(columns)


# Every family has a cell but for the covariances of one shape, Gaussian("VEV"): their prior is known up to a constant,
# nothing draws from it, and so there is no truth to look for; and counts with spread or extra zeros, whose posteriors
# stand beside sums over all assignments (tests/engines/test_gibbs_exact.py).
CELLS = (
    Cell(Gaussian("full"), "separated", n_features=3, n_components=1),
    Cell(Gaussian("full"), "default", n_features=1, n_components=2),
    Cell(Gaussian("full"), "default", n_features=2, n_components=2),
    Cell(Gaussian("full"), "separated", n_features=2, n_components=2),
    Cell(Gaussian("full"), "default", n_features=2, n_components=3, concentration=4.0, n_rows=60),
    Cell(Gaussian("tied"), "default", n_features=2, n_components=2),
    Cell(Gaussian("tied"), "separated", n_features=3, n_components=2),
    Cell(Gaussian("tied"), "default", n_features=3, n_components=3, n_rows=60),
    Cell(Gaussian("diag"), "default", n_features=2, n_components=1),
    Cell(Gaussian("diag"), "separated", n_features=3, n_components=2),
    Cell(Gaussian("diag"), "default", n_features=3, n_components=3, concentration=4.0, n_rows=60),
    Cell(Gaussian("spherical"), "separated", n_features=3, n_components=1),
    Cell(Gaussian("spherical"), "default", n_features=2, n_components=2),
    Cell(Gaussian("spherical"), "separated", n_features=2, n_components=3, concentration=4.0, n_rows=60),
    Cell(Gaussian("EEI"), "default", n_features=2, n_components=2),
    Cell(Gaussian("EEI"), "separated", n_features=3, n_components=1),
    Cell(StudentT("full"), "default", n_features=2, n_components=2),
    Cell(StudentT("diag", dof="shared"), "default", n_features=2, n_components=2),
    Cell(Poisson(), "default", n_features=1, n_components=2),
    Cell(Poisson(), "default", n_features=3, n_components=3, concentration=4.0, n_rows=60),
    Cell(Bernoulli(), "default", n_features=3, n_components=2),
    Cell(Categorical(), "default", n_features=3, n_components=2),
)

# Those that Gibbs sampling fits, too: every family and covariance, and both forms of the prior.
BY_GIBBS = tuple(cell for cell in CELLS if cell.n_components == 2)

# Where errors are planted: so few rows that priors and Jacobians matter, and the cheapest fits.
PLANTED_IN = Cell(Gaussian("full"), "default", n_features=3, n_components=1, n_rows=20)
