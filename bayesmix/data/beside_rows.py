"""Reads what comes beside the rows: how much each counts, its known component, the group that somebody put it in."""

import re
from dataclasses import replace
from typing import Any

import numpy as np

from bayesmix.data.columns import Kind
from bayesmix.data.reading import read_rows
from bayesmix.data.rows import Rows
from bayesmix.data.subjects import Subjects
from bayesmix.data.values import Missing, of_others
from bayesmix.data.words import FROM_ZERO, SHOWN, and_more, counted, joined, listed

_WHOLE = re.compile(r"[+-]?[0-9]+")


def read_weights(sample_weight: Any, n_rows: int, argument: str = "sample_weight") -> np.ndarray:
    """Return the weight of each row, (N,) float64 and read-only.

    Parameters
    ----------
    sample_weight : array-like or series
        Finite numbers of at least 0, one a row of X in their order, not all 0. A weight of 2 is the row twice.
    n_rows : int
        Number of rows of X, N.
    argument : str
        The name by which messages call them.

    Raises
    ------
    TypeError
        If it holds something other than numbers.
    ValueError
        If it has another length, missing, infinite or negative numbers, or nothing but zeros.
    """
    rows = _one_a_row(sample_weight, argument, n_rows)
    weights = rows.values[:, 0]
    wrong = ~(rows.values >= 0)
    if wrong.any():
        wanted = "numbers of at least 0, and 0 for a row that does not count"
        raise ValueError(of_others(rows, wrong, wanted, argument))
    if not weights.any():
        raise ValueError(f"{argument} is zero for every row. Give at least one of them a weight above 0.")
    return weights


