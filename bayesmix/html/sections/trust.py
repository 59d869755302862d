"""Can it be trusted: the diagnosis in sentences and numbers, and what checks of the model's predictions say."""

from typing import Any

import numpy as np
import pandas as pd

from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import MISSING, counted, fixed, to_spread
from bayesmix.html.sections.predictions import posterior_part, prior_part
from bayesmix.notes import in_words
from bayesmix.plots import draw_labels
from bayesmix.posterior.labels.apply import permutations_of
from bayesmix.posterior.power_scaling import SWAYED, prior_note
from bayesmix.verdict import ESS_GATE, PARETO_GATE, RHAT_GATE

_MOST_ROWS = 200
# Reasons whose numbers every diagnosis of chains tells.
_TOLD_ANYWAY = ("basins", "disagreement", "few_draws")
_MOST_NAMED = 5
_HEADER = ("largest R-hat", "smallest bulk ESS", "smallest tail ESS")


def trust_section(digest: Digest, pareto_k: np.ndarray | None = None) -> Section:
    """Show what the draws are worth, and whether the model makes data like these.

    Parameters
    ----------
    digest : Digest
    pareto_k : (N,) array, optional
        Of every training row, where LOO was computed; 0 where a row was left out by an exact refit, NaN where it was
        not left out.
    """
    diagnosis = digest.diagnosis
    notes = [as_sentence(note) for note in in_words(digest.record["notes"])]
    # The verdict, where it is a bad one, stands at the head of the page without numbers; some are in what follows.
    reasons = [as_sentence(reason.clause) for reason in diagnosis.reasons if reason.kind not in _TOLD_ANYWAY]
    told = [*reasons, *diagnosis.sentences[bool(diagnosis.reasons) :]]
    swayed = prior_note(digest.sensitivity)
    said = [*told, *_of_rows(digest, pareto_k), *([as_sentence(swayed.words)] if swayed else []), *notes]
    tables: tuple[Table, ...] = ()
    if diagnosis.table.notna().to_numpy().any():
        tables = (_by_kind(diagnosis.table), _in_full(diagnosis.table))
    if digest.sensitivity is not None:
        tables = (*tables, _under_other_priors(digest.sensitivity))
    parts = (
        ("Labels before and after relabelling", _labels(digest)),
        ("Does the model make data like these? Posterior predictive check", posterior_part(digest)),
        ("What the prior says alone: prior predictive check", prior_part(digest)),
    )
    return Section(
        sentences=tuple(said),
        tables=tables,
        listed=True,
        parts=tuple((heading, part) for heading, part in parts if part is not None),
    )


def as_sentence(note: str) -> str:
    """Begin with a capital and end with a full stop."""
    note = str(note).strip()
    return note[:1].upper() + note[1:] + ("" if note.endswith((".", "!", "?")) else ".")


def _of_rows(digest: Digest, pareto_k: np.ndarray | None) -> list[str]:
    """Tell which rows the posterior leans on."""
    if pareto_k is None or not len(pareto_k):
        return []
    refitted = np.flatnonzero(pareto_k == 0)
    said = []
    if len(refitted):
        leans = "it" if len(refitted) == 1 else "them"
        said.append(
            f"The posterior leans on {digest.rows.called(refitted, _MOST_NAMED)}, whose Pareto k-hat is above "
            f"{PARETO_GATE}: LOO has fitted the model anew without {leans}."
        )
        if len(refitted) == len(pareto_k):
            return said
    worst = np.argsort(-pareto_k, kind="stable")
    n_bad = int((pareto_k > PARETO_GATE).sum())
    others = f"{'the other ' if said else ''}{counted(int((~np.isnan(pareto_k)).sum()) - len(refitted), 'row')}"
    largest = (
        f"Leaving single rows out (LOO): the largest Pareto k-hat of {others} is "
        f"{fixed(float(pareto_k[worst[0]]), 2)} (gate {PARETO_GATE})"
    )
    if n_bad == 0:
        decides = "none of them" if said else "no single row"
        return [*said, f"{largest}: {decides} decides the posterior."]
    verb, leans, their = ("lies", "it", "its") if n_bad == 1 else ("lie", "them", "their")
    return [
        *said,
        f"{largest}; above it {verb} {digest.rows.called(worst[:n_bad], _MOST_NAMED)}. "
        f"The posterior leans on {leans}, and {their} LOO is not reliable.",
    ]


def _labels(digest: Digest) -> Section | None:
    """Traces before and after relabelling, of chains."""
    if digest.n_components == 1 or digest.n_chains < 2 or not digest.diagnosis.relabelling:
        return None
    if (permutations_of(digest.tree) == np.arange(digest.n_components)).all():
        return Section(sentences=("The sampler kept its labels: relabelling had no draw to rename.",))
    alt = (
        f"Traces of {digest.n_components} groups over {digest.n_chains} chains, with the labels of the sampler on the "
        "left and after relabelling on the right. The sentences above say how well labels could be told apart."
    )
    of = digest.summaries[0].plural
    caption = (
        f"Every draw of the weights and of the {of} that tell the groups apart best. Traces that change places on the "
        "left are label switching; on the right each should keep its own."
    )
    return Section(pictures=(Picture(lambda: draw_labels(digest.tree), alt, caption),))


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
        caption=f"Do the chains agree? R-hat at most {RHAT_GATE} and ESS at least {ESS_GATE} are asked of the "
        "label-free quantities",
        header=("quantities", "number", *_HEADER),
        rows=tuple(rows),
    )


def _under_other_priors(table: pd.DataFrame) -> Table:
    def cells(row: dict[str, Any]) -> tuple[Cell, ...]:
        spread = float(row["sd"])
        means = [float(row[column]) for column in ("mean", "half_prior", "twice_prior")]
        sensitivities = [float(row[column]) for column in ("prior", "likelihood")]
        return (
            Cell(str(row["quantity"])),
            *(Cell(to_spread(value, spread), value) for value in means),
            *(Cell(fixed(value, 2), value) for value in sensitivities),
            Cell(str(row["diagnosis"]) or MISSING),
        )

    return Table(
        caption="How the answer moves with the prior: means under its log density, half and twice of it, and how "
        f"sensitive to the powers of prior and likelihood (from {SWAYED} on)",
        header=(
            "quantity",
            "mean",
            "half the prior",
            "twice the prior",
            "to the prior",
            "to the likelihood",
            "reading",
        ),
        rows=tuple(cells(row) for row in table.reset_index().to_dict("records")),
        folded=True,
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
