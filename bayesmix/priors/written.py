"""Priors as the Python that makes them again."""

import json
from collections.abc import Mapping
from typing import Any

import bayesmix.priors as own


def as_code(described: Mapping[str, Any]) -> str:
    """Write the description of priors as the argument that :class:`bayesmix.Mixture` takes.

    Parameters
    ----------
    described : mapping
        As ``bayesmix.priors.sets.to_dict`` makes it. A PyMC prior, of which it holds only the text, becomes ``...``.

    Returns
    -------
    str
        Such as ``{"weights": bm.priors.Dirichlet(concentration=2.0), ...}``.
    """
    parts = [f"{as_literal(part)}: {_constructor(prior)}" for part, prior in described.items()]
    return f"{{{', '.join(parts)}}}"


def foreign_as_comments(described: Mapping[str, Any]) -> list[str]:
    """Name the priors of which only the text was kept, one comment a line."""
    return [
        f"# priors[{part!r}] was {prior['pymc']!r}: give the same PyMC object again"
        for part, prior in described.items()
        if "pymc" in prior
    ]


def as_plain(value: Any) -> Any:
    """Turn arrays and tuples into lists, as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): as_plain(part) for name, part in value.items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [as_plain(part) for part in value]
    return value


def as_arguments(given: Mapping[str, Any]) -> str:
    """Named arguments of a call; ``ValueError`` for a name that cannot be one."""
    if wrong := [name for name in given if not name.isidentifier()]:
        raise ValueError(f"no argument is called {wrong[0]!r}")
    return ", ".join(f"{name}={as_literal(value)}" for name, value in given.items())


def as_literal(value: Any) -> str:
    """A plain value as Python reads it back, whatever a text holds."""
    # JSON writes texts as Python reads them, and with the quotes that code mostly has.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _constructor(prior: Mapping[str, Any]) -> str:
    if "pymc" in prior:
        return "..."
    if prior["prior"] not in own.__all__:
        raise ValueError(f"there is no prior {prior['prior']!r}")
    # What is None is scaled by the data, which the constructor does without being told.
    given = {name: value for name, value in prior.items() if name != "prior" and value is not None}
    return f"bm.priors.{prior['prior']}({as_arguments(as_plain(given))})"
