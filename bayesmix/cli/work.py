"""What the commands do once their options are read: fit, compare, label, show and write."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesmix.cli import screen
from bayesmix.cli.files import write_frame
from bayesmix.comparison import Comparison
from bayesmix.comparison import compare as compare_mixtures
from bayesmix.comparison.advice import contenders
from bayesmix.families import Family
from bayesmix.html import report
from bayesmix.html.digest import Digest
from bayesmix.membership import BOUNDS, responsibilities
from bayesmix.mixture import Mixture
from bayesmix.tree import save

if TYPE_CHECKING:
    import xarray as xr

_METHODS = {"nuts": "EM and NUTS", "advi": "EM and ADVI", "laplace": "EM and Laplace", "em": "EM"}


def compare_and_show(
    X: pd.DataFrame,
    numbers: Sequence[int],
    families: Sequence[Family],
    method: str,
    seed: int,
    output: Path | None,
) -> None:
    """Compare models; print the table, the answer and the best model; write the report or table."""
    n_models = len(numbers) * len(families)
    noun = "model" if n_models == 1 else "models"
    screen.say(f"Fitting {n_models} {noun} by {_METHODS[method]}.")
    comparison = compare_mixtures(X, numbers, families=families, method=method, random_seed=seed)
    console = screen.results()
    screen.show_criteria(console, comparison)
    screen.show_sentences(console, comparison.advice)
    screen.show_notes(console, comparison.candidates)
    digest = Digest(comparison.tree_to_show())
    screen.show_groups(console, digest, _why_chosen(comparison))
    screen.show_hardest(console, digest)
    if output is None:
        return
    if output.suffix.lower() == ".csv":
        write_frame(comparison.table, output)
        screen.show_written(console, "table", output)
    else:
        comparison.to_html(output)
        screen.show_written(console, "report", output)


def fit_and_show(
    X: pd.DataFrame,
    n_components: int,
    family: Family,
    method: str,
    seed: int,
    output: Path | None,
) -> None:
    """Fit one model; print its groups and what its draws are worth; keep it or write its report."""
    tree = _fit(Mixture(n_components, family), X, method, seed)
    console = screen.results()
    digest = Digest(tree)
    screen.show_groups(console, digest, str(family))
    screen.show_hardest(console, digest)
    screen.show_sentences(console, [*digest.diagnosis.sentences, *_notes(digest)])
    if output is None:
        screen.say("Nothing was kept: --output fit.nc keeps the fit for bayesmix predict.")
    elif output.suffix.lower() == ".html":
        report(tree, output)
        screen.show_written(console, "report", output)
    else:
        save(tree, output)
        screen.show_written(console, "fit", output)


def label_and_write(tree: "xr.DataTree", X: pd.DataFrame, output: Path | None, *, intervals: bool) -> None:
    """Write who belongs where as a table, one row for each row of X."""
    table = _labels(responsibilities(tree, X), X.index, intervals=intervals)
    if output is None:
        table.to_csv(sys.stdout)
        return
    write_frame(table, output)
    screen.say(f"{len(table):,} labelled rows written to {output}.")


def _fit(mixture: Mixture, X: pd.DataFrame, method: str, seed: int) -> "xr.DataTree":
    said = f"Fitting {mixture} by {_METHODS[method]}."
    screen.say(said)
    with screen.busy(said):
        if method == "em":
            return mixture.fit_em(X, random_seed=seed).to_tree()
        if method == "laplace":
            return mixture.fit_laplace(X, random_seed=seed)
        draw = mixture.fit_nuts if method == "nuts" else mixture.fit_advi
        return draw(X, random_seed=seed, progressbar=False)


def _notes(digest: Digest) -> list[str]:
    return [f"Note: {note}." for note in digest.record["notes"]]


def _why_chosen(comparison: Comparison) -> str:
    """Name the model that is shown, and say why it is this one."""
    chosen = comparison.chosen
    n_contenders = len(contenders(comparison.table))
    if n_contenders == 0:
        return f"{chosen.key[0]}; the lowest BIC"
    if n_contenders == 1:
        return f"{chosen.key[0]}; the highest LOO that can be trusted"
    return f"{chosen.key[0]}; the lowest BIC of those that LOO cannot tell apart"


def _labels(membership: "xr.Dataset", index: pd.Index, *, intervals: bool) -> pd.DataFrame:
    columns: dict[str, np.ndarray] = {
        name: membership[name].values for name in ("label", "label_probability", "entropy")
    }
    for k in membership["component"].values:
        columns[f"probability_{k}"] = membership["probability"].values[:, k]
        if intervals:
            for side, bound in enumerate(BOUNDS):
                ends = membership["probability_interval"].values[:, k, side]
                columns[f"probability_{k}_{bound}"] = ends
    table = pd.DataFrame(columns, index=index)
    return table.rename_axis("row") if index.name is None else table
