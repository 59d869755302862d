"""Can it be trusted: the diagnosis in sentences and numbers."""

import pandas as pd

from bayesmix.html.content import Cell, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import fixed

_MOST_ROWS = 200
_HEADER = ("largest R-hat", "smallest bulk ESS", "smallest tail ESS")


def trust_section(digest: Digest) -> Section:
    """Show what the draws are worth."""
    diagnosis = digest.diagnosis
    notes = [_sentence(note) for note in digest.record.get("notes", [])]
    tables: tuple[Table, ...] = ()
    if diagnosis.table.notna().to_numpy().any():
        tables = (_by_kind(diagnosis.table), _in_full(diagnosis.table))
    return Section(sentences=(*diagnosis.sentences, *notes), tables=tables, listed=True)


def _by_kind(table: pd.DataFrame) -> Table:
    kinds = table.index.get_level_values("kind")
    rows = []
    for kind in dict.fromkeys(kinds):
        part = table.loc[kinds == kind]
        worst = (part["rhat"].max(), part["ess_bulk"].min(), part["ess_tail"].min())
        rhat, bulk, tail = (float(number) for number in worst)
        rows.append(
            (
                Cell(str(kind)),
                Cell(f"{len(part):,}", float(len(part))),
                Cell(fixed(rhat, 3), rhat),
                Cell(fixed(bulk, 0), bulk),
                Cell(fixed(tail, 0), tail),
            )
        )
    return Table(
        caption="Do the chains agree? R-hat at most 1.01 and ESS at least 400 are asked of the label-free quantities",
        header=("quantities", "number", *_HEADER),
        rows=tuple(rows),
    )


def _in_full(table: pd.DataFrame) -> Table:
    worst_first = table.sort_values("rhat", ascending=False, kind="stable").head(_MOST_ROWS)
    left_out = len(table) - len(worst_first)
    return Table(
        caption="Every quantity" + (f" (the {_MOST_ROWS} worst)" if left_out else ""),
        header=("kind", "quantity", "R-hat", "bulk ESS", "tail ESS"),
        rows=tuple(
            (
                Cell(str(kind)),
                Cell(str(quantity)),
                Cell(fixed(rhat, 3), float(rhat)),
                Cell(fixed(bulk, 0), float(bulk)),
                Cell(fixed(tail, 0), float(tail)),
            )
            for (kind, quantity), rhat, bulk, tail in zip(
                worst_first.index.to_list(),
                worst_first["rhat"],
                worst_first["ess_bulk"],
                worst_first["ess_tail"],
                strict=True,
            )
        ),
        n_labels=2,
        folded=True,
    )


def _sentence(note: str) -> str:
    """Begin with a capital and end with a full stop."""
    note = str(note).strip()
    return note[:1].upper() + note[1:] + ("" if note.endswith((".", "!", "?")) else ".")
