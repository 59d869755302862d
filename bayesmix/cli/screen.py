"""What the terminal shows: sentences, and tables that go on below where the terminal is too narrow."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bayesmix.cli.streams import let_go
from bayesmix.data.words import visible

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from bayesmix.comparison import Candidate, Comparison
    from bayesmix.html.digest import Digest

# Where there is no terminal to ask: the width that people's terminals and files have.
_WIDTH = 100
# What rich puts between two columns.
_BETWEEN = 3
# Features that a table of rows or groups has room for.
_MOST_FEATURES = 6
_MOST_GROUPS = 6
HARDEST = 5
_CRITERIA = {"bic": "BIC", "aic": "AIC", "icl": "ICL"}
_ELPD = {"loo": "LOO", "waic": "WAIC"}


def results() -> Console:
    """Standard output."""
    return _console(stderr=False)


def say(sentence: str) -> None:
    """Tell, on standard error, what is going on."""
    console = _console(stderr=True)
    with console.capture() as said:
        console.print(Text(visible(sentence), style="dim"))
    # by this name, which a bar that is being shown has put itself in the place of
    try:
        sys.stderr.write(said.get())
    except BrokenPipeError:
        let_go(sys.stderr)


def show_verdict(console: Console, verdict: str) -> None:
    """Print, before all else, why the result is not to be trusted; its options are named as they are."""
    if verdict:
        console.print()
        console.print(Text(verdict, style="bold"))


def show_sentences(console: Console, sentences: Sequence[str], features: Sequence[str]) -> None:
    """Print the first sentence in bold, and the others below it; what the model calls a component is a group here."""
    from bayesmix.html.words import in_groups

    console.print()
    for place, sentence in enumerate(sentences):
        console.print(Text(in_groups(sentence, features), style="bold" if place == 0 else ""))


def show_written(console: Console, written: "Sequence[tuple[str, Path]]") -> None:
    """Say what was written where."""
    if written:
        console.print()
    for what, path in written:
        verb = "are" if what == "labels" else "is"
        console.print(Text(f"The {what} {verb} in {visible(str(path.resolve()))}"), soft_wrap=True)


def show_criteria(console: Console, comparison: "Comparison") -> None:
    """Print the criteria of all models as one table, and how to read it."""
    table = comparison.table
    families, numbers = zip(*table.index, strict=True)
    keys = [_Column("groups", [str(number) for number in numbers])]
    if len(set(families)) > 1:
        keys.insert(0, _Column("family", families, "left"))
    columns = [*_criteria(table), *_expected_densities(table)]
    console.print()
    _show_columns(console, keys, columns, ["" if trusted else "dim" for trusted in comparison.trusted])
    explained = "BIC, AIC and ICL of the maximum-likelihood estimate: lower is better."
    if len(columns) > len(_CRITERIA):
        explained += (
            " LOO and WAIC, the expected log density of new rows ± its standard error: higher is"
            " better; in square brackets where the posterior cannot be trusted. Bold: the best."
        )
    console.print(Text(explained, style="dim"))


def show_notes(console: Console, candidates: "Sequence[Candidate]", features: Sequence[str]) -> None:
    """Print what a careful reader must know of each model."""
    from bayesmix.html.words import in_groups

    several = len({candidate.key[0] for candidate in candidates}) > 1
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    for candidate in candidates:
        # Why a posterior cannot be trusted is part of the answer, which is printed too.
        said = [n for n in candidate.notes if not any(reason in n for reason in candidate.distrust)]
        if said:
            family, n_components = candidate.key
            name = f"{family} {n_components}" if several else str(n_components)
            grid.add_row(name, Text(in_groups("; ".join(said), features)))
    if grid.row_count:
        _title(console, "Notes, by number of groups")
        console.print(grid)


def show_groups(console: Console, digest: "Digest", model: str) -> None:
    """Print the size and the centre of every group, with intervals."""
    from bayesmix.html.numbers import percent_with_interval, with_interval

    shares, centres = digest.shares, digest.centres
    labels = digest.membership["label"].values
    groups = f"{digest.n_components} groups" if digest.n_components > 1 else "one group"
    _title(console, f"The {groups} ({model})")
    numbers = range(digest.n_components)
    columns = [
        _Column(
            "share of all", [percent_with_interval(shares.value[k], shares.low[k], shares.high[k]) for k in numbers]
        ),
        _Column("rows", [f"{np.sum(labels == k):,}" for k in numbers]),
    ]
    for j, name in enumerate(digest.rows.labels[:_MOST_FEATURES]):
        cells = [with_interval(centres.value[k, j], centres.low[k, j], centres.high[k, j]) for k in numbers]
        columns.append(_Column(name, cells))
    _show_columns(console, [_Column("group", [str(k) for k in numbers])], columns)
    more = _and_more(digest.rows.n_features)
    if digest.sampled:
        said = f"Centres and shares with {digest.ci_prob:.0%} posterior intervals."
    else:
        said = "Centres of the point estimate."
    console.print(Text(said + more, style="dim"))


def show_hardest(console: Console, digest: "Digest") -> None:
    """Print the rows whose group is least certain."""
    if digest.n_components == 1:
        return
    from bayesmix.html.numbers import percent, plain

    membership, rows = digest.membership, digest.rows
    order = np.argsort(-membership["entropy"].values, kind="stable")[:HARDEST]
    names = rows.labels[:_MOST_FEATURES]
    groups = range(min(digest.n_components, _MOST_GROUPS))
    _title(console, "The rows that are hardest to place")
    probability = membership["probability"].values
    columns = [_Column(name, [plain(rows.values[i, j]) for i in order]) for j, name in enumerate(names)]
    columns += [_Column(f"P(group {k})", [percent(probability[i, k]) for i in order]) for k in groups]
    _show_columns(console, [_Column("row", [str(rows.obs[i]) for i in order])], columns)
    if more := _and_more(rows.n_features).strip():
        console.print(Text(more, style="dim"))


class _Console(Console):
    """A console that lets the work go on, and its files be written, when nobody reads what it shows."""

    def on_broken_pipe(self) -> None:
        """Write into nothing; rich would leave Python here."""
        self.quiet = True
        let_go(self.file)


def _console(*, stderr: bool) -> Console:
    console = _Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = _WIDTH
    return console


@dataclass(frozen=True)
class _Column:
    heading: str
    cells: Sequence[str | Text]
    justify: Literal["left", "right"] = "right"

    @property
    def width(self) -> int:
        return max(cell_len(str(text)) for text in (self.heading, *self.cells))


def _show_columns(
    console: Console, keys: Sequence[_Column], columns: Sequence[_Column], styles: Sequence[str] | None = None
) -> None:
    """Print a table; the columns for which there is no room follow below it, beside the same keys."""
    left = list(columns)
    while left:
        taken = [left.pop(0)]
        while left and _width([*keys, *taken, left[0]]) <= console.width:
            taken.append(left.pop(0))
        grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        shown = [*keys, *taken]
        for column in shown:
            grid.add_column(Text(column.heading), justify=column.justify, overflow="fold")
        for i in range(len(keys[0].cells)):
            cells = (column.cells[i] for column in shown)
            texts = [cell if isinstance(cell, Text) else Text(cell) for cell in cells]
            grid.add_row(*texts, style=None if styles is None else styles[i])
        console.print(grid)
        if left:
            console.print()


def _width(columns: Sequence[_Column]) -> int:
    return sum(column.width for column in columns) + _BETWEEN * (len(columns) - 1)


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _criteria(table: "pd.DataFrame") -> Iterable[_Column]:
    for column, heading in _CRITERIA.items():
        values = table[column].to_numpy(dtype=float)
        best = np.nanmin(values) if np.isfinite(values).any() else np.nan
        yield _Column(heading, [_cell(f"{value:.1f}", value == best, value) for value in values])


def _expected_densities(table: "pd.DataFrame") -> Iterable[_Column]:
    from bayesmix.comparison.table import is_bracketed

    bracketed = is_bracketed(table)
    for name, heading in _ELPD.items():
        values = table[f"elpd_{name}"].to_numpy(dtype=float)
        errors = table[f"se_{name}"].to_numpy(dtype=float)
        if not np.isfinite(values).any():
            continue
        free = np.where(bracketed, np.nan, values)
        best = np.nanmax(free) if np.isfinite(free).any() else np.nan
        texts = []
        for value, error, inside in zip(values, errors, bracketed, strict=True):
            text = f"{value:.1f} ± {error:.1f}"
            shown = f"[{text}]" if inside else f"{text} "
            texts.append(_cell(shown, value == best and not inside, value))
        yield _Column(heading, texts)


def _cell(text: str, best: bool, value: float) -> Text:
    return Text(text if np.isfinite(value) else "-", style="bold" if best else "")


def _and_more(n_features: int) -> str:
    left_out = n_features - _MOST_FEATURES
    return f" {left_out} more features are not shown." if left_out > 0 else ""
