"""Priors as the Python that makes them again."""

import ast
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


def read_written(text: str) -> dict[str, Any]:
    """Read priors as people write them: ``components=NormalInverseWishart(shrinkage=0.1), weights=Dirichlet(2)``.

    Parameters
    ----------
    text : str
        Named arguments, each a prior of :mod:`bayesmix.priors` with numbers, before which ``bm.priors.`` may stand.
        Nothing else is run.

    Raises
    ------
    ValueError
        When it is something else, or a prior refuses its numbers.
    """
    shape = "write such as components=NormalInverseWishart(shrinkage=0.1), weights=Dirichlet(2)"
    try:
        call = ast.parse(f"dict({text})", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError("more than priors stands there")
        if call.args or not call.keywords or any(part.arg is None for part in call.keywords):
            raise ValueError("parts of a prior have names")
        return {str(part.arg): _read(part.value) for part in call.keywords}
    except (SyntaxError, TypeError, ValueError) as error:
        reason = "it is no list of named priors" if isinstance(error, SyntaxError) else error
        raise ValueError(f"{text!r} cannot be read, for {reason}: {shape}") from error


def _read(node: ast.expr) -> Any:
    """A prior, or a number or list of numbers that it takes."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    name = ast.unparse(node.func).removeprefix("bm.priors.")
    if name not in own.__all__:
        raise ValueError(f"there is no prior {name!r} among {', '.join(own.__all__)}")
    given = {str(part.arg): _read(part.value) for part in node.keywords}
    return getattr(own, name)(*map(_read, node.args), **given)


def _constructor(prior: Mapping[str, Any]) -> str:
    if "pymc" in prior:
        return "..."
    if prior["prior"] not in own.__all__:
        raise ValueError(f"there is no prior {prior['prior']!r}")
    # What is None is scaled by the data, which the constructor does without being told.
    given = {name: value for name, value in prior.items() if name != "prior" and value is not None}
    return f"bm.priors.{prior['prior']}({as_arguments(as_plain(given))})"