def read_labels(
    labels: Any, n_rows: int, n_components: int, argument: str = "labels"
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    r"""Return what is known beforehand of the component of each row, and the names of components.

    Parameters
    ----------
    labels : array-like or series
        One a row of X in their order: whole numbers from 0 to K - 1, and -1 where the component is unknown; or names,
        text or categories, of which the first in order (that of their categories, else sorted) is component 0. A
        missing one is unknown. Or (N, K) numbers, the log prior of the components of each row: up to a constant for
        each row, and minus infinity where a component is ruled out.
    n_rows : int
        Number of rows of X, N.
    n_components : int
        Number of components, K.
    argument : str
        The name by which messages call them.

    Returns
    -------
    log_prior : (N, K) array or None
        float64 and read-only; the largest of each row is 0. None where nothing is said of any row.
    classes : tuple of str
        The names, where there are any.

    Raises
    ------
    TypeError
        If it holds something else.
    ValueError
        If it has another length, numbers that are no component, more names than components, or rules out every
        component of a row; or if all rows are known and a component has none.
    """
    if n_components > 1 and np.ndim(labels) == 2 and np.shape(labels)[1] != 1:
        log_prior, classes = _read_log_prior(labels, n_rows, n_components, argument), ()
    else:
        known, classes = _read_known(labels, n_rows, n_components, argument)
        log_prior = np.where(known[:, None] == np.arange(n_components), 0.0, -np.inf)
        log_prior[known < 0] = 0.0
    if not log_prior.any():
        return None, classes
    log_prior.flags.writeable = False
    return log_prior, classes


def _read_known(labels: Any, n_rows: int, n_components: int, argument: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The component of each row, -1 where it is unknown, and names of components."""
    rows = _one_a_row(labels, argument, n_rows, takes="categorical", missing="keep")
    levels, codes = rows.columns[0].levels, rows.values[:, 0]
    which = np.where(np.isnan(codes), -1, codes).astype(np.int64)  # the last entry, of one that is missing
    if all(_WHOLE.fullmatch(level) for level in levels):
        known, classes = np.array([*map(int, levels), -1])[which], ()
        wrong = ~np.isin(known, np.arange(-1, n_components))
        if wrong.any():
            wanted = f"components from 0 to {n_components - 1} (n_components={n_components}), and -1 where unknown"
            numbers = replace(rows, values=known[:, None].astype(float))
            raise ValueError(of_others(numbers, wrong[:, None], wanted, argument))
    else:
        if len(levels) > n_components:
            raise ValueError(
                f"{argument} names {len(levels)} classes ({listed(levels)}), but n_components={n_components}. Give "
                f"n_components={len(levels)} or more, or leave the classes of some rows unknown (None)."
            )
        known, classes = which, levels
    empty = np.setdiff1d(np.arange(n_components), known)
    if empty.size and (known >= 0).all():
        raise ValueError(
            f"{argument} knows the component of every row, and gives none to component {joined(empty.tolist())} of "
            f"n_components={n_components}. Give n_components={np.unique(known).size}, with labels from 0 on, or leave "
            "rows unknown (-1)."
        )
    return known, classes


def _read_log_prior(labels: Any, n_rows: int, n_components: int, argument: str) -> np.ndarray:
    """Log prior (N, K) of the components of each row, the largest of each row being 0."""
    what = f"{argument}, read as the log prior of the components of each row,"
    try:
        log_prior = np.array(labels, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{what} must hold numbers. Give one label a row, or (N, K) numbers.") from None
    if log_prior.shape != (n_rows, n_components):
        raise ValueError(
            f"{what} must have shape ({n_rows}, {n_components}), one number for each row of X and component, not "
            f"{log_prior.shape}. For labels give one a row."
        )
    for wrong, how, remedy in (
        (np.isnan(log_prior), "NaN", "Where nothing is known, give a row of zeros"),
        (log_prior == np.inf, "plus infinity", "A component that is certain has minus infinity for the others"),
        (~(log_prior > -np.inf).any(axis=1, keepdims=True), "minus infinity for all components", "Leave one possible"),
    ):
        if wrong.any():
            where = np.flatnonzero(wrong.any(axis=1))
            shown = joined(where[:SHOWN].tolist()) + and_more(where.size)
            raise ValueError(f"{what} has {how} in row{'s' if where.size > 1 else ''} {shown} ({FROM_ZERO}). {remedy}.")
    return log_prior - log_prior.max(axis=1, keepdims=True)


def read_groups(labels: Any, n_rows: int, argument: str) -> np.ndarray:
    """Return the group of each row, numbered from 0 on, (N,) int64.

    Parameters
    ----------
    labels : array-like or series
        Text, categories, truth values or whole numbers, one a row of X in their order. The labels mean nothing but who
        is together; -1 is one like any other.
    n_rows : int
        Number of rows of X, N.
    argument : str
        The name by which messages call them.

    Raises
    ------
    TypeError
        If it holds something other than labels.
    ValueError
        If it has another length, or missing values.
    """
    return _one_a_row(labels, argument, n_rows, takes="categorical", missing="refuse").values[:, 0].astype(np.int64)


def read_subjects(groups: Any, rows: Rows, argument: str = "groups") -> Subjects | None:
    """Return which rows belong together; None where no two do.

    Parameters
    ----------
    groups : array-like or series
        Text, categories or whole numbers, one a row of X in their order: rows with the same one belong together. A
        missing one, or -1, is that of a row by itself.
    rows : Rows
        Those of X, with the log prior that labels gave them.
    argument : str
        The name by which messages call them.

    Raises
    ------
    TypeError
        If it holds something else.
    ValueError
        If it has another length, or puts rows together of which labels rule out, between them, every component.
    """
    column = _one_a_row(groups, argument, rows.n_rows, takes="categorical", missing="keep")
    levels, codes = column.columns[0].levels, column.values[:, 0]
    alone = np.isnan(codes) | np.isin(codes, [j for j, level in enumerate(levels) if level == "-1"])
    subjects = Subjects.of(np.where(alone, -1, codes).astype(np.int64))
    if subjects is not None and rows.log_prior is not None:
        impossible = np.flatnonzero(np.isneginf(subjects.sums(rows.log_prior)).all(axis=1))
        if impossible.size:
            which = np.flatnonzero(subjects.of_rows == impossible[0])
            said = rows.called(which[rows.log_prior[which].any(axis=1)], SHOWN)
            raise ValueError(
                f"{argument} puts rows together that labels keep apart: {said} of {levels[int(codes[which[0]])]!r} "
                f"leave no component that is possible for all of them. Correct the labels, or take such rows out of "
                f"their group (None)."
            )
    return subjects


def _one_a_row(column: Any, argument: str, n_rows: int, takes: Kind = "real", missing: Missing = "keep") -> Rows:
    rows = read_rows(column, argument=argument, takes=takes, missing=missing)
    if rows.n_features != 1:
        raise ValueError(f"{argument} must be one number a row, but has {rows.n_features} columns. Choose one of them.")
    if rows.n_rows != n_rows:
        raise ValueError(
            f"{argument} is for {counted(rows.n_rows, 'row')}, but X has {n_rows}. Give one number a row, in the order "
            "of X."
        )
    return replace(rows, columns=(replace(rows.columns[0], name=argument),))
