"""The command ``fit``: fit one model, tell what it says, keep it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesmix.cli import documents, screen
from bayesmix.cli.labelling import table_of_labels
from bayesmix.cli.outputs import write_frame
from bayesmix.cli.request import Request
from bayesmix.cli.trust import status_of, verdict_of_fit, warn
from bayesmix.data import File
from bayesmix.engines.em import EMResult
from bayesmix.html.answer import answer_of_fit
from bayesmix.html.digest import Digest
from bayesmix.mixture import Mixture
from bayesmix.notes import in_words
from bayesmix.progress import progress
from bayesmix.registry import ENGINES
from bayesmix.tree import save

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

METHODS = {"em": "EM", **{method: f"EM and {engine.name}" for method, engine in ENGINES.items()}}


def fit_and_tell(X: "pd.DataFrame | File", mixture: Mixture, request: Request, options: Mapping[str, Any]) -> int:
    """Fit one model; tell what its draws are worth and its groups; write what was asked for; return the exit status."""
    said = f"Fitting {mixture} by {METHODS[request.method]}."
    request.manner.say(said)
    with progress(not request.manner.quiet) as report:
        report(said.removesuffix("."))
        fitted = _fit(mixture, X, request, options)
    em = fitted if isinstance(fitted, EMResult) else None
    digest = Digest(fitted.to_tree() if isinstance(fitted, EMResult) else fitted)
    reasons = digest.diagnosis.reasons
    if request.manner.json:
        warn(verdict_of_fit(reasons))
    else:
        _show(digest, em)
    written = [(_write(digest, X, path), path) for path in request.outputs]
    if request.manner.json:
        documents.tell(documents.of_fit(digest, em, request, written, verdict_of_fit(reasons)))
        return status_of(reasons)
    screen.show_written(screen.results(), written)
    if not any(path.suffix in (".nc", ".zarr") for path in request.outputs):
        request.manner.say("The fit was not kept: --output fit.nc keeps it for bayesmix predict.")
    return status_of(reasons)


def _fit(
    mixture: Mixture, X: "pd.DataFrame | File", request: Request, options: Mapping[str, Any]
) -> "xr.DataTree | EMResult":
    method = request.method
    beside = {"sample_weight": request.weights, "labels": request.labels, "groups": request.groups}
    asked = {**beside, "random_seed": request.seed}
    if method == "em":
        return mixture.fit_em(X, **asked)
    fit = mixture.fit if method == "auto" else getattr(mixture, f"fit_{method}")
    return fit(X, **asked, progressbar=False, **options)


def _show(digest: Digest, em: EMResult | None) -> None:
    console = screen.results()
    reasons, sentences = digest.diagnosis.reasons, digest.diagnosis.sentences
    screen.show_verdict(console, verdict_of_fit(reasons))
    screen.show_answer(console, answer_of_fit(digest))
    screen.show_groups(console, digest)
    screen.show_doubtful(console, digest)
    notes = [f"Note: {note}." for note in in_words(digest.record["notes"])]
    criteria = [] if em is None else [_criteria(em)]
    said = [*sentences[bool(reasons) :], *criteria, *notes]
    screen.show_sentences(console, "Can it be trusted?", said)


def _criteria(em: EMResult) -> str:
    return (
        f"At the {em.which}: log-likelihood {em.log_likelihood:.1f} with {em.n_parameters} parameters, "
        f"BIC {em.bic:.1f}, AIC {em.aic:.1f}, ICL {em.icl:.1f} (lower is better)."
    )


def _write(digest: Digest, X: "pd.DataFrame | File", path: Path) -> str:
    """Write what belongs into a file with this suffix, and say what it is."""
    if path.suffix in (".nc", ".zarr"):
        save(digest.tree, path)
        return "fit"
    if path.suffix in (".html", ".md"):
        from bayesmix.html.reports import report

        report(digest.tree, path)
        return "report"
    if isinstance(X, File):
        raise TypeError("labels of rows that are read block by block are written by predict")
    write_frame(table_of_labels(digest.membership, X.index), path)
    return "labels"
