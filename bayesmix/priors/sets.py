"""The complete prior of a mixture: which prior each named part has."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from bayesmix.data import Rows
from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.numbers import DataSummary, summarise
from bayesmix.priors.separated import LKJ, LogNormal, Normal
from bayesmix.priors.weights import Dirichlet

# How much of a prior is written out in one line.
_NUMBERS_SHOWN = 4
_LONGEST = 70

OWN = (Dirichlet, NormalInverseWishart, Normal, LogNormal, LKJ)


@dataclass(frozen=True, eq=False)
class PyMCPrior:
    """A prior that only PyMC knows: a ``.dist()`` object, or anything with ``create_variable(name)``.

    It is copied for every model, and kept as text in a saved result.
    """

    distribution: Any

    def __str__(self) -> str:
        kind = getattr(getattr(self.distribution, "owner", None), "op", None)
        return f"PyMC prior {kind if kind is not None else self.distribution!r}"


@dataclass(frozen=True)
class ConjugatePriors:
    """Weights and, jointly, means and covariances."""

    weights: Any = Dirichlet()
    components: NormalInverseWishart = NormalInverseWishart()

    parts = ("weights", "components")


@dataclass(frozen=True)
class SeparatedPriors:
    """Weights, means, scales and correlations, each with a prior of its own."""

    weights: Any = Dirichlet()
    means: Any = Normal()
    scales: Any = LogNormal()
    correlations: Any = LKJ()

    parts = ("weights", "means", "scales", "correlations")


Priors = ConjugatePriors | SeparatedPriors

_EXPECTED = {
    "weights": Dirichlet,
    "components": NormalInverseWishart,
    "means": Normal,
    "scales": LogNormal,
    "correlations": LKJ,
}


def read_priors(priors: Mapping[str, Any] | Priors | None) -> Priors:
    """The prior of a mixture from what the user wrote.

    Parameters
    ----------
    priors : mapping, optional
        From ``"weights"``, and either ``"components"`` or any of ``"means"``, ``"scales"`` and ``"correlations"``, to
        an object of :mod:`bayesmix.priors`, a PyMC ``.dist()`` object, or anything with ``create_variable(name)``.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown, the two forms are mixed, or an object cannot serve as the prior of its part.
    """
    if isinstance(priors, ConjugatePriors | SeparatedPriors):
        return priors
    given = {} if priors is None else dict(priors)
    unknown = sorted(set(given) - set(_EXPECTED))
    if unknown:
        raise ValueError(f"priors has no part named {unknown[0]!r}: the parts are {', '.join(_EXPECTED)}")
    separated = sorted(set(given) & {"means", "scales", "correlations"})
    if separated and "components" in given:
        raise ValueError(
            f"priors gives both 'components' and {separated[0]!r}: 'components' is a joint prior of means and "
            "covariances, so give either it or the separate parts"
        )
    read = {name: _read_part(name, prior) for name, prior in given.items()}
    return SeparatedPriors(**read) if separated else ConjugatePriors(**read)


def _read_part(name: str, prior: Any) -> Any:
    if isinstance(prior, _EXPECTED[name]):
        return prior
    is_foreign = hasattr(prior, "create_variable") or hasattr(prior, "owner")
    if name != "components" and is_foreign and not isinstance(prior, OWN):
        return PyMCPrior(prior)
    allowed = f"bm.priors.{_EXPECTED[name].__name__}"
    if name != "components":
        allowed += ", a PyMC .dist() object, or an object with create_variable(name)"
    raise TypeError(f"priors[{name!r}] is {prior!r}: give {allowed}")


def resolve_priors(priors: Priors, rows: Rows, family, n_components: int) -> Priors:
    """Every data-scaled prior as plain numbers (raw units)."""
    summary = summarise(rows)
    resolved = {}
    for part in priors.parts:
        prior = getattr(priors, part)
        if isinstance(prior, Dirichlet):
            prior.concentrations(n_components)
        elif not isinstance(prior, PyMCPrior):
            prior = prior.resolve(summary, family, n_components)
        resolved[part] = prior
    return replace(priors, **resolved)


def has_closed_form(priors: Priors) -> bool:
    """Whether every part has a closed form: no part is known to PyMC alone."""
    return not any(isinstance(getattr(priors, part), PyMCPrior) for part in priors.parts)


def to_dict(priors: Priors) -> dict[str, Any]:
    """A JSON-able description: part -> prior's name and numbers; a PyMC prior as text."""
    described = {}
    for part in priors.parts:
        prior = getattr(priors, part)
        described[part] = (
            {"pymc": str(prior)} if isinstance(prior, PyMCPrior) else {"prior": type(prior).__name__} | asdict(prior)
        )
    return described


