"""What is to be known of a result, as data, and the sentences that say it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayesmix.data import Rows
from bayesmix.data.words import joined
from bayesmix.verdict import Reason

# Optima this much lower, in nats, still hold a share of the posterior worth a word; those within the first number are
# counted on their own.
CLOSE = 5.0
NEARBY = 10.0
_SHOWN = 5


@dataclass(frozen=True)
class Note:
    """What a careful reader must know: a kind, and its data. Whoever shows it takes the words.

    Attributes
    ----------
    kind : str
        One of the table below; an engine may give others, which are shown as they are.
    data : mapping
        Of what JSON can hold.
    """

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """A clause without a full stop."""
        if (sentence := _SENTENCES.get(self.kind)) is not None:
            try:
                return sentence(**self.data)
            except (TypeError, ValueError, KeyError, IndexError):  # data of another version
                pass
        told = ", ".join(f"{name} {value}" for name, value in self.data.items())
        return f"{self.kind.replace('_', ' ')}{told and f' ({told})'}"

    def to_dict(self) -> dict[str, Any]:
        """As the record keeps it."""
        return {"kind": self.kind, **self.data}


def of_rows(rows: Rows) -> tuple[Note, ...]:
    """What is to be known of the rows: how many cells are missing, and what was given beside them."""
    return _of_missing(rows) + _of_errors(rows) + _of_weights(rows) + of_known(rows) + _of_subjects(rows)


def _of_errors(rows: Rows) -> tuple[Note, ...]:
    if rows.error_deviations is None:
        return ()
    sizes = {}
    for name, deviations in zip(rows.features, rows.error_deviations.T, strict=True):
        low, middle, high = np.nanquantile(deviations, [0, 0.5, 1])
        sizes[name] = [float(low), float(middle), float(high)]
    return (Note("measured_rows", {"sizes": sizes}),)


def _of_weights(rows: Rows) -> tuple[Note, ...]:
    if rows.weights is None:
        return ()
    data = {
        "n_rows": rows.n_rows,
        "total": rows.total,
        "smallest": float(rows.weights.min()),
        "largest": float(rows.weights.max()),
        "left_out": 0 if rows.kept is None else int((~rows.kept).sum()),
    }
    return (Note("weighted_rows", data),)


def _of_subjects(rows: Rows) -> tuple[Note, ...]:
    if rows.subjects is None:
        return ()
    sizes = rows.subjects.sizes
    data = {
        "n_rows": rows.n_rows,
        "subjects": rows.n_subjects,
        "groups": int((sizes > 1).sum()),
        "largest": int(sizes.max()),
    }
    return (Note("rows_together", data),)


def _of_missing(rows: Rows) -> tuple[Note, ...]:
    if rows.missing is None:
        return ()
    by_feature = zip(rows.features, rows.missing.sum(axis=0).tolist(), strict=True)
    data = {
        "cells": int(rows.missing.sum()),
        "of": int(rows.missing.size),
        "rows": int(rows.missing.any(axis=1).sum()),
        "n_rows": rows.n_rows,
        "by_feature": {name: count for name, count in by_feature if count},
    }
    return (Note("missing_cells", data),)


def of_sample(rows: Rows) -> tuple[Note, ...]:
    """That a tree holds a sample of the rows, of those that are not in memory."""
    held = rows.held
    return () if held is rows else (Note("sample_of_rows", {"rows": held.n_rows, "of": rows.n_rows}),)


def of_known(rows: Rows) -> tuple[Note, ...]:
    """Of how many rows the component is known, or something of it; nothing where nothing is known."""
    if rows.log_prior is None:
        return ()
    known = int((rows.known >= 0).sum())
    told = int(rows.log_prior.any(axis=1).sum()) - known
    return (Note("known_labels", {"known": known, "told": told, "of": rows.n_rows}),)


def kinds_in(described: Iterable[Any]) -> set[str]:
    """Kinds of the notes of a record."""
    return {note["kind"] for note in described if not isinstance(note, str)}


def data_of(described: Iterable[Any], kind: str) -> list[Mapping[str, Any]]:
    """Of the notes of a record, the data of those of a kind."""
    return [_read(note).data for note in described if not isinstance(note, str) and note["kind"] == kind]


def in_words(described: Iterable[Any]) -> list[str]:
    """The notes of a record as people read them; those of earlier versions are sentences already."""
    return [note if isinstance(note, str) else _read(note).words for note in described]


def _read(described: Mapping[str, Any]) -> Note:
    return Note(described["kind"], {name: value for name, value in described.items() if name != "kind"})


def counted_rivals(rivals: Sequence[Mapping[str, Any]]) -> str:
    """Such as ``"3 other optima within 5 nats of the best"``; nothing where there is none."""
    counted, within = _counted(rivals)
    if not counted:
        return ""
    return f"{len(counted)} other {'optimum' if len(counted) == 1 else 'optima'} within {within:.0f} nats of the best"


def rivals_in_words(rivals: Sequence[Mapping[str, Any]]) -> str:
    """How many there are, how far below, and the weights of the nearest; nothing where there is none."""
    counted, _ = _counted(rivals)
    if not counted:
        return ""
    below = [f"{rival['below']:.1f}" for rival in counted[:_SHOWN]] + (["more"] if len(counted) > _SHOWN else [])
    weights = [f"{weight:.2f}" for weight in counted[0]["weights"]]
    nearest = "its weights are" if len(counted) == 1 else "the weights of the nearest are"
    return f"{counted_rivals(rivals)} ({joined(below)} below; {nearest} {joined(weights)})"


def _counted(rivals: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], float]:
    """Those that are close, or, where none is, those that are near; and within how many nats."""
    within = CLOSE if any(rival["below"] < CLOSE for rival in rivals) else NEARBY
    return [rival for rival in rivals if rival["below"] < within], within


def _far_from_gaussian(pareto_k: float, gate: float, rank: str) -> str:
    remedy = "use rank='full' or NUTS" if rank == "mean-field" else "use NUTS"
    return (
        f"the Gaussian approximation cannot be trusted (Pareto k-hat {pareto_k:.3f}, above {gate}): the posterior has "
        f"another shape; {remedy}"
    )


def _chosen(engine: str, because: str, reasons: Sequence[Mapping[str, Any]] = ()) -> str:
    clauses = joined([Reason.from_dict(one).clause for one in reasons])
    because_of = {
        "no_sampler": "nothing else draws under these priors",
        "measured_rows": "nothing else draws where rows were measured with errors",
        "parts_of_rows": "nothing else draws where weights of rows are no whole numbers, or sum to very many",
        "near": "one top, around which the posterior is close to a Gaussian",
        "tops": "the posterior has several tops, between which NUTS does not walk",
        "far": "the posterior is far from a Gaussian around its top",
        "tried": f"NUTS was tried first and did not pass: {clauses}",
    }
    return f"by {engine}: {because_of[because]}"


def _sweeps_spent(sweeps: int, component: Mapping[str, Any] | None = None) -> str:
    """What is known of the component stands in the verdict."""
    return (
        f"Gibbs sampling stopped after {sweeps:,} sweeps of each chain, before the chains agreed: more may be had by "
        "max_sweeps="
    )


def _missing_cells(cells: int, of: int, rows: int, n_rows: int, by_feature: Mapping[str, int]) -> str:
    worst = sorted(by_feature, key=lambda name: -by_feature[name])
    where = [f"{by_feature[name]:,} of {name}" for name in worst[:_SHOWN]]
    if len(worst) > _SHOWN:
        where.append(f"{sum(by_feature[name] for name in worst[_SHOWN:]):,} of {len(worst) - _SHOWN} other columns")
    cell, row = ("cell is", "1 row") if cells == 1 else ("cells are", f"{rows:,} of {n_rows:,} rows")
    return (
        f"{cells:,} {cell} missing, {cells / of:.1%} of all, in {row} ({joined(where)}): summed out, assuming that "
        "whether a cell is missing depends on nothing but what was seen (missing at random)"
    )


def _measured_rows(sizes: Mapping[str, Sequence[float]]) -> str:
    told = [f"{middle:.3g} in {name}" for name, (_, middle, _) in list(sizes.items())[:_SHOWN]]
    if len(sizes) > _SHOWN:
        told.append(f"others in {len(sizes) - _SHOWN} more columns")
    return (
        f"rows were measured with errors of known covariances (error_covariances; the median standard error is "
        f"{joined(told)}), which are summed out: groups, their centres and their spreads are of the true values"
    )


def _prior_sways(quantity: str, half_prior: float | None, mean: float, twice_prior: float | None) -> str:
    """What bm.sensitivity's table tells at length: under which power the mean moves most, of those that are known."""
    powers = {"half": half_prior, "twice": twice_prior}
    known = {power: value for power, value in powers.items() if value is not None and f"{value:.2g}" != f"{mean:.2g}"}
    farthest = max(known, key=lambda power: abs(known[power] - mean), default=None)
    moved = "" if farthest is None else f", under {farthest} the prior {known[farthest]:.2g}"
    if farthest is None:
        unknown = [power for power, value in powers.items() if value is None]
        moved = f", under {' or '.join(unknown)} the prior only another fit can tell" if unknown else ""
    return f"the prior sways how large the groups are ({quantity}: {mean:.2g}{moved}; bm.sensitivity)"


