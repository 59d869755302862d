"""The command ``compare``: fit models side by side, tell how many groups there are, and write it down."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesmix.cli import documents, screen
from bayesmix.cli.fitting import METHODS
from bayesmix.cli.outputs import write_frame
from bayesmix.cli.request import Request
from bayesmix.cli.trust import reasons_against, status_of, verdict_of_comparison, warn
from bayesmix.comparison import Comparison, compare
from bayesmix.comparison.kept import kept_seed
from bayesmix.comparison.refit import MAX_REFITS
from bayesmix.data.words import joined
from bayesmix.families import Family
from bayesmix.html.answer import answer_of_comparison
from bayesmix.html.digest import Digest
from bayesmix.tree import save

if TYPE_CHECKING:
    import pandas as pd


def seed_in(cache: Path | None) -> int | None:
    """The seed of the comparison that a folder keeps; None where there is none."""
    return None if cache is None else kept_seed(cache)


def compare_and_tell(
    X: "pd.DataFrame",
    numbers: Sequence[int],
    families: Sequence[Family],
    criteria: Sequence[str],
    request: Request,
    *,
    refits: int = MAX_REFITS,
    cv: int | None = None,
    cache: Path | None = None,
    under: Mapping[str, Mapping[str, Any] | None] | None = None,
) -> int:
    """Compare models; tell the table, the answer and its model; write what was asked for; return the exit status.

    ``under`` are priors by name under which the evidence is asked for too.
    """
    n_models = len(numbers) * len(families)
    request.manner.say(f"Fitting {n_models} {'model' if n_models == 1 else 'models'} by {METHODS[request.method]}.")
    comparison = compare(
        X,
        numbers,
        sample_weight=request.weights,
        families=families,
        method=request.method,
        refits=refits,
        cv=cv,
        cache=cache,
        random_seed=request.seed,
        progressbar=not request.manner.quiet,
    )
    finished = all(candidate.reached for candidate in comparison.candidates)
    evidences = None
    if under and finished:
        request.manner.say(f"Fitting them again under the priors {joined(list(under))}.")
        evidences = comparison.evidence_under(under, random_seed=request.seed, progressbar=not request.manner.quiet)
    digest = Digest(comparison.tree_to_show())
    reasons = reasons_against(comparison)
    said = verdict_of_comparison(reasons)
    if request.manner.json:
        warn(said)
    else:
        _show(comparison, digest, criteria, said, evidences)
    written = [(_write(comparison, digest, path), path) for path in request.outputs]
    if request.manner.json:
        documents.tell(documents.of_comparison(comparison, digest, request, written, said, evidences))
    else:
        screen.show_written(screen.results(), written)
    if not finished:
        raise KeyboardInterrupt  # what was finished is told, but it is not what was asked for
    return status_of(reasons)


def _show(
    comparison: Comparison,
    digest: Digest,
    criteria: Sequence[str],
    verdict: str,
    evidences: "pd.DataFrame | None",
) -> None:
    console = screen.results()
    screen.show_verdict(console, verdict)
    screen.show_answer(console, answer_of_comparison(digest, comparison.table))
    screen.show_groups(console, digest)
    screen.show_doubtful(console, digest)
    screen.show_criteria(console, comparison, criteria)
    if evidences is not None:
        screen.show_evidences(console, evidences)
    screen.show_sentences(console, "How the number of groups was chosen", comparison.advice)
    screen.show_notes(console, comparison.candidates)


def _write(comparison: Comparison, digest: Digest, path: Path) -> str:
    """Write what belongs into a file with this suffix, and say what it is."""
    if path.suffix in (".nc", ".zarr"):
        save(digest.tree, path)
        return "chosen fit"
    if path.suffix == ".html":
        comparison.to_html(path)
        return "report"
    if path.suffix == ".md":
        comparison.to_markdown(path)
        return "report"
    write_frame(comparison.table, path)
    return "table"
