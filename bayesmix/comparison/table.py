"""The table of a comparison: one row a model, and how it is shown."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from arviz_stats.utils import ELPDDataLOO, ELPDDataLOOSubsample
from scipy.stats import norm

from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.pointwise import sum_and_error
from bayesmix.comparison.singular import singular_bic
from bayesmix.data import Rows
from bayesmix.standing import column_of, decimals_of, is_bracketed

INDEX = ("family", "n_components")
COLUMNS = (
    "log_likelihood",
    "n_parameters",
    "aic",
    "bic",
    "icl",
    "sabic",
    "caic",
    "sbic",
    "entropy",
    "elpd_loo",
    "se_loo",
    "p_loo",
    "elpd_diff",
    "dse",
    "p_worse",
    "weight",
    "n_bad_k",
    "elpd_waic",
    "se_waic",
    "p_waic",
    "share_bad_p",
    "log_evidence",
    "log_evidence_se",
    "posterior_probability",
    "n_occupied",
    "max_rhat",
    "min_ess",
    "max_rhat_components",
    "min_ess_components",
    "divergences",
    "engine",
    "notes",
)
_OF_FOLDS = ("elpd_kfold", "se_kfold")
_TEXTS = ("engine", "notes")
_COUNTS = ("n_parameters", "n_bad_k", "divergences")


def make_table(candidates: Sequence[Candidate]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Numbers of every candidate, and what ArviZ remarks about comparing them.

    ``elpd_diff, dse, p_worse`` and ``weight`` come from ``az.compare`` over the models whose LOO
    can be trusted; for the others they are NaN. ``posterior_probability`` is under a uniform prior over the models that
    have an evidence.
    """
    index = pd.MultiIndex.from_tuples([c.key for c in candidates], names=INDEX)
    columns: list[str] = list(COLUMNS)
    if any(c.kfold is not None for c in candidates):
        after = columns.index("elpd_waic")
        columns[after:after] = _OF_FOLDS
    table = pd.DataFrame([_row(c) for c in candidates], index=index, columns=columns)
    trusted = {c.key: c.loo for c in candidates if c.trusted}
    found, remarks = compared(trusted, "stacking", _rows_of(candidates))
    for column in ("elpd_diff", "dse", "p_worse", "weight"):
        table[column] = [found[column].get(c.key, np.nan) for c in candidates]
    for family in table.index.unique("family"):
        of_family = [
            candidate for candidate in candidates if candidate.key[0] == family and candidate.point is not None
        ]
        for candidate, sbic in zip(of_family, _singular(of_family), strict=True):
            table.loc[candidate.key, "sbic"] = sbic
    table["posterior_probability"] = posterior_probabilities(column_of(table, "log_evidence"), np.ones(len(table)))
    for column in [name for name in columns if name not in _TEXTS]:
        table[column] = table[column].astype(float)
        if column in _COUNTS and np.isfinite(column_of(table, column)).all():
            table[column] = table[column].astype(int)
    return table, remarks