def _known_labels(known: int, told: int, of: int) -> str:
    parts = []
    if known:
        parts.append(f"the group of {known:,} of {of:,} rows was known beforehand")
    if told:
        parts.append(f"of {told:,} rows it was known which groups are more plausible")
    return f"{joined(parts)}: groups have their names from there, and what is said of these rows takes it into account"


def _rows_together(n_rows: int, subjects: int, groups: int, largest: int) -> str:
    said = (
        f"rows of one group have one component (groups): {n_rows:,} rows are {subjects:,} subjects, {groups:,} of them "
    )
    said += (
        f"with two rows or more, and the largest with {largest:,}; weights are shares of subjects, and LOO leaves out "
    )
    said += "a whole one"
    return said


def _improper_posterior(copies: float, features: Sequence[str], most: float, eta: float) -> str:
    return (
        f"the posterior is improper: {copies:.6g} rows are equal in {joined([*map(repr, features)])}, and under "
        f"correlations by LKJ({eta:g}) a group can collapse onto {most:g} or more, which chains hardly ever find; the "
        "default prior is proper, and so are 'tied' and 'diag' covariances"
    )


def _weighted_rows(n_rows: int, total: float, smallest: float, largest: float, left_out: int) -> str:
    said = f"rows are weighted (sample_weight from {smallest:.4g} to {largest:.4g}): {n_rows:,} rows count as "
    said += (
        f"{total:,.6g}, which is N in BIC; LOO leaves out a row with its whole weight; pictures, predictive checks, "
    )
    said += "merge and summaries of columns show each row once"
    if left_out:
        said += f"; {left_out:,} more {'row has' if left_out == 1 else 'rows have'} weight 0 and took no part"
    if total < n_rows / 2 and largest <= 1:
        said += (
            "; no weight is above 1, so that the rows count as fewer than they are: where weights say only which row "
            f"counts more than which, multiply them by {n_rows / total:.4g}, and they average one"
        )
    return said


