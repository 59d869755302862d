"""Equal rows as one row each, with how many there are."""

from typing import Any, NamedTuple

import numpy as np

from bayesmix.data.beside_rows import read_weights
from bayesmix.data.containers import Categories, open_table


class UniqueRows(NamedTuple):
    """Rows of which no two are equal, and how often each was there.

    Attributes
    ----------
    X : as the rows came
        The first of each set of equal rows, (M, D), in the order in which they were met.
    sample_weight : ndarray of shape (M,)
        How many rows are equal to it, or the sum of their weights.
    inverse : ndarray of shape (N,)
        The position among them of each row that was given: ``labels[inverse]`` are labels of all rows.
    """

    X: Any
    sample_weight: np.ndarray
    inverse: np.ndarray


def unique_rows(X: Any, sample_weight: Any = None) -> UniqueRows:
    """Take equal rows together: the same likelihood of fewer rows, by their weights.

    Every pass over the rows then costs as much as there are different ones. Of answers in words, or counts, these are
    often a small part of all.

    Parameters
    ----------
    X : array, data frame or DataArray, (N, D)
        Missing cells are equal to each other.
    sample_weight : array or series (N,), optional
        How much each row counts so far; once by default.

    Returns
    -------
    UniqueRows
        ``X``, ``sample_weight`` and ``inverse``, for ``mixture.fit(X, sample_weight=sample_weight)``.

    Raises
    ------
    TypeError, ValueError
        If X is no table, or the weights are no weights.

    Examples
    --------
    >>> import numpy as np
    >>> import bayesmix as bm
    >>> answers = np.array([["yes", "no"], ["no", "no"], ["yes", "no"], ["yes", "no"]])
    >>> unique = bm.data.unique_rows(answers)
    >>> unique.X.tolist(), unique.sample_weight.tolist(), unique.inverse.tolist()
    ([['yes', 'no'], ['no', 'no']], [3.0, 1.0], [0, 1, 0, 0])
    """
    import pandas as pd

    table = open_table(X, "X")
    weights = np.ones(table.n_rows) if sample_weight is None else read_weights(sample_weight, table.n_rows)
    frame = pd.DataFrame({j: _codes(column) for j, column in enumerate(table.columns)})
    inverse = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy()
    first = np.unique(inverse, return_index=True)[1]
    return UniqueRows(_taken(X, first), np.bincount(inverse, weights), inverse)


def _codes(column: np.ndarray | Categories | str) -> np.ndarray:
    """Numbers that are equal where entries are; -1 where one is missing."""
    import pandas as pd

    if isinstance(column, str):
        raise TypeError(f"X has a column of {column}: leave it out, rows are compared by numbers and words.")
    entries = np.array(column.entries, dtype=object) if isinstance(column, Categories) else column
    return pd.factorize(entries)[0]


def _taken(X: Any, which: np.ndarray) -> Any:
    """These rows, in the container that they came in."""
    if isinstance(X, (list, tuple)):
        return [X[i] for i in which]
    if isinstance(X, np.ndarray):
        return X[which]
    if hasattr(X, "isel"):
        return X.isel({X.dims[0]: which})
    import narwhals as nw

    return nw.from_native(X, allow_series=True, eager_only=True)[which.tolist()].to_native()