def in_words(priors: Priors) -> dict[str, str]:
    """Every part with its prior in one short line; what is not yet a number is scaled by the data."""
    said = {}
    for part in priors.parts:
        prior = getattr(priors, part)
        if isinstance(prior, PyMCPrior):
            said[part] = _cut(str(prior))
            continue
        entries = asdict(prior)
        given = ", ".join(f"{name}={_short(value)}" for name, value in entries.items() if value is not None)
        scaled = ", scaled by the data" if None in entries.values() else ""
        said[part] = f"{type(prior).__name__}({given}){scaled}"
    return said


def facts_of(priors: Priors) -> dict[str, str]:
    """The same for people, to whom components are groups: ``{"prior of the groups": ...}``."""
    called = {"components": "groups"}
    return {f"prior of the {called.get(part, part)}": said for part, said in in_words(priors).items()}


def _short(value: Any) -> str:
    """A number as it is, a few numbers rounded, of more their shape."""
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{array.item():g}"
    if array.ndim == 1 and array.size <= _NUMBERS_SHOWN:
        return f"({', '.join(f'{number:.4g}' for number in array)})"
    return f"<{' × '.join(map(str, array.shape))} numbers>"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def from_dict(described: Mapping[str, Any]) -> Priors:
    """The inverse of :func:`to_dict`.

    Raises
    ------
    ValueError
        If a part was a PyMC object, of which only the text was kept.
    """
    kinds = {kind.__name__: kind for kind in OWN}
    parts = {}
    for part, entry in described.items():
        if "pymc" in entry:
            raise ValueError(
                f"priors[{part!r}] was a PyMC object ({entry['pymc']}), of which a saved result keeps only the text: "
                "declare the Mixture again with that prior"
            )
        numbers = {name: value for name, value in entry.items() if name != "prior"}
        parts[part] = kinds[entry["prior"]](**numbers)
    return ConjugatePriors(**parts) if "components" in parts else SeparatedPriors(**parts)


def check_described(described: Mapping[str, Any], n_components: int, n_features: int, family) -> None:
    """Refuse a description, from a file, that :func:`to_dict` makes of no resolved priors of such a mixture.

    Raises
    ------
    ValueError
        Names the part.
    """
    if set(described) not in (set(ConjugatePriors.parts), set(SeparatedPriors.parts)):
        raise ValueError("its parts are not those of a prior")
    units = DataSummary(np.zeros(n_features), np.eye(n_features))
    for part, entry in described.items():
        if "pymc" in entry and part != "components":
            if not isinstance(entry["pymc"], str):
                raise ValueError(f"{part}.pymc must be text")
            continue
        kind, numbers = _EXPECTED[part], {name: value for name, value in entry.items() if name != "prior"}
        if entry.get("prior") != kind.__name__ or set(numbers) != {field.name for field in fields(kind)}:
            raise ValueError(f"{part} is not {kind.__name__} with its numbers")
        try:
            made = kind(**{name: _as_array(value) for name, value in numbers.items()})
            if isinstance(made, Dirichlet):
                made.concentrations(n_components)
            else:
                made.resolve(units, family, n_components)
        except ValueError as error:
            raise ValueError(f"{part}: {error!s:.{2 * _LONGEST}}") from error


def _as_array(value: Any) -> np.ndarray:
    """Numbers as JSON has them; texts and truth values, which NumPy would read as numbers, are none."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError("rows of different lengths") from error
    if array.dtype.kind not in "if":
        raise ValueError("something that is no number")
    return array


def numbers(priors: Priors) -> dict[str, Any]:
    """Resolved hyperparameters as plain arrays, named ``prior_<part>_<hyperparameter>``."""
    found = {}
    for part in priors.parts:
        prior = getattr(priors, part)
        if not isinstance(prior, PyMCPrior):
            found |= {f"prior_{part}_{name}": np.asarray(value) for name, value in asdict(prior).items()}
    return found
