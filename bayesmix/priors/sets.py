"""The complete prior of a mixture: which prior each named part has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

import bayesmix.priors as own
from bayesmix.data import Rows
from bayesmix.priors.numbers import DataSummary, summarise
from bayesmix.priors.weights import Dirichlet

# How much of a prior is written out in one line.
_NUMBERS_SHOWN = 4
_LONGEST = 70


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
class Priors:
    """A prior for each part: the weights, and the parts of one of the family's forms.

    Attributes
    ----------
    entries : tuple of (str, prior)
        Weights first.
    """

    entries: tuple[tuple[str, Any], ...]

    @property
    def parts(self) -> dict[str, Any]:
        """Part -> prior."""
        return dict(self.entries)

    def __getattr__(self, part: str) -> Any:
        """The prior of a part: ``priors.weights``."""
        if part.startswith("_") or part == "entries" or part not in self.parts:
            raise AttributeError(f"{type(self).__name__} has no part {part!r}")
        return self.parts[part]

    @property
    def of_concentration(self) -> Any:
        """What is believed of the concentration of the weights' prior, where it is unknown."""
        return getattr(self.weights, "hyperprior", None)

    def check_concentration_is_known(self) -> None:
        """Refuse a prior of the concentration of the weights' prior, for what draws by Gibbs sampling alone know.

        Raises
        ------
        ValueError
        """
        if self.of_concentration is not None:
            raise ValueError(
                f"priors['weights'] has a prior of its concentration, {_in_words(self.of_concentration)}, and this "
                "needs a number: only fit and fit_gibbs draw the concentration too"
            )

    @property
    def closed(self) -> bool:
        """Whether every part has a closed form: no part is known to PyMC alone."""
        return not any(isinstance(prior, PyMCPrior) for prior in self.parts.values())


def default_priors(family: Any) -> Priors:
    """The prior of a family's mixtures where none is given."""
    return _complete({}, family.prior_forms[0])


def _complete(given: Mapping[str, Any], form: Mapping[str, Any]) -> Priors:
    parts = {"weights": Dirichlet(), **form, **given}
    return Priors(tuple(parts.items()))


def read_priors(priors: Mapping[str, Any] | Priors | None, family: Any) -> Priors:
    """The prior of a mixture from what the user wrote.

    Parameters
    ----------
    priors : mapping, optional
        From ``"weights"`` and the parts of one of the family's forms to an object of :mod:`bayesmix.priors`, a PyMC
        ``.dist()`` object, or anything with ``create_variable(name)``.
    family : Family

    Raises
    ------
    TypeError, ValueError
        If a name is unknown, two forms are mixed, or an object cannot serve as the prior of its part.
    """
    if isinstance(priors, Priors):
        return priors
    given, forms = {} if priors is None else dict(priors), family.prior_forms
    known = list(dict.fromkeys(["weights", *(part for form in forms for part in form)]))
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"priors has no part named {unknown[0]!r} for {family}: the parts are {', '.join(known)}")
    asked = [part for part in known if part in given and part != "weights"]
    fitting = [form for form in forms if set(asked) <= set(form)]
    if not fitting:
        one, other = next((a, b) for a in asked for b in asked if not any({a, b} <= set(form) for form in forms))
        raise ValueError(
            f"priors gives both {one!r} and {other!r}, which belong to different forms of the prior of {family}: give "
            f"the parts of one of them, {' or '.join(', '.join(form) for form in forms)}"
        )
    expected = {"weights": Dirichlet(), **fitting[0]}
    return _complete({part: _read_part(part, given[part], expected[part]) for part in given}, fitting[0])


def _read_part(part: str, prior: Any, default: Any) -> Any:
    if isinstance(prior, type(default)):
        if part != "weights" and getattr(prior, "hyperprior", None) is not None:
            raise TypeError(f"priors[{part!r}] has a prior of its concentration, which only the weights can have")
        return prior
    joint = default.joint
    is_foreign = hasattr(prior, "create_variable") or hasattr(prior, "owner")
    if not joint and is_foreign and not _is_own(prior):
        return PyMCPrior(prior)
    allowed = f"bm.priors.{type(default).__name__}"
    if not joint:
        allowed += ", a PyMC .dist() object, or an object with create_variable(name)"
    raise TypeError(f"priors[{part!r}] is {prior!r}: give {allowed}")


def _is_own(prior: Any) -> bool:
    return type(prior).__name__ in own.__all__ and isinstance(prior, getattr(own, type(prior).__name__))


def resolve_priors(priors: Priors, rows: Rows, family: Any, n_components: int) -> Priors:
    """Every data-scaled prior as plain numbers (raw units)."""
    summary = summarise(rows)
    resolved = ((part, _resolved(part, prior, summary, family, n_components)) for part, prior in priors.entries)
    return Priors(tuple(resolved))


def _resolved(part: str, prior: Any, summary: DataSummary, family: Any, n_components: int) -> Any:
    if isinstance(prior, PyMCPrior):
        return prior
    owner, features, own = family.owner(part)
    return prior.resolve(owner.typical(own, summary.of(features)), owner, n_components)


