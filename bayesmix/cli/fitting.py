"""The command ``fit``: fit one model, tell what it says, keep it."""

from pathlib import Path
from typing import TYPE_CHECKING

from bayesmix.cli import documents, screen
from bayesmix.cli.labelling import table_of_labels
from bayesmix.cli.outputs import write_frame
from bayesmix.cli.request import Request
from bayesmix.em import EMResult
from bayesmix.html.answer import answer_of_fit
from bayesmix.html.digest import Digest
from bayesmix.mixture import Mixture
from bayesmix.tree import save

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

METHODS = {"nuts": "EM and NUTS", "advi": "EM and ADVI", "laplace": "EM and Laplace", "em": "EM"}


def fit_and_tell(X: "pd.DataFrame", mixture: Mixture, request: Request) -> None:
    """Fit one model; tell its groups and what its draws are worth; write what was asked for."""
    said = f"Fitting {mixture} by {METHODS[request.method]}."
    request.manner.say(said)
    with screen.busy(said, shown=not request.manner.quiet):
        fitted = _fit(mixture, X, request.method, request.seed)
    em = fitted if isinstance(fitted, EMResult) else None
    digest = Digest(fitted.to_tree() if isinstance(fitted, EMResult) else fitted)
    if not request.manner.json:
        _show(digest, em)
    written = [(_write(digest, X, path), path) for path in request.outputs]
    if request.manner.json:
        documents.tell(documents.of_fit(digest, em, request, written))
        return
    screen.show_written(screen.results(), written)
    if not any(path.suffix in (".nc", ".zarr") for path in request.outputs):
        request.manner.say("The fit was not kept: --output fit.nc keeps it for bayesmix predict.")


def _fit(mixture: Mixture, X: "pd.DataFrame", method: str, seed: int) -> "xr.DataTree | EMResult":
    if method == "em":
        return mixture.fit_em(X, random_seed=seed)
    if method == "laplace":
        return mixture.fit_laplace(X, random_seed=seed)
    draw = mixture.fit_nuts if method == "nuts" else mixture.fit_advi
    return draw(X, random_seed=seed, progressbar=False)


def _show(digest: Digest, em: EMResult | None) -> None:
    console = screen.results()
    screen.show_answer(console, answer_of_fit(digest))
    screen.show_groups(console, digest)
    screen.show_doubtful(console, digest)
    notes = [f"Note: {note}." for note in digest.record["notes"]]
    criteria = [] if em is None else [_criteria(em)]
    screen.show_sentences(
        console, "Can it be trusted?", [*digest.diagnosis.sentences, *criteria, *notes], digest.rows.features
    )


def _criteria(em: EMResult) -> str:
    return (
        f"At the posterior mode: log-likelihood {em.log_likelihood:.1f} with {em.n_parameters} parameters, "
        f"BIC {em.bic:.1f}, AIC {em.aic:.1f}, ICL {em.icl:.1f} (lower is better)."
    )


def _write(digest: Digest, X: "pd.DataFrame", path: Path) -> str:
    """Write what belongs into a file with this suffix, and say what it is."""
    if path.suffix in (".nc", ".zarr"):
        save(digest.tree, path)
        return "fit"
    if path.suffix in (".html", ".md"):
        from bayesmix.html import report

        report(digest.tree, path)
        return "report"
    write_frame(table_of_labels(digest.membership, X.index), path)
    return "labels"
