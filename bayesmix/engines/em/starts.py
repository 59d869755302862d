"""Where the climbs start from (rows are standardised)."""

import numpy as np

from bayesmix.data.words import FROM_ZERO
from bayesmix.families import Family
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.parts import Conditional, Point

_CHUNK = 65536  # rows whose distances to the centres are held at once


def point_of_memberships(
    columns: np.ndarray,
    memberships: np.ndarray,
    family: Family,
    conditional: Conditional | None,
    n_components: int,
    row_weights: np.ndarray = NO_ROW_WEIGHTS,
) -> Point:
    """An M-step from labels (N,) or responsibilities (N, K).

    Under the data-scaled default prior, so that a component with few rows, or none, starts with a spread and a weight;
    without an M-step, the family's own guess.
    """
    if row_weights.size:
        shares = np.eye(n_components)[memberships] if memberships.ndim == 1 else memberships
        memberships = row_weights[:, None] * shares
    state, statistics = family.gathered(columns, memberships, n_components)
    weights = (statistics.counts + 1) / (statistics.counts + 1).sum()
    return Point(weights, state if conditional is None else conditional.mode(state, statistics))


def nearest(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Label of the nearest centre of each row."""
    labels = np.empty(rows.shape[0], dtype=np.intp)
    lengths = (centres**2).sum(axis=1)
    for start in range(0, rows.shape[0], _CHUNK):
        chunk = rows[start : start + _CHUNK]
        labels[start : start + _CHUNK] = np.argmin(lengths - 2 * chunk @ centres.T, axis=1)
    return labels


def memberships(
    rows: np.ndarray,
    init: str,
    n_components: int,
    rng: np.random.Generator,
    row_weights: np.ndarray = NO_ROW_WEIGHTS,
) -> np.ndarray:
    """Labels (N,) or responsibilities (N, K) of one random start; a row is chosen as often as it counts."""
    weighted = row_weights.size > 0
    if init == "random":
        return rng.dirichlet(np.ones(n_components), size=rows.shape[0])
    if init == "random_from_data":
        chances = row_weights / row_weights.sum() if weighted else None
        return nearest(rows, rows[rng.choice(rows.shape[0], size=n_components, replace=False, p=chances)])
    if init == "kmeans":
        from sklearn.cluster import KMeans  # a heavy import, needed only here

        means = KMeans(n_components, n_init="auto", random_state=int(rng.integers(2**31)))
        return means.fit_predict(rows, sample_weight=row_weights if weighted else None)
    return nearest(rows, far_apart(rows, n_components, rng, row_weights))


def far_apart(
    rows: np.ndarray, n_components: int, rng: np.random.Generator, row_weights: np.ndarray = NO_ROW_WEIGHTS
) -> np.ndarray:
    """K rows far from each other: greedy k-means++.

    Each next row is the best of a few drawn with probability proportional to the squared distance from the rows
    chosen so far: the one that leaves the smallest sum of squared distances (Arthur and Vassilvitskii, 2007; the
    greedy form is that of scikit-learn). Rows with weights are as likely, and add as much, as so many rows.
    """
    n_trials = 2 + int(np.log(n_components))
    columns, lengths = rows.T, np.einsum("ij,ij->i", rows, rows)

    def squares_from(chosen: np.ndarray) -> np.ndarray:
        centres = rows[chosen]
        products = centres @ columns
        products *= -2
        products += lengths
        products += lengths[chosen, None]
        np.maximum(products, 0, out=products)
        if weighted:
            products *= row_weights
        return products

    weighted = row_weights.size > 0
    first = rng.choice(rows.shape[0], p=row_weights / row_weights.sum()) if weighted else rng.integers(rows.shape[0])
    chosen = [int(first)]
    closest = squares_from(np.array(chosen))[0]
    while len(chosen) < n_components:
        total = np.cumsum(closest)
        drawn = np.searchsorted(total, rng.random(n_trials) * total[-1])
        candidates = np.minimum(drawn, rows.shape[0] - 1)
        left = np.minimum(squares_from(candidates), closest)
        best = int(left.sum(axis=1).argmin())
        chosen.append(int(candidates[best]))
        closest = left[best]
    return rows[chosen]


def given_memberships(init: np.ndarray, n_rows: int, n_components: int) -> np.ndarray:
    """The user's labels or responsibilities, checked.

    Raises
    ------
    ValueError
        If they have the wrong shape, a label is not in 0..K-1, or a row of responsibilities is negative or does not
        sum to one.
    """
    array = np.asarray(init)
    if array.shape == (n_rows,):
        numbers = array.dtype.kind in "buif"
        if not numbers or not np.all(array == np.floor(array)) or array.min() < 0 or array.max() >= n_components:
            raise ValueError(f"init as labels must hold whole numbers from 0 to {n_components - 1}")
        return array.astype(np.intp)
    if array.shape == (n_rows, n_components):
        array = array.astype(float)
        bad = np.flatnonzero(~((array >= 0).all(axis=1) & (np.abs(array.sum(axis=1) - 1) < 1e-6)))
        if bad.size:
            raise ValueError(
                f"init as responsibilities: row {bad[0]} ({FROM_ZERO}) has a negative entry or does not sum to one"
            )
        return array / array.sum(axis=1, keepdims=True)
    raise ValueError(
        f"init as an array must be labels of shape ({n_rows},) or responsibilities of shape "
        f"({n_rows}, {n_components}), not {array.shape}"
    )
