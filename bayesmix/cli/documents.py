"""Results for machines: one JSON document each, whose keys ``docs/json.md`` describes.

Numbers are numbers, and what is not known is ``null``: never a text, NaN or infinity. Lists that run over features
follow ``data.features``; lists that run over groups follow their numbers.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayesmix.html.digest import Digest, Estimate
from bayesmix.notes import in_words
from bayesmix.tree import family_of, record_of
from bayesmix.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayesmix.cli.request import Request
    from bayesmix.comparison import BootstrapLRT, Candidate, Comparison
    from bayesmix.engines.em import EMResult
    from bayesmix.posterior.labels import Diagnosis

Written = Sequence[tuple[str, Path]]

FORMAT_VERSION = 1
HARDEST = 5
_CRITERIA = ("log_likelihood", "n_parameters", "aic", "bic", "icl", "sabic", "caic", "entropy")
_DIAGNOSTICS = (
    "max_rhat",
    "min_ess",
    "max_rhat_components",
    "min_ess_components",
    "divergences",
    "pareto_k",
    "multimodal",
)
_ENTROPY = ("entropy", "entropy_overlap", "entropy_parameters")
_OF_EVERY_ROW = ("label", "label_probability", *_ENTROPY, "probability", "probability_interval")
# How rows that are judged are told of: columns, and what they are in bayesmix.outliers.
MISFITS = {"outlier_probability": "probability", "outlier_adjusted": "adjusted", "outlier": "outlier"}
_ROWS_AT_ONCE = 10_000


class Labels(NamedTuple):
    """What a prediction tells of every row: memberships, with their intervals or not, and misfits where asked for."""

    membership: "xr.Dataset"
    misfits: "xr.Dataset | None"
    intervals: bool


def of_fit(digest: Digest, em: "EMResult | None", request: "Request", written: Written, verdict: str) -> dict[str, Any]:
    """The document of one fit."""
    return {
        **_head("fit", request.data, digest, written, verdict),
        "method": digest.method,
        "seed": request.seed,
        "criteria": {
            "at": None if em is None else em.which,
            **{name: None if em is None else getattr(em, name) for name in _CRITERIA},
        },
        **_groups(digest),
    }


def of_comparison(
    comparison: "Comparison",
    digest: Digest,
    request: "Request",
    written: Written,
    verdict: str,
    evidences: "pd.DataFrame | None" = None,
) -> dict[str, Any]:
    """The document of a comparison; its groups are those of the model that is chosen.

    ``evidences``, of ``Comparison.evidence_under``, stand in it where they were asked for.
    """
    under = {} if evidences is None else {"evidence_under": _evidences(evidences)}
    return {
        **_head("comparison", request.data, digest, written, verdict),
        "method": request.method,
        "seed": request.seed,
        "answer": comparison.advice[0],
        "advice": comparison.advice,
        "models": [
            _model(candidate, row)
            for candidate, row in zip(comparison.candidates, comparison.table.to_dict("records"), strict=True)
        ],
        **under,
        **_groups(digest),
    }


def _evidences(table: "pd.DataFrame") -> list[dict[str, Any]]:
    names = table.columns.unique("prior")
    of_each = [(name, table[name].reset_index().to_dict("records")) for name in names]
    return [{"prior": name, **row} for name, rows in of_each for row in rows]


def of_numbers(
    tree: "xr.DataTree",
    table: "pd.DataFrame",
    diagnosis: "Diagnosis",
    request: "Request",
    written: Written,
    verdict: str,
) -> dict[str, Any]:
    """The document of a fit of an unknown number of groups."""
    digest, record = Digest(tree), record_of(tree)
    head = _head("numbers", request.data, digest, written, verdict)
    return {
        **head,
        "model": {**head["model"], "n_components": None, "priors": record["mixture"]},
        "method": digest.method,
        "seed": request.seed,
        "numbers": [{"number": number, **row} for number, row in table.to_dict("index").items()],
        "diagnosis": _diagnosis(diagnosis),
        "notes": in_words(record["notes"]),
        "seconds": record.get("seconds", {}),
    }


def of_test(test: "BootstrapLRT", request: "Request") -> dict[str, Any]:
    """The document of a likelihood-ratio test."""
    return {
        **_head("test", request.data, test.null, (), ""),
        "seed": request.seed,
        "alternative": test.alternative,
        "statistic": test.statistic,
        "p_value": test.p_value,
        "p_value_se": test.p_value_se,
        "answer": test.sentence,
        "resampled": test.resampled,
        "failed": test.n_failed,
    }


def tell(document: Mapping[str, Any]) -> None:
    """Print a document on standard output."""
    print(_text(document, indent=2))


def tell_labels(
    tree: "xr.DataTree", labels: Labels, index: "pd.Index", data: str, written: Written, *, verdict: str
) -> None:
    """Print the document of a prediction, a line for each row; the whole of it is never in memory."""
    membership, misfits = labels.membership, labels.misfits
    head = {
        **_signature("prediction", verdict),
        "data": {"file": data, "rows": len(index), "features": record_of(tree)["features"]},
        "model": _identity(str(family_of(tree)), membership.sizes["component"]),
        "interval_probability": membership.attrs["ci_prob"],
        "missing_cells": membership.attrs.get("missing_cells", 0),
        "outlier_level": None if misfits is None else misfits.attrs["level"],
        "outputs": _outputs(written),
    }
    print(_text(head)[:-1] + ', "rows": [')
    for start in range(0, len(index), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        names = index[block]
        of_every_row = (*_OF_EVERY_ROW, *(("noise_probability",) if "noise_probability" in membership else ()))
        columns = {name: membership[name].values[block] for name in of_every_row}
        if misfits is not None:
            columns |= {column: misfits[name].values[block] for column, name in MISFITS.items()}
        for i in range(len(names)):
            row = {"row": names[i], **dict.fromkeys(MISFITS)} | {name: values[i] for name, values in columns.items()}
            if not labels.intervals:
                row["probability_interval"] = None
            comma = "," if start + i + 1 < len(index) else ""
            sys.stdout.write(f"{_text(row)}{comma}\n")
    print("]}")


def _head(kind: str, data: str, fitted: "Digest | EMResult", written: Written, verdict: str) -> dict[str, Any]:
    rows = fitted.rows
    return {
        **_signature(kind, verdict),
        "data": {
            "file": data,
            "rows": rows.n_rows,
            "features": rows.features,
            "levels": [column.levels for column in rows.columns],
            "sha256": rows.sha256,
        },
        "model": _identity(str(fitted.family), fitted.n_components),
        "outputs": _outputs(written),
    }


def _signature(kind: str, verdict: str) -> dict[str, Any]:
    made = {"format": f"bayesmix-{kind}", "format_version": FORMAT_VERSION, "bayesmix": __version__}
    return {**made, "trusted": not verdict, "verdict": verdict or None}


def _identity(family: str, n_components: int) -> dict[str, Any]:
    return {"family": family, "n_components": n_components}


def _outputs(written: Written) -> list[dict[str, str]]:
    return [{"kind": kind, "path": str(path)} for kind, path in written]


def _model(candidate: "Candidate", row: Mapping[str, Any]) -> dict[str, Any]:
    family, n_components = candidate.key
    trusted = None if candidate.loo is None else candidate.trusted
    at = None if candidate.point is None else candidate.point.which
    identity = {**_identity(family, n_components), "criteria_at": at}
    return {**identity, **row, "trusted": trusted, "notes": candidate.remarks}


def _groups(digest: Digest) -> dict[str, Any]:
    diagnosis, labels = digest.diagnosis, digest.membership["label"].values
    estimates = {"share": digest.shares} | {summary.key: summary.estimate for summary in digest.summaries}
    return {
        "interval_probability": digest.ci_prob if digest.sampled else None,
        "groups": [
            {
                "group": k,
                **({"name": digest.rows.group(k)} if digest.rows.classes else {}),
                "rows": int(np.sum(labels == k)),
                **{name: _estimate(estimate, k, digest.sampled) for name, estimate in estimates.items()},
            }
            for k in range(digest.n_components)
        ],
        **(
            {"noise": {"rows": int(np.sum(labels == -1)), "share": _estimate(digest.noise, 0, digest.sampled)}}
            if digest.noise
            else {}
        ),
        "hardest": _hardest(digest),
        "diagnosis": _diagnosis(diagnosis),
        "sensitivity": [] if digest.sensitivity is None else digest.sensitivity.reset_index().to_dict("records"),
        "other_optima": [rival["below"] for rival in digest.record.get("other_optima", [])],
        "notes": in_words(digest.record["notes"]),
        "seconds": digest.record.get("seconds", {}),
    }


def _diagnosis(diagnosis: "Diagnosis") -> dict[str, Any]:
    return {
        "trusted": diagnosis.ok,
        "reasons": [reason.kind for reason in diagnosis.reasons],
        **{name: getattr(diagnosis, name) for name in _DIAGNOSTICS},
        "sentences": diagnosis.sentences,
    }


def _estimate(estimate: Estimate, k: int, sampled: bool) -> dict[str, Any]:
    bounds = {"lower": estimate.low[k], "upper": estimate.high[k]} if sampled else {"lower": None, "upper": None}
    return {"estimate": estimate.value[k], **bounds}


def _hardest(digest: Digest) -> list[dict[str, Any]]:
    if digest.n_components == 1:
        return []
    membership, rows = digest.membership, digest.rows
    order = np.argsort(-membership["entropy"].values, kind="stable")[:HARDEST]
    return [
        {
            "row": rows.obs[i],
            "values": rows.values[i],
            "label": membership["label"].values[i],
            **{name: membership[name].values[i] for name in _ENTROPY},
            "probability": membership["probability"].values[i],
        }
        for i in order
    ]


def _text(value: Any, indent: int | None = None) -> str:
    # Plain ASCII survives every terminal's and pipe's encoding.
    return json.dumps(_plain(value), allow_nan=False, indent=indent)


def _plain(value: Any) -> Any:
    """What JSON knows: numbers that are none become null, and dates text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic) and value.dtype.kind not in "mM":
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
