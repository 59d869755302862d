"""The command ``predict``: which group rows belong to, as a table or as a document."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.cli import documents
from bayesmix.cli.documents import MISFITS
from bayesmix.cli.outputs import for_spreadsheets, write_frame
from bayesmix.cli.request import Manner
from bayesmix.cli.trust import status_of, verdict_of_fit, warn
from bayesmix.posterior.intervals import BOUNDS
from bayesmix.posterior.labels.judgement import verdict_of
from bayesmix.posterior.membership import responsibilities
from bayesmix.posterior.tails import outliers

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def label_and_tell(
    tree: "xr.DataTree",
    X: "pd.DataFrame",
    data: str,
    outputs: Sequence[Path],
    manner: Manner,
    *,
    intervals: bool,
    judged: bool,
) -> int:
    """Tell who belongs where, one entry for each row of X, in the outputs, else on standard output; return the status.

    Where they are to be judged, whether they are outliers too.

    First comes, on standard error, why the fit is not to be trusted.
    """
    reasons = verdict_of(tree)
    said = verdict_of_fit(reasons)
    warn(said)
    membership = responsibilities(tree, X)
    misfits = outliers(tree, X, random_seed=0) if judged else None  # the same file, the same numbers
    table = table_of_labels(membership, X.index, intervals=intervals)
    if misfits is not None:
        table = table.assign(**{column: misfits[name].values for column, name in MISFITS.items()})
    for path in outputs:
        write_frame(table, path)
        manner.say(f"{len(table):,} labelled rows written to {path}.")
    if manner.json:
        written = [("labels", path) for path in outputs]
        told = documents.Labels(membership, misfits, intervals)
        documents.tell_labels(tree, told, X.index, data, written, verdict=said)
    elif not outputs:
        for_spreadsheets(table).to_csv(sys.stdout, index=False)
    return status_of(reasons)


def table_of_labels(membership: "xr.Dataset", index: "pd.Index", *, intervals: bool = False) -> "pd.DataFrame":
    """The label of every row, its probability, the entropy with its parts, and the probability of every group."""
    import pandas as pd

    first = ("label", "label_probability", "entropy", "entropy_overlap", "entropy_parameters")
    columns: dict[str, np.ndarray] = {name: membership[name].values for name in first}
    names = membership.coords.get("name", membership["component"]).values
    named = names if names.dtype.kind in "iu" else names.astype(object)  # words, and -1, have no type in common
    columns["label"] = np.where(columns["label"] < 0, -1, named[columns["label"]])
    for k, name in enumerate(names):
        columns[f"probability_{name}"] = membership["probability"].values[:, k]
        if intervals:
            for side, bound in enumerate(BOUNDS):
                columns[f"probability_{name}_{bound}"] = membership["probability_interval"].values[:, k, side]
    if "noise_probability" in membership:
        columns["noise_probability"] = membership["noise_probability"].values
        for side, bound in enumerate(BOUNDS if intervals else ()):
            columns[f"noise_probability_{bound}"] = membership["noise_probability_interval"].values[:, side]
    table = pd.DataFrame(columns, index=index, copy=False)
    return table.rename_axis("row") if index.name is None else table
