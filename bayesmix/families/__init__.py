"""What a component is: its parameters, density, statistics, M-step, score and draws."""

from bayesmix.families.base import ParameterSpec, StandardForm, Statistics
from bayesmix.families.gaussian import Gaussian

Family = Gaussian  # the union of all families

__all__ = ["Family", "Gaussian", "ParameterSpec", "StandardForm", "Statistics", "family_from_name"]


def family_from_name(name: str) -> Family:
    """The family whose ``str`` is ``name``, such as ``"gaussian-full"``.

    Raises
    ------
    ValueError
        If no family has that name.
    """
    kind, _, covariance = name.partition("-")
    if kind != "gaussian":
        raise ValueError(f"no family is called {name!r}: the families are gaussian-full, -tied, -diag and -spherical")
    return Gaussian(covariance or "full")
