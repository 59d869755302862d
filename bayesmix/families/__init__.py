"""What a component is: one protocol, and a family for each distribution."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from bayesmix.families.protocol import Family
from bayesmix.registry import AUTO, FAMILIES, NOISE, WITH_NOISE

__all__ = [
    "Family",
    "check_comparable",
    "family_from_name",
    "names_that_sum_out_missing",
    "read_families",
    "read_family",
    "with_noise",
]


def _kinds() -> Iterator[type[Family]]:
    """One after the other: whoever asks for the first ones does not load the rest."""
    for name, where in FAMILIES.items():
        yield getattr(import_module(where), name) if isinstance(where, str) else where


def names_that_sum_out_missing() -> list[str]:
    """The families, by their public names, of which some or all sum out missing cells."""
    return [name for name, kind in zip(FAMILIES, _kinds(), strict=True) if kind.sums_out_missing]


def family_from_name(name: str) -> Family:
    """The family that a name stands for: ``"gaussian-full"``, or the covariance alone, ``"full"``.

    Raises
    ------
    ValueError
        If no family has that name.
    """
    if name.endswith(NOISE):
        return with_noise(family_from_name(name.removesuffix(NOISE)))
    for kind in _kinds():
        if (family := kind.named(name)) is not None:
            return family
    if name == AUTO:
        raise ValueError(
            f"family {AUTO!r} needs the rows: bm.family_for(X) chooses one, and so does "
            f"bm.compare(X, ..., families={AUTO!r})"
        )
    known = ", ".join(repr(one) for kind in _kinds() for one in kind.names())
    raise ValueError(f"no family is called {name!r}: there are {known}.")


def with_noise(family: Family) -> Family:
    """The family with noise beside its groups; itself, where it has noise.

    Raises
    ------
    ValueError
        If its pass takes no noise.
    """
    return family if family.has_noise else import_module(WITH_NOISE).WithNoise(family)


def _set_from_name(name: Any) -> tuple[Family, ...]:
    """The families that a name such as ``"mclust"`` stands for; none where it is the name of one, or no name."""
    for kind in _kinds() if isinstance(name, str) else ():
        if kind.named(name) is not None or name in kind.sets():
            return kind.sets().get(name, ())
    return ()


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


def read_families(given: Any, argument: str = "families") -> list[Family]:
    """Families, or names of them, or one alone; a name such as ``"mclust"`` stands for several.

    Raises
    ------
    TypeError
        If one of them is neither.
    ValueError
        If there are none, no family has one of the names, or they do not compare.
    """
    if isinstance(given, Family | str) or not isinstance(given, Iterable):
        given = [given]
    read: list[Family] = []
    for one in given:
        read.extend(_set_from_name(one) or (read_family(one, argument),))
    if not read:
        raise ValueError(f"{argument} is empty: give at least one, such as bm.Gaussian('full').")
    check_comparable(read, argument)
    return list(dict.fromkeys(read))


def _read_as(family: Family) -> Any:
    """What columns are read as: the kind of all, or of each by its name."""
    if not isinstance(family.takes, Mapping):
        return family.takes
    kinds = {*family.takes.values()}
    return kinds.pop() if len(kinds) == 1 else family.takes


def check_comparable(families: Sequence[Family], argument: str = "families") -> None:
    """Refuse families whose log-likelihoods do not compare, or which read the columns differently.

    Raises
    ------
    ValueError
    """
    one, remedy = families[0], "Compare the models of each in a call of its own."
    for other in families[1:]:
        if one.measure != other.measure:
            words = {"density": "densities", "probability": "probabilities"}
            raise ValueError(
                f"{argument}: {str(one)!r} has {words[one.measure]} of rows and {str(other)!r} "
                f"{words[other.measure]}, and log-likelihoods of the two do not compare. {remedy}"
            )
        if _read_as(one) != _read_as(other):
            raise ValueError(
                f"{argument}: {str(one)!r} takes {one.takes} columns and {str(other)!r} {other.takes} columns. {remedy}"
            )
