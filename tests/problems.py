"""Problems as engines take them, from rows and a family."""

from typing import Any

from bayesmix import Mixture
from bayesmix.data import Rows, read_rows
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.families import Family
from bayesmix.priors.sets import read_priors
from bayesmix.problem import Problem


def problem_of(X: Any, family: Family, n_components: int, priors: Any = None) -> Problem:
    """From rows, read or not, and what the user writes as priors."""
    rows = X if isinstance(X, Rows) else read_rows(X, takes=family.takes)
    return Problem.of(rows, family, n_components, read_priors(priors, family))


def density_of(mixture: Mixture, X: Any) -> ClosedFormDensity:
    """The density of a mixture on rows, which must have a closed form."""
    density = problem_of(X, mixture.family, mixture.n_components, mixture.priors).closed_form()
    assert density is not None
    return density
