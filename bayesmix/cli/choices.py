"""What people write after an option: numbers of groups, families, columns."""

import csv
import io
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bayesmix.registry import AUTO, DEFAULT, DEFAULT_TAKES, FAMILIES

if TYPE_CHECKING:
    import pandas as pd

    from bayesmix.data.columns import Kind
    from bayesmix.families import Family

    Say = Callable[[str], None]
    # one kind of all columns, of each by its name, or what looks at the rows for that
    Takes = Kind | Mapping[str, Kind] | Callable[[Any], Mapping[str, Kind]]

_PRODUCT = "product("

_MOST_NUMBERS = 1000
# Criteria of point estimates, lower is better, by their names in the table, and those shown when none are asked for.
CRITERIA = {
    "bic": "BIC",
    "aic": "AIC",
    "icl": "ICL",
    "sbic": "sBIC",
    "sabic": "SABIC",
    "caic": "CAIC",
    "entropy": "entropy",
}
DEFAULT_CRITERIA = "bic,aic,icl"


def numbers_of(text: str) -> list[int]:
    """Read numbers of groups: ``"3"``, ``"1:6"`` (both ends included), ``"1,2,4"``, ``"1:3,6"``.

    Raises
    ------
    ValueError
        If it is none of these, counts downwards or without end, or a number is below 1.
    """
    numbers: list[int] = []
    for part in text.split(","):
        ends = [end.strip() for end in part.split(":")]
        if len(ends) > 2 or not all(end.isdecimal() for end in ends):
            raise ValueError(
                f"--components {text!r} is no number of groups: write 3, a range such as 1:6 "
                "(both ends included), or a list such as 1,2,4."
            )
        first, last = int(ends[0]), int(ends[-1])
        if first < 1 or last < first:
            raise ValueError(f"--components {text!r}: {part.strip()!r} must count upwards from 1 or more, such as 1:6.")
        if last - first >= _MOST_NUMBERS:
            raise ValueError(f"--components {text!r} asks for {last - first + 1:,} models: at most {_MOST_NUMBERS:,}.")
        numbers.extend(range(first, last + 1))
    return list(dict.fromkeys(numbers))


def families_of(text: str, option: str = "--families") -> "list[Family]":
    """Make the families of a list of names: ``"full,diag"``, ``"gaussian-full"``, ``"mclust"``.

    A covariance alone stands for the Gaussian family with it, and ``"mclust"`` for all of them.

    Raises
    ------
    ValueError
        If no family has one of these names, or log-likelihoods of the families do not compare.
    """
    from bayesmix.families import read_families

    # commas stand between names of columns, too
    names = [text] if text.startswith(_PRODUCT) else [part.strip() for part in text.split(",")]
    try:
        return read_families(names, option)
    except ValueError as error:
        raise ValueError(error if str(error).startswith(option) else f"{option} {text!r}: {error}") from error


def with_noise_of(families: "Sequence[Family]") -> "list[Family]":
    """The families with noise beside their groups.

    Raises
    ------
    ValueError
        If one is of columns that are no real numbers.
    """
    from bayesmix.families import with_noise

    try:
        return [with_noise(family) for family in families]
    except ValueError as error:
        raise ValueError(f"--noise: {error}") from error


def criteria_of(text: str) -> list[str]:
    """Read names of criteria with commas between, or ``"all"``.

    Raises
    ------
    ValueError
        If one is unknown.
    """
    names = list(CRITERIA) if text == "all" else [part.strip().lower() for part in text.split(",")]
    unknown = [name for name in names if name not in CRITERIA]
    if unknown:
        raise ValueError(
            f"--criteria {text!r}: there is no {unknown[0]!r}. Write some of {','.join(CRITERIA)}, or all; "
            "--output table.csv has every number."
        )
    return list(dict.fromkeys(names))


def stated_priors_of(texts: Sequence[str], families: "Sequence[Family]") -> "dict[str, Mapping[str, Any] | None]":
    """Read priors with their names, ``"narrow: components=NormalInverseWishart(shrinkage=0.1)"``; the default leads.

    Raises
    ------
    ValueError
        When one is something else, a name stands twice, or a prior is none of one of the families.
    """
    from bayesmix.priors.sets import read_priors
    from bayesmix.priors.written import read_written

    stated: dict[str, Mapping[str, Any] | None] = {"default": None} if texts else {}
    for text in texts:
        name, colon, written = (part.strip() for part in text.partition(":"))
        if not (name and colon):
            raise ValueError(
                f"--evidence-under {text!r} has no name: write such as "
                "'narrow: components=NormalInverseWishart(shrinkage=0.1)'."
            )
        if name in stated:
            raise ValueError(f"--evidence-under {name!r} stands twice: give each prior a name of its own.")
        try:
            stated[name] = read_written(written)
            for family in families:
                read_priors(stated[name], family)
        except (TypeError, ValueError) as error:
            raise ValueError(f"--evidence-under {name!r}: {error}") from error
    return stated


def family_for_rows(X: "pd.DataFrame", option: str, say: "Say") -> "Family":
    """Choose the family by what the columns look like, and say which, and how to write another."""
    from bayesmix.families.by_kind import chosen_for

    family, said = chosen_for(X)
    say(f"The columns were read so: {said}. To change it, write {option} {shlex.quote(str(family))}.")
    return family


def takes_of(text: str, option: str = "--families") -> "Takes":
    """Tell which columns the families of a list of names take; the default's without loading any.

    Raises
    ------
    ValueError
        As ``families_of``.
    """
    if text == AUTO:
        from bayesmix.data import kinds_of

        return kinds_of
    return DEFAULT_TAKES if text == DEFAULT else families_of(text, option)[0].takes


def sums_out_missing(text: str, option: str = "--families") -> bool:
    """Tell whether all families of a list of names sum missing cells out; the default does, and those that are chosen.

    Raises
    ------
    ValueError
        As ``families_of``.
    """
    return text in (DEFAULT, AUTO) or all(family.sums_out_missing for family in families_of(text, option))


def known_families() -> str:
    """Names of the families there are, for help: those of the registry, as people write them after an option.

    A product has its blocks in its name, and no word of its own.
    """
    words = [re.sub("(?<=[a-z])(?=[A-Z])", "-", name).lower() for name in FAMILIES]
    return ", ".join(word for word in words if word != _PRODUCT.rstrip("("))


def names_of(text: str) -> list[str]:
    """Read column names separated by commas; a name with a comma stands in double quotes.

    Raises
    ------
    ValueError
        If there is no name, or one is given twice.
    """
    names = next(csv.reader([text], skipinitialspace=True), [])
    if not names or "" in names:
        raise ValueError(
            f"--columns {text!r} has an empty name: write names with commas between, such as --columns height,weight."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"--columns names {twice[0]!r} twice: name each column once.")
    return names


def as_option(names: Sequence[str]) -> str:
    """Write the option that ``names_of`` reads as these columns, ready for a shell."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return f"--columns {shlex.quote(line.getvalue())}"
