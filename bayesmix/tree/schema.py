"""What a record must be, in one table: whoever reads an entry of a record may rely on it."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from bayesmix.data.columns import Kind
from bayesmix.families import family_from_name
from bayesmix.priors.number import number_from_dict
from bayesmix.priors.sets import check_described

# Judges a value, and raises ValueError with its place where it is something else.
Check = Callable[[Any, str], None]

_SHOWN = 40


def check_record(record: Any) -> None:
    """Hold a record against the table.

    Entries that the table does not name are left to whoever wrote them.

    Raises
    ------
    ValueError
        Names the first entry that is missing or is not what it must be.
    """
    _RECORD(record, "the record")
    if record["method"] == "em":
        _EM(record.get("settings", {}), "settings")
    features, mixture = record["features"], record["mixture"]
    if not features:
        raise ValueError("features names none")
    if len(set(features)) < len(features):
        raise ValueError("features repeats a name")
    if len(record.get("units", features)) != len(features):
        raise ValueError(f"units must be a list of {len(features)} texts, one a feature")
    _check_columns(record.get("columns"), len(features))
    for name in ("family", "n_components"):
        if mixture[name] != record[name] and not isinstance(mixture[name], Mapping):
            raise ValueError(f"mixture.{name} is {_shown(mixture[name])}, but {name} is {_shown(record[name])}")
    try:
        check_described(mixture["priors"], record["n_components"], len(features), family_from_name(record["family"]))
    except ValueError as error:
        raise ValueError(f"mixture.priors is none of such a mixture: {' '.join(str(error).split())}") from error


def _check_columns(columns: list | None, n_features: int) -> None:
    if columns is not None and len(columns) != n_features:
        raise ValueError(f"columns must be a list of {n_features} kinds, one a feature")
    for j, column in enumerate(columns or ()):
        levels = column.get("levels", ())
        if (column["kind"] == "categorical") != bool(levels):
            raise ValueError(f"columns[{j}] must have levels where it is categorical, and nowhere else")
        if len(set(levels)) < len(levels):
            raise ValueError(f"columns[{j}].levels repeats a level")


def _a(what: str, holds: Callable[[Any], bool]) -> Check:
    def check(value: Any, place: str) -> None:
        if not holds(value):
            raise ValueError(f"{place} must be {what}, not {_shown(value)}")

    return check


def _list_of(entry: Check) -> Check:
    def check(value: Any, place: str) -> None:
        _LIST(value, place)
        for i, part in enumerate(value):
            entry(part, f"{place}[{i}]")

    return check


def _mapping_to(entry: Check) -> Check:
    def check(value: Any, place: str) -> None:
        _MAPPING(value, place)
        for name, part in value.items():
            entry(part, f"{place}.{name:.{_SHOWN}}")

    return check


def _mapping_with(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    def check(value: Any, place: str) -> None:
        _MAPPING(value, place)
        for name, entry in {**required, **(optional or {})}.items():
            if name in value:
                entry(value[name], name if place == "the record" else f"{place}.{name}")
            elif name in required:
                raise ValueError(f"{place} has no {name}")

    return check


def _one_of(*checks: Check) -> Check:
    def check(value: Any, place: str) -> None:
        *others, last = checks
        for alternative in others:
            try:
                return alternative(value, place)
            except ValueError:
                continue
        return last(value, place)

    return check


def _shown(value: Any) -> str:
    return f"{value!r:.{_SHOWN}}" if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"


def _is_number(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 2**1000  # which a float can hold
    return isinstance(value, float) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_span(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]


def _is_family(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(family_from_name(value)) == value
    except ValueError:
        return False


_TEXT = _a("a text", lambda value: isinstance(value, str))
_LIST = _a("a list", lambda value: isinstance(value, list))
_MAPPING = _a("a mapping", lambda value: isinstance(value, Mapping))
_NUMBER = _a("a finite number", _is_number)
_ANY_NUMBER = _a("a number", lambda value: isinstance(value, float) or _is_number(value))
_COUNT = _a("a whole number of at least 1", lambda value: _is_whole(value) and 1 <= value < 2**31)
_SEED = _a("a whole number or null", lambda value: value is None or _is_whole(value))
_TRUTH = _a("true or false", lambda value: isinstance(value, bool))
_NAME = _a("a name", lambda value: isinstance(value, str) and value.isidentifier())
_KIND = _a(f"one of {', '.join(get_args(Kind))}", lambda value: value in get_args(Kind))
_SPAN = _a("two numbers, the smaller one first", lambda value: _is_span(value))
_SHA256 = _a("a SHA-256", lambda value: isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{64}", value)))
_ESTIMATE = _a("'map' or 'ml'", lambda value: value in ("map", "ml"))
# What an argument of a fit may be in a file; code is written of it by ``repr``.
_PLAIN = _a(
    "a text, a number, true, false or null",
    lambda value: value is None or isinstance(value, str | bool) or _is_number(value),
)
_EM = _mapping_with(
    {},
    {
        "estimate": _ESTIMATE,
        "init": _TEXT,
        "n_init": _COUNT,
        "max_iter": _COUNT,
        "tol": _NUMBER,
        "random_seed": _SEED,
        "other": _list_of(_TEXT),
    },
)


def _settings(value: Any, place: str) -> None:
    _MAPPING(value, place)
    for name, part in value.items():
        _NAME(name, f"a key of {place}")
        if name == "init" and part is not None:
            (_EM if isinstance(part, Mapping) else _TEXT)(part, f"{place}.init")
        else:
            _PLAIN(part, f"{place}.{name}")


def _relabelling(value: Any, place: str) -> None:
    methods = ("ecr", "pivot", "stephens", "order")
    _mapping_with({"method": _a(f"one of {', '.join(methods)}", lambda method: method in methods)})(value, place)
    if value["method"] == "order":
        _mapping_with({"by": _one_of(_list_of(_TEXT), _TEXT)})(value, place)
    else:
        _mapping_with({"agreement": _NUMBER, "margin": _NUMBER, "ambiguous": _NUMBER}, {"rows": _COUNT})(value, place)


def _number(value: Any, place: str) -> None:
    """A number of components, or a prior of it."""
    if not isinstance(value, Mapping):
        return _COUNT(value, place)
    try:
        number_from_dict(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place} is no prior of a number of components: {error!s:.{2 * _SHOWN}}") from error


_ENTRY_OF_REASON = _one_of(_ANY_NUMBER, _list_of(_NUMBER), _mapping_to(_NUMBER), _TEXT)
_COMPONENT = _mapping_with({"rows": _NUMBER, "place": _mapping_to(_NUMBER), "shares": _list_of(_NUMBER)})
# A kind with its data; of earlier versions a sentence.
_NOTE = _one_of(
    _mapping_with({"kind": _TEXT}, {"component": _one_of(_a("null", lambda value: value is None), _COMPONENT)}), _TEXT
)

_RECORD = _mapping_with(
    {
        "family": _a("the name of a family", _is_family),
        "n_components": _COUNT,
        "features": _list_of(_TEXT),
        "data_sha256": _SHA256,
        "exchangeable": _TRUTH,
        "versions": _mapping_to(_TEXT),
        "notes": _list_of(_NOTE),
        "method": _NAME,
        "mixture": _mapping_with({"family": _TEXT, "n_components": _number, "priors": _mapping_to(_MAPPING)}),
    },
    {
        "units": _list_of(_TEXT),
        "classes": _list_of(_TEXT),
        "columns": _list_of(_mapping_with({"kind": _KIND}, {"levels": _list_of(_TEXT), "span": _SPAN})),
        "estimate": _ESTIMATE,
        "seed": _SEED,
        "settings": _settings,
        "seconds": _mapping_to(_NUMBER),
        "relabelling": _relabelling,
        "verdict": _mapping_with(
            {"chains": _COUNT, "draws": _COUNT, "reasons": _list_of(_mapping_to(_ENTRY_OF_REASON))}
        ),
        "every_chunk_written": _TRUTH,
        "fingerprints": _mapping_to(_mapping_to(_one_of(_SHA256, _a("null", lambda value: value is None)))),
    },
)