def to_dict(priors: Priors) -> dict[str, Any]:
    """A JSON-able description: part -> prior's name and numbers; a PyMC prior as text."""
    return {
        part: {"pymc": str(prior)} if isinstance(prior, PyMCPrior) else _described(prior)
        for part, prior in priors.entries
    }


def _described(prior: Any) -> dict[str, Any]:
    """A prior's name and numbers; in the place of a number there may be a prior of it."""
    numbers = {name: _described(value) if is_dataclass(value) else value for name, value in _entries(prior).items()}
    return {"prior": type(prior).__name__} | numbers


def _entries(prior: Any) -> dict[str, Any]:
    return {field.name: getattr(prior, field.name) for field in fields(prior)}


def in_words(priors: Priors) -> dict[str, str]:
    """Every part with its prior in one short line; what is not yet a number is scaled by the data."""
    said = {}
    for part, prior in priors.entries:
        if isinstance(prior, PyMCPrior):
            said[part] = _cut(str(prior))
            continue
        said[part] = _in_words(prior)
    return said


def _in_words(prior: Any) -> str:
    entries = _entries(prior)
    given = ", ".join(
        f"{name}={_in_words(value) if is_dataclass(value) else _short(value)}"
        for name, value in entries.items()
        if value is not None
    )
    scaled = ", scaled by the data" if any(value is None for value in entries.values()) else ""
    return f"{type(prior).__name__}({given}){scaled}"


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


def from_dict(described: Mapping[str, Any], family: Any) -> Priors:
    """The inverse of :func:`to_dict`.

    Raises
    ------
    ValueError
        If a part was a PyMC object, of which only the text was kept.
    """
    parts = {}
    for part, entry in described.items():
        if "pymc" in entry:
            raise ValueError(
                f"priors[{part!r}] was a PyMC object ({entry['pymc']}), of which a saved result keeps only the text: "
                "declare the Mixture again with that prior"
            )
        parts[part] = _of_described(entry)
    return read_priors(parts, family)


def _of_described(entry: Mapping[str, Any]) -> Any:
    """The inverse of :func:`_described`."""
    numbers = {
        name: _of_described(value) if isinstance(value, Mapping) else value
        for name, value in entry.items()
        if name != "prior"
    }
    return getattr(own, entry["prior"])(**numbers)


def check_described(described: Mapping[str, Any], n_components: int, n_features: int, family: Any) -> None:
    """Refuse a description, from a file, that :func:`to_dict` makes of no resolved priors of such a mixture.

    Raises
    ------
    ValueError
        Names the part.
    """
    forms = [{"weights": Dirichlet(), **form} for form in family.prior_forms]
    form = next((form for form in forms if set(form) == set(described)), None)
    if form is None:
        raise ValueError("its parts are not those of a prior")
    units = DataSummary(np.zeros(n_features), np.eye(n_features))
    for part, entry in described.items():
        kinds = (type(form[part]), *type(form[part]).__subclasses__())
        kind = next((one for one in kinds if one.__name__ == entry.get("prior")), kinds[0])
        if "pymc" in entry and not kind.joint:
            if not isinstance(entry["pymc"], str):
                raise ValueError(f"{part}.pymc must be text")
            continue
        numbers = {name: value for name, value in entry.items() if name != "prior"}
        if entry.get("prior") != kind.__name__ or set(numbers) != {field.name for field in fields(kind)}:
            raise ValueError(f"{part} is not {kind.__name__} with its numbers")
        try:
            given = kind(**{name: _as_number(value) for name, value in numbers.items()})
            _resolved(part, given, units, family, n_components)
        except ValueError as error:
            raise ValueError(f"{part}: {error!s:.{2 * _LONGEST}}") from error


def _as_number(value: Any) -> Any:
    """Numbers as JSON has them, or the prior of a concentration."""
    if not isinstance(value, Mapping):
        return _as_array(value)
    kinds: tuple[Any, ...] = (own.Gamma, own.FisherF)
    kind = next((one for one in kinds if one.__name__ == value.get("prior")), None)
    if kind is None or {*value} != {"prior", *(field.name for field in fields(kind))}:
        raise ValueError("something that is neither a number nor the prior of one")
    return kind(**{name: _as_array(number) for name, number in value.items() if name != "prior"})


def _as_array(value: Any) -> np.ndarray:
    """Numbers as JSON has them; texts and truth values, which NumPy would read as numbers, are none."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError("rows of different lengths") from error
    if array.dtype.kind not in "if":
        raise ValueError("something that is no number")
    return array


def hyperparameters(priors: Priors) -> dict[str, Any]:
    """Resolved hyperparameters as plain arrays, named ``prior_<part>_<hyperparameter>``."""
    found = {}
    for part, prior in priors.entries:
        if not isinstance(prior, PyMCPrior):
            found |= {f"prior_{part}_{name}": np.asarray(value) for name, value in _numbers(prior)}
    return found


def _numbers(prior: Any) -> Iterator[tuple[str, Any]]:
    """Hyperparameters by name, those of a prior of one of them after its name."""
    for name, value in _entries(prior).items():
        if is_dataclass(value):
            yield from ((f"{name}_{inner}", number) for inner, number in _numbers(value))
        else:
            yield name, value
