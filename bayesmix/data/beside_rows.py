"""Reads what comes beside the rows: how much each counts, its known component, the group that somebody put it in."""

from dataclasses import replace
from typing import Any

import numpy as np

from bayesmix.data.columns import Column, Kind
from bayesmix.data.reading import read_rows
from bayesmix.data.rows import Rows
from bayesmix.data.values import of_others
from bayesmix.data.words import counted


def read_weights(sample_weight: Any, n_rows: int) -> np.ndarray:
    """Return the weight of each row, (N,) float64 and read-only.

    Parameters
    ----------
    sample_weight : array-like or series
        Finite numbers of at least 0, one a row of X in their order, not all 0. A weight of 2 is the row twice.
    n_rows : int
        Number of rows of X, N.

    Raises
    ------
    TypeError
        If it holds something other than numbers.
    ValueError
        If it has another length, missing, infinite or negative numbers, or nothing but zeros.
    """
    rows = _one_a_row(sample_weight, "sample_weight", n_rows)
    weights = rows.values[:, 0]
    wrong = ~(rows.values >= 0)
    if wrong.any():
        wanted = "numbers of at least 0, and 0 for a row that does not count"
        raise ValueError(of_others(rows, wrong, wanted, "sample_weight"))
    if not weights.any():
        raise ValueError("sample_weight is 0 for every row. Give at least one of them a weight above 0.")
    return weights


def read_known_labels(labels: Any, n_rows: int, n_components: int) -> np.ndarray:
    """Return the component that each row is known to belong to, (N,) int64 and read-only.

    Parameters
    ----------
    labels : array-like or series
        Whole numbers from 0 to K - 1, one a row of X in their order; -1 where the component is unknown.
    n_rows : int
        Number of rows of X, N.
    n_components : int
        Number of components, K.

    Raises
    ------
    TypeError
        If it holds something other than numbers.
    ValueError
        If it has another length, missing values, or numbers that are no component.
    """
    rows = _one_a_row(labels, "labels", n_rows)
    wrong = ~np.isin(rows.values, np.arange(-1, n_components))
    if wrong.any():
        wanted = f"components from 0 to {n_components - 1} (n_components={n_components}), and -1 where one is unknown"
        raise ValueError(of_others(rows, wrong, wanted, "labels"))
    known = rows.values[:, 0].astype(np.int64)
    known.flags.writeable = False
    return known


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
    return _one_a_row(labels, argument, n_rows, takes="categorical").values[:, 0].astype(np.int64)


def _one_a_row(column: Any, argument: str, n_rows: int, takes: Kind = "real") -> Rows:
    missing = "keep" if takes == "real" else "refuse"
    rows = read_rows(column, argument=argument, takes=takes, missing=missing)
    if rows.n_features != 1:
        raise ValueError(f"{argument} must be one number a row, but has {rows.n_features} columns. Choose one of them.")
    if rows.n_rows != n_rows:
        raise ValueError(
            f"{argument} is for {counted(rows.n_rows, 'row')}, but X has {n_rows}. Give one number a row, in the order "
            "of X."
        )
    return replace(rows, columns=(Column(argument),))