def posterior_probabilities(log_evidences: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Probabilities of models given the rows, by Bayes' theorem; NaN for those without an evidence."""
    known = np.isfinite(log_evidences) & (prior > 0)
    found = np.where(np.isfinite(log_evidences), 0.0, np.nan)
    if known.any():
        logs = log_evidences[known] + np.log(prior[known])
        shares = np.exp(logs - logs.max())
        found[known] = shares / shares.sum()
    return found


def display_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table as text: rounded, a dash for what is missing, LOO and WAIC in square brackets if not trusted."""
    shown = pd.DataFrame(index=table.index)
    for column in table.columns:
        if column in _TEXTS:
            shown[column] = table[column].astype(str)
            continue
        decimals = decimals_of(str(column))
        shown[column] = [
            f"{value:.{decimals}f}" if np.isfinite(value) else "-" for value in column_of(table, str(column))
        ]
    bracketed = is_bracketed(table)
    for column in ("elpd_loo", "se_loo", "p_loo", "elpd_waic", "se_waic", "p_waic"):
        present = bracketed & np.isfinite(column_of(table, column))
        shown[column] = [f"[{text}]" if inside else text for text, inside in zip(shown[column], present, strict=True)]
    return shown


def _row(candidate: Candidate) -> dict[str, float | str]:
    row: dict[str, float | str] = {"engine": candidate.engine, "notes": "; ".join(candidate.remarks)}
    point, diagnosis = candidate.point, candidate.diagnosis
    if point is not None:
        for name in ("log_likelihood", "n_parameters", "aic", "bic", "icl", "sabic", "caic", "entropy"):
            row[name] = getattr(point, name)
    for name, elpd in (("loo", candidate.loo), ("waic", candidate.waic)):
        if elpd is not None:
            row |= {f"elpd_{name}": elpd.elpd, f"se_{name}": elpd.se, f"p_{name}": elpd.p}
    if candidate.waic is not None:
        row["share_bad_p"] = candidate.waic.share_bad_p
    if candidate.kfold is not None:
        row |= {"elpd_kfold": candidate.kfold.elpd, "se_kfold": candidate.kfold.se}
    if candidate.loo is not None:
        row["n_bad_k"] = candidate.n_bad_k
    if candidate.evidence is not None:
        row |= {"log_evidence": candidate.evidence.log_evidence, "log_evidence_se": candidate.evidence.se}
    if candidate.occupied is not None:
        row["n_occupied"] = float(candidate.occupied @ np.arange(1, candidate.occupied.size + 1))
    if diagnosis is not None:
        for name in ("max_rhat", "min_ess", "max_rhat_components", "min_ess_components"):
            row[name] = getattr(diagnosis, name)
        # independent draws of an approximation cannot diverge
        row["divergences"] = np.nan if np.isfinite(diagnosis.pareto_k) else diagnosis.divergences
    return row


def _singular(candidates: Sequence[Candidate]) -> np.ndarray:
    """Singular BIC of models of one family, in their order."""
    points = [candidate.point for candidate in candidates if candidate.point is not None]
    order = np.argsort([point.n_components for point in points])
    found = np.empty(len(points))
    found[order] = singular_bic(
        np.array([point.log_likelihood for point in points])[order],
        np.array([point.n_parameters for point in points])[order],
        points[0].rows.total if points else 1,
    )
    return found


def _rows_of(candidates: Sequence[Candidate]) -> Rows | None:
    """The rows that all are fitted to."""
    return next((candidate.em.rows for candidate in candidates if candidate.em is not None), None)


def compared(trusted: dict, method: str, rows: Rows | None) -> tuple[dict[str, dict], tuple[str, ...]]:
    """``az.compare`` by key with a method of weighting, and its warnings.

    Where ``rows`` have weights, errors of differences are those of so many rows (:func:`sum_and_error`).
    """
    columns = ("elpd_diff", "dse", "p_worse", "weight")
    if not trusted:
        return {column: {} for column in columns}, ()
    import arviz_stats

    # A number added to a row's elpd in every model changes nothing but the exponentials that
    # stacking takes, which would overflow in some units of the data.
    highest = np.max([elpd.elpd_i.values for elpd in trusted.values()], axis=0)
    shifted = {" ".join(map(str, key)): _shifted(elpd, highest) for key, elpd in trusted.items()}
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        made = arviz_stats.compare(shifted, method=method, round_to="none")
    if "subsampling_dse" in made:
        made["dse"] = np.hypot(made["dse"], made["subsampling_dse"])
        made["p_worse"] = norm.sf(made["elpd_diff"] / made["dse"].replace(0.0, np.nan))
    if rows is not None and rows.weights is not None and "subsampling_dse" not in made:
        best = shifted[str(made.index[0])].elpd_i.values
        errors = [sum_and_error(best - shifted[str(name)].elpd_i.values, rows)[1] for name in made.index]
        made["dse"] = errors
        made["p_worse"] = norm.sf(made["elpd_diff"] / made["dse"].replace(0.0, np.nan))
    remarks = [_remark(str(w.message), len(trusted)) for w in caught if w.category is UserWarning]
    keys = dict(zip(shifted, trusted, strict=True))
    found = {column: {keys[name]: float(value) for name, value in made[column].items()} for column in columns}
    return found, tuple(dict.fromkeys(remarks))


def _shifted(elpd: ELPDDataLOO, highest: np.ndarray) -> ELPDDataLOO:
    """LOO with a number taken off every row's."""
    less = {"elpd": elpd.elpd - float(highest.sum()), "elpd_i": elpd.elpd_i - highest}
    if isinstance(elpd, ELPDDataLOOSubsample):
        less["elpd_loo_approx"] = elpd.elpd_loo_approx - highest
    return replace(elpd, **less)


def _remark(warning: str, n_models: int) -> str:
    if "due to chance" not in warning:
        return warning
    return (
        f"With {n_models} models compared, the best may owe its place to chance "
        "(https://doi.org/10.1007/s11222-024-10442-4)."
    )
