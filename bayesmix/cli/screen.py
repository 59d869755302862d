"""What the terminal shows: the answer, sentences and tables."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bayesmix.cli.choices import CRITERIA
from bayesmix.cli.columns import Column, show_columns, width_of
from bayesmix.cli.streams import let_go
from bayesmix.data.words import joined, row_name, visible

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from bayesmix.comparison import Candidate, Comparison
    from bayesmix.html.content import Answer
    from bayesmix.html.digest import Digest

# Where there is no terminal to ask: the width that people's terminals and files have.
_WIDTH = 100
# What a table of rows has room for.
_MOST_GROUPS = 6
_MOST_DOUBTFUL = 10
_OF_EVIDENCE = ("log_evidence", "log_evidence_se", "posterior_probability")
# Stands behind the best number of a column: boldness is lost in a pipe.
_BEST = "*"


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
        _title(console, verdict)


def show_answer(console: Console, answer: "Answer") -> None:
    """Print the headline in bold, and questions with their replies beside them."""
    _title(console, answer.headline)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for asked, reply in answer.points:
        grid.add_row(Text(asked), Text(reply))
    console.print(grid)


def show_sentences(console: Console, title: str, sentences: Sequence[str]) -> None:
    """Print sentences under a title."""
    _title(console, title)
    for sentence in sentences:
        console.print(Text(sentence))


def show_written(console: Console, written: "Sequence[tuple[str, Path]]") -> None:
    """Say what was written where."""
    if written:
        console.print()
    for what, path in written:
        verb = "are" if what == "labels" else "is"
        console.print(Text(f"The {what} {verb} in {visible(str(path.resolve()))}"), soft_wrap=True)


def show_criteria(console: Console, comparison: "Comparison", criteria: Sequence[str]) -> None:
    """Print criteria of all models as one table, and how to read it."""
    table = comparison.table
    families, numbers = zip(*table.index, strict=True)
    keys = [Column("groups", [str(number) for number in numbers])]
    if len(set(families)) > 1:
        keys.insert(0, Column("family", families, "left"))
    expected = _expected_density(table)
    columns = [*_criteria(table, criteria), *expected]
    _title(console, "The models that were compared")
    show_columns(console, keys, columns, ["" if trusted else "dim" for trusted in comparison.trusted])
    named = joined([CRITERIA[name] for name in criteria])
    explained = f"{named} of the maximum-likelihood estimate: lower is better. {_BEST} the best."
    if expected:
        explained += (
            " LOO, the expected log density of new rows ± its standard error: higher is better; in square brackets"
            " where the posterior cannot be trusted."
        )
    console.print(Text(explained, style="dim"))


def show_evidences(console: Console, table: "pd.DataFrame") -> None:
    """Print the log evidence of all models under several priors, with the models' probabilities."""
    from bayesmix.standing import column_of

    models = [(str(family), str(number)) for family, number in table.index]
    keys = [Column("groups", [number for _, number in models])]
    if len({family for family, _ in models}) > 1:
        keys.insert(0, Column("family", [family for family, _ in models], "left"))
    columns, reasons = [], []
    for name in table.columns.unique("prior"):
        of_prior = table.xs(name, axis=1, level="prior")
        numbers = [column_of(of_prior, column) for column in _OF_EVIDENCE]
        cells = [f"{value:.1f} ± {error:.2g} ({share:.0%})" for value, error, share in zip(*numbers, strict=True)]
        missing = [place for place, value in enumerate(numbers[0]) if not np.isfinite(value)]
        for place in missing:
            cells[place] = "-"
            reasons.append(f"{name}, {' '.join(models[place])}: {of_prior.iloc[place]['reason']}.")
        columns.append(Column(str(name), cells))
    _title(console, "The evidence under several priors")
    show_columns(console, keys, columns)
    said = (
        "Log evidence ± its standard error, and the probability of the model among those that have one, if all were "
        "equally probable before."
    )
    console.print(Text(" ".join([said, *reasons]), style="dim"))


def show_notes(console: Console, candidates: "Sequence[Candidate]") -> None:
    """Print what a careful reader must know of each model."""
    several = len({candidate.key[0] for candidate in candidates}) > 1
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    for candidate in candidates:
        # Why a posterior cannot be trusted is part of the answer, which is printed too.
        if candidate.notes:
            family, n_components = candidate.key
            name = f"{family} {n_components}" if several else str(n_components)
            grid.add_row(name, Text("; ".join(candidate.notes)))
    if grid.row_count:
        _title(console, "Notes, by number of groups")
        console.print(grid)


