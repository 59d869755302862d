"""What a component is: one protocol, and a family for each distribution."""

from importlib import import_module
from typing import Any

from bayesmix.families.protocol import Family
from bayesmix.registry import FAMILIES

__all__ = ["Family", "family_from_name", "read_family"]


def _kinds() -> tuple[type[Family], ...]:
    return tuple(
        getattr(import_module(where), name) if isinstance(where, str) else where for name, where in FAMILIES.items()
    )


def family_from_name(name: str) -> Family:
    """The family that a name stands for: ``"gaussian-full"``, or the covariance alone, ``"full"``.

    Raises
    ------
    ValueError
        If no family has that name.
    """
    for kind in _kinds():
        if (family := kind.named(name)) is not None:
            return family
    known = ", ".join(repr(one) for kind in _kinds() for one in kind.names())
    raise ValueError(f"no family is called {name!r}: there are {known}.")


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
