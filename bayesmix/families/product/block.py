"""A block of columns with its family, and how what it has is called in the whole table."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix.data import Rows
from bayesmix.families.parts import Form, ParameterSpec, Params, State
from bayesmix.families.protocol import Family
from bayesmix.priors.sets import Priors

_PLAIN = re.compile(r"[\w.%+-]+(?: [\w.%+-]+)*")


@dataclass(frozen=True)
class Block:
    """Columns that one family describes.

    Attributes
    ----------
    names : tuple of str
        Of the columns.
    family : Family
    label : str
        What the block is called, such as ``"gaussian"``.
    shared : frozenset of str
        Names of variables and priors that other blocks have too: the label stands before them.
    places : tuple of int
        Positions of the columns in the table; empty while that is not known.
    """

    names: tuple[str, ...]
    family: Family
    label: str
    shared: frozenset[str]
    places: tuple[int, ...] = ()

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.names)

    @cached_property
    def at(self) -> np.ndarray:
        """Positions of the columns in the table."""
        return np.array(self.places, dtype=np.intp)

    # What its variables are called in the whole table

    def called(self, name: str) -> str:
        """A variable, or a part of the prior, by the name that it has in the whole table."""
        return f"{self.label}_{name}" if name in self.shared else name

    def dim(self, name: str) -> str:
        """A dim by the name that it has in the whole table."""
        return name if name == "component" else f"{self.label}_{name}"

    def spec(self, own: ParameterSpec) -> ParameterSpec:
        """An entry of the family's table as the whole table has it."""
        return replace(own, name=self.called(own.name), dims=tuple(map(self.dim, own.dims)))

    def coords(self, rows: Rows) -> dict[str, list[str]]:
        """Labels of the block's dims."""
        names = list(self.names)
        own = {"feature": names, "feature_bis": names, **self.family.coords(self.rows(rows))}
        return {self.dim(name): labels for name, labels in own.items()}

    # From the whole table to the block, and back

    def rows(self, rows: Rows) -> Rows:
        """Its columns of the rows."""
        return rows.of(self.at)

    def among(self, features: np.ndarray) -> np.ndarray:
        """Positions in the block of columns of the table."""
        return np.array([self.places.index(j) for j in features.tolist()], dtype=np.intp)

    def params(self, params: Params) -> dict[str, Any]:
        """The family's parameters, and what is derived from them, among those of the whole table."""
        own = {name: self.called(name) for name in self.own_names}
        return {name: params[called] for name, called in own.items() if called in params}

    def named(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The inverse of :meth:`params`."""
        return {self.called(name): value for name, value in params.items()}

    @property
    def own_names(self) -> set[str]:
        """What the family calls its variables and the parts of its prior."""
        return variable_names(self.family)

    def priors(self, priors: Priors) -> Priors:
        """The prior of the weights and of the block's own parts."""
        own = {self.called(part): part for form in self.family.prior_forms for part in form}
        return Priors(
            tuple((own.get(part, part), prior) for part, prior in priors.entries if part in {"weights", *own})
        )

    # How long what engines work with is

    @property
    def n_state(self) -> int:
        """Number of arrays of a state."""
        return len(self.family.parameters)

    @cached_property
    def n_entries(self) -> int:
        """Number of rows of what the pass takes."""
        return len(self._columns_of_one_row)

    @cached_property
    def _columns_of_one_row(self) -> np.ndarray:
        return self.family.columns(np.zeros((1, self.n_features)))

    @cached_property
    def n_form(self) -> int:
        """Number of arrays of a form."""
        return self._lengths[0]

    @cached_property
    def n_sums(self) -> int:
        """Number of arrays of sums."""
        return self._lengths[1]

    @cached_property
    def _lengths(self) -> tuple[int, int]:
        with np.errstate(all="ignore"):
            _, statistics = self.family.gathered(self._columns_of_one_row, np.zeros(1, dtype=np.int64), 1)
        return len(statistics.form), len(statistics.sums)


def variable_names(family: Family) -> set[str]:
    """What a family calls its variables and the parts of its prior."""
    parts = (part for form in family.prior_forms for part in form)
    return {*(spec.name for spec in family.variables), *parts}


def laid_out(families: Sequence[tuple[tuple[str, ...], Family]]) -> tuple[Block, ...]:
    """Blocks with their labels: the families' words, with a number from the second of a kind on."""
    words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(family).__name__).lower() for _, family in families]
    labels = [word + (f"_{n}" if (n := words[: j + 1].count(word)) > 1 else "") for j, word in enumerate(words)]
    names = [variable_names(family) for _, family in families]
    shared = frozenset(name for own in names for name in own if sum(name in other for other in names) > 1)
    return tuple(
        Block(columns, family, label, shared) for (columns, family), label in zip(families, labels, strict=True)
    )


def split(parts: Any, lengths: Sequence[int]) -> Iterator[Any]:
    """Arrays, or rows of columns, of one block after the other."""
    start = 0
    for length in lengths:
        yield parts[start : start + length]
        start += length


def states_of(blocks: Sequence[Block], state: State) -> Iterator[State]:
    """The state of each block."""
    return split(state, [block.n_state for block in blocks])


def forms_of(blocks: Sequence[Block], form: Form) -> Iterator[Form]:
    """The form of each block, without the log weights that stand before them."""
    return split(form[1:], [block.n_form for block in blocks])


def written(families: Sequence[tuple[tuple[str, ...], Family]]) -> str:
    """The name of a product: ``product(gaussian-full: length, width; poisson: visits)``."""
    shown = (f"{family}: {', '.join(map(_quoted, names))}" for names, family in families)
    return f"product({'; '.join(shown)})"


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def read_name(text: str) -> list[tuple[str, tuple[str, ...]]] | None:
    """Families by name with their columns, of what :func:`written` makes; None of anything else."""
    if not (text.startswith("product(") and text.endswith(")")):
        return None
    rest, found = text[len("product(") : -1], []
    while rest:
        family, colon, rest = rest.partition(": ")
        names = []
        while colon:
            if rest.startswith('"'):
                try:
                    name, end = json.JSONDecoder().raw_decode(rest)
                except ValueError:
                    return None
            elif plain := _PLAIN.match(rest):
                name, end = plain.group(), plain.end()
            else:
                return None
            names.append(name)
            rest = rest[end:]
            colon, rest = (rest[:2], rest[2:]) if rest[:2] in (", ", "; ") else ("", rest)
            if colon == "; ":
                break
        if not names or (rest and colon != "; "):
            return None
        found.append((family, tuple(names)))
    return found or None
