"""What a component is: its parameters, density, statistics, M-step, score and draws."""

from typing import Any

from bayesmix.families.base import ParameterSpec, StandardForm, Statistics
from bayesmix.families.covariance import STRUCTURES
from bayesmix.families.gaussian import Gaussian

Family = Gaussian  # the union of all families

__all__ = ["Family", "Gaussian", "ParameterSpec", "StandardForm", "Statistics", "family_from_name", "read_family"]

_GAUSSIAN = "gaussian"


def family_from_name(name: str) -> Family:
    """The family that a name stands for: ``"gaussian-full"``, or the covariance alone, ``"full"``.

    Raises
    ------
    ValueError
        If no family has that name.
    """
    kind, _, covariance = name.partition("-")
    if name in STRUCTURES:
        return Gaussian(name)
    if kind == _GAUSSIAN and (covariance in STRUCTURES or name == kind):
        return Gaussian(covariance or "full")
    known = ", ".join(repr(covariance) for covariance in STRUCTURES)
    raise ValueError(f"no family is called {name!r}: there are {known}, or in full {str(Gaussian())!r} and so on.")


def read_family(given: Any, argument: str = "family") -> Family:
    """A family as it is, or the one that a name stands for.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If no family has that name.
    """
    if isinstance(given, Family):
        return given
    if isinstance(given, str):
        return family_from_name(given)
    raise TypeError(f"{argument} must be a family such as bm.Gaussian('full'), or its name, 'full', not {given!r}.")