def _noise(box: Sequence[Sequence[Any]]) -> str:
    ends = [f"{label} from {low:.4g} to {high:.4g}" for label, low, high in box[:_SHOWN]]
    if len(box) > _SHOWN:
        ends.append(f"{len(box) - _SHOWN} more columns, each from its smallest to its largest value")
    return (
        f"rows may be noise, which lies anywhere in the box of the data ({joined(ends)}) with the same density, there "
        "and beyond"
    )


_SENTENCES = {
    "noise": _noise,
    "weighted_rows": _weighted_rows,
    "known_labels": _known_labels,
    "rows_together": _rows_together,
    "improper_posterior": _improper_posterior,
    "missing_cells": _missing_cells,
    "measured_rows": _measured_rows,
    "sample_of_rows": "fitted to {of:,} rows, of which {rows:,} are here, drawn at random".format,
    "prior_sways": _prior_sways,
    "chosen": _chosen,
    "sweeps_spent": _sweeps_spent,
    "evidence_of_approximation": "draws of an approximation have no evidence: use fit_nuts or fit_gibbs".format,
    "evidence_of_all_numbers": (
        "the draws are of all numbers of groups together: bm.number_of_groups has their posterior probabilities".format
    ),
    "evidence_of_all_concentrations": "the concentration of the weights' prior is unknown: give a number".format,
    "evidence_untrusted": lambda why: f"the draws are not to be trusted: {joined(why)}",
    "evidence_chains_apart": (
        "the evidences of single chains lie {spread:.1f} nats apart: run longer, or more chains".format
    ),
    "evidence_without_constant": "the density of the prior of {family} is known up to a constant only".format,
    "evidence_of_partly_known": (
        "known labels tell some groups apart and leave others alike, whose names the draws do not all visit: give "
        "labels of every group, or of none".format
    ),
    "evidence_of_pymc_prior": "a tree keeps of a PyMC prior the text alone".format,
    "evidence_of_pymc_density": (
        "under these priors the density is PyMC's, whose priors of matrices are not normalised".format
    ),
    "evidence_of_many": (
        "without a closed form of components given rows, evidence is known up to {most} exchangeable components".format
    ),
    "ended": "{engine}: {how}".format,
    "other_optima": lambda optima: f"EM: {rivals_in_words(optima)}",
    "interrupted": "interrupted: only the draws that were finished are kept".format,
    "not_concave": "Laplace: the log density is not concave at the mode, so the spread is a guess".format,
    "far_from_gaussian": _far_from_gaussian,
    "log_likelihood_not_stored": (
        "the log-likelihood ({values:.2g} values) is not stored: loo and waic compute it in passing".format
    ),
    "summaries_of_some_draws": (
        "rows are many: their responsibilities, and what is uncertain of them, are those of {used:,} of {of:,} draws, "
        "evenly spread".format
    ),
    "labels_identified": "labels identified by the prior: the draws are not relabelled".format,
    "singular_covariance": (
        "the data covariance is singular ({rows} rows, {features} features): the default prior takes its diagonal for "
        "a scale".format
    ),
}
