"""The command ``fit --components unknown``: how many groups there are, drawn with all else."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.cli import documents, screen
from bayesmix.cli.columns import Column, show_columns
from bayesmix.cli.outputs import write_frame
from bayesmix.cli.request import Request
from bayesmix.cli.trust import status_of, verdict_of_fit, warn
from bayesmix.data.words import spanned
from bayesmix.families import Family
from bayesmix.html.answer import headline_of_numbers
from bayesmix.html.content import Answer
from bayesmix.html.numbers import counted, percent
from bayesmix.mixture import Mixture
from bayesmix.notes import in_words
from bayesmix.posterior.labels import Diagnosis, diagnose
from bayesmix.posterior.numbers import number_of_groups, shortest_run
from bayesmix.priors import DynamicDirichlet, ShiftedBetaNegativeBinomial
from bayesmix.progress import progress
from bayesmix.tree import record_of, save, training_rows

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

NUMBER = ShiftedBetaNegativeBinomial(1, 4, 3)
WEIGHTS = DynamicDirichlet(1.0)
_SHOWN = 0.005  # probability of a number that the table shows


def count_and_tell(X: "pd.DataFrame", family: Family, request: Request, options: Mapping[str, Any]) -> int:
    """Draw the number of groups; tell it, and write what was asked for; return the exit status."""
    mixture = Mixture(NUMBER, family, priors={"weights": WEIGHTS})
    said = f"Fitting a {mixture} by Gibbs sampling."
    request.manner.say(said)
    request.manner.say(f"Prior of their number: {NUMBER}; of their shares: DynamicDirichlet(1).")
    with progress(not request.manner.quiet) as report:
        report(said.removesuffix("."))
        tree = mixture.fit(
            X,
            sample_weight=request.weights,
            labels=request.labels,
            groups=request.groups,
            method=request.method,
            random_seed=request.seed,
            progressbar=False,
            **options,
        )
    found, diagnosis = number_of_groups(tree), diagnose(tree)
    table = found.to_dataframe()
    if request.manner.json:
        warn(verdict_of_fit(diagnosis.reasons))
    else:
        _show(tree, table, diagnosis)
    written = [(_write(tree, table, path), path) for path in request.outputs]
    if request.manner.json:
        verdict = verdict_of_fit(diagnosis.reasons)
        documents.tell(documents.of_numbers(tree, table, diagnosis, request, written, verdict))
    else:
        screen.show_written(screen.results(), written)
    return status_of(diagnosis.reasons)


def _show(tree: "xr.DataTree", table: "pd.DataFrame", diagnosis: Diagnosis) -> None:
    console = screen.results()
    screen.show_verdict(console, verdict_of_fit(diagnosis.reasons))
    screen.show_answer(console, answer_of(table["occupied"].to_numpy(), training_rows(tree).n_rows))
    screen.show_sentences(console, "How probable is each number?", [])
    shown = table[(table[["components", "occupied"]] >= _SHOWN).any(axis=1)]
    keys = [Column("number", [str(number) for number in shown.index])]
    headings = {
        "occupied": "with rows",
        "occupied_prior": "before the data",
        "components": "in the population",
        "components_prior": "before the data",
    }
    columns = [Column(heading, [percent(share) for share in shown[name]]) for name, heading in headings.items()]
    show_columns(console, keys, columns)
    notes = [f"Note: {note}." for note in in_words(record_of(tree)["notes"])]
    screen.show_sentences(console, "Can it be trusted?", [*diagnosis.sentences[bool(diagnosis.reasons) :], *notes])


def answer_of(occupied: np.ndarray, n_rows: int) -> Answer:
    """Say how many groups have rows, of which there are 1, 2, ... with these probabilities, and what that hangs on."""
    best, run = int(occupied.argmax()) + 1, shortest_run(occupied)
    how_many = f"{counted(best, 'group')} with rows: the most probable number, {percent(occupied.max())}."
    if len(run) > 1:
        share = occupied[run[0] - 1 : run[-1]].sum()
        how_many += f" It is one of {spanned(run)} with a probability of {percent(share)}."
    return Answer(
        headline_of_numbers(occupied, n_rows),
        (
            ("How many?", how_many),
            (
                "What does it hang on?",
                "On how wide a group may be, more than on anything else: here it is taken to have about a fifth of "
                "the volume of the data.",
            ),
            (
                "Who belongs where?",
                f"Groups have no names while their number changes: --components {best} fits so many.",
            ),
        ),
    )


def _write(tree: "xr.DataTree", table: "pd.DataFrame", path: Path) -> str:
    """Write what belongs into a file with this suffix, and say what it is."""
    if path.suffix in (".nc", ".zarr"):
        save(tree, path)
        return "fit"
    if path.suffix in (".html", ".md"):
        from bayesmix.html.reports import report

        report(tree, path)
        return "report"
    write_frame(table, path)
    return "table"