def show_groups(console: Console, digest: "Digest") -> None:
    """Print the size of every group and where it lies, with intervals; many features go down the table."""
    _title(console, "The groups" if digest.n_components > 1 else "The group")
    names = [digest.rows.group(k) for k in range(digest.n_components)]
    shown = names if digest.rows.classes else [str(k) for k in range(digest.n_components)]
    if digest.noise is not None:
        names, shown = [*names, "noise"], [*shown, "noise"]
    whole = _of_groups(digest, intervals=True)
    across = [Column("group", shown)], whole
    tables = [across, *(_turned(columns, names) for columns in (whole, _of_groups(digest, intervals=False)))]
    fitting = [place for place, (keys, columns) in enumerate(tables) if width_of([*keys, *columns]) <= console.width]
    chosen = fitting[0] if fitting else len(tables) - 1
    show_columns(console, *tables[chosen])
    numbered = digest.n_components > max(1, len(digest.rows.classes))
    said = ["Groups are numbered from 0."] if numbered else []
    if not digest.sampled:
        plural = digest.summaries[0].plural
        said.append(f"{plural[0].upper()}{plural[1:]} of the point estimate.")
    elif chosen < len(tables) - 1:
        said.append(f"Brackets hold {digest.ci_prob:.0%} posterior intervals.")
    else:
        said.append("There is no room here for intervals; a report has them (--output report.html).")
    console.print(Text(" ".join(said), style="dim"))


def show_doubtful(console: Console, digest: "Digest") -> None:
    """Print the rows that belong to no group clearly; nothing where there is none."""
    from bayesmix.html.numbers import of_row, percent
    from bayesmix.posterior.membership import in_doubt

    doubtful = in_doubt(digest.membership)
    if not len(doubtful):
        return
    membership, rows = digest.membership, digest.rows
    order = doubtful[:_MOST_DOUBTFUL].tolist()
    of = f", {len(order)} of {len(doubtful):,}" if len(order) < len(doubtful) else ""
    _title(console, f"Rows in doubt, the most doubtful first{of}")
    keys = [Column(rows.heading, [row_name(rows.obs[i]) for i in order])]
    probability = membership["probability"].values
    groups = range(min(digest.n_components, _MOST_GROUPS))
    columns = [Column(f"P({rows.group(k)})", [percent(probability[i, k]) for i in order]) for k in groups]
    if digest.noise is not None:
        of_noise = membership["noise_probability"].values
        columns.append(Column("P(noise)", [percent(float(of_noise[i])) for i in order]))
    # As many features as there is room for, those first in which the groups differ most.
    for j in np.argsort(-digest.separation, kind="stable").tolist():
        feature = Column(rows.labels[j], [of_row(rows, i, j) for i in order])
        if width_of([*keys, *columns, feature]) <= console.width:
            columns.append(feature)
    show_columns(console, keys, columns)


def _of_groups(digest: "Digest", *, intervals: bool) -> "list[Column]":
    """Shares, numbers of rows and where the groups lie, one cell for each group."""
    from bayesmix.html.numbers import percent, percent_with_interval

    lie, shares, labels = digest.summaries[0], digest.shares, digest.membership["label"].values
    groups = range(digest.n_components)
    share = [
        percent_with_interval(shares.value[k], shares.low[k], shares.high[k]) if intervals else percent(shares.value[k])
        for k in groups
    ]
    columns = [
        ("share of all", share),
        ("rows", [f"{np.sum(labels == k):,}" for k in groups]),
        *((name, [lie.text(k, j, interval=intervals) for k in groups]) for j, name in enumerate(lie.entries)),
    ]
    if digest.noise is not None:
        value, low, high = (float(part[0]) for part in (digest.noise.value, digest.noise.low, digest.noise.high))
        own = percent_with_interval(value, low, high) if intervals else percent(value)
        of_noise = [own, f"{np.sum(labels == -1):,}", *("anywhere" for _ in lie.entries)]
        columns = [(name, [*cells, last]) for (name, cells), last in zip(columns, of_noise, strict=True)]
    return [Column(name, cells) for name, cells in columns]


def _turned(columns: "Sequence[Column]", groups: Sequence[str]) -> "tuple[list[Column], list[Column]]":
    """The same table with a column for each group, and the headings as its keys."""
    keys = [Column("", [column.heading for column in columns], "left")]
    return keys, [Column(name, [str(column.cells[k]) for column in columns]) for k, name in enumerate(groups)]


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


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _criteria(table: "pd.DataFrame", criteria: Sequence[str]) -> Iterable[Column]:
    for column in criteria:
        values = table[column].to_numpy(dtype=float)
        best = np.nanmin(values) if np.isfinite(values).any() else np.nan
        yield Column(CRITERIA[column], [_cell(f"{value:.1f}", value == best, value) for value in values])


def _expected_density(table: "pd.DataFrame") -> list[Column]:
    """LOO, where there is any."""
    from bayesmix.standing import is_bracketed

    bracketed = is_bracketed(table)
    values = table["elpd_loo"].to_numpy(dtype=float)
    errors = table["se_loo"].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return []
    free = np.where(bracketed, np.nan, values)
    best = np.nanmax(free) if np.isfinite(free).any() else np.nan
    texts = []
    for value, error, inside in zip(values, errors, bracketed, strict=True):
        text = f"{value:.1f} ± {error:.1f}"
        texts.append(_cell(f"[{text}]" if inside else text, value == best and not inside, value))
    return [Column("LOO", texts)]


def _cell(text: str, best: bool, value: float) -> Text:
    """Write a number, with room for the mark of the best."""
    if not np.isfinite(value):
        return Text("- ")
    if best:
        return Text(f"{text}{_BEST}", style="bold")
    return Text(text if text.endswith("]") else f"{text} ")
