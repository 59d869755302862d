"""Where the climbs start from (rows are standardised)."""

import numpy as np

from bayesmix.em.loop import Point
from bayesmix.families import Gaussian, Statistics
from bayesmix.priors import NormalInverseWishart

_CHUNK = 65536  # rows whose distances to the centres are held at once


def point_of_memberships(
    rows: np.ndarray, memberships: np.ndarray, family: Gaussian, n_components: int, prior: NormalInverseWishart
) -> Point:
    """An M-step from labels (N,) or responsibilities (N, K).

    Always under the data-scaled conjugate prior, so that a component with few rows, or none, starts with a
    covariance and a weight.
    """
    n_features = rows.shape[1]
    counts = np.zeros(n_components)
    means = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features, n_features))
    for k in range(n_components):
        if memberships.ndim == 1:
            own, weights = rows[memberships == k], None
            counts[k] = own.shape[0]
        else:
            own, weights = rows, memberships[:, k]
            counts[k] = weights.sum()
        if counts[k] > 0:
            means[k] = np.average(own, axis=0, weights=weights)
            centred = own - means[k]
            second[k] = centred.T @ (centred if weights is None else weights[:, None] * centred)
    structure = family.structure
    if not structure.correlated:
        second = np.diagonal(second, axis1=1, axis2=2).copy()
    statistics = Statistics(0.0, counts, np.zeros_like(means), second)
    unit = structure.initial_factor(n_components, n_features)
    moved, factor = structure.m_step(means, unit, statistics, prior)
    return Point((counts + 1) / (counts + 1).sum(), moved, factor)


def nearest(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Label of the nearest centre of each row."""
    labels = np.empty(rows.shape[0], dtype=np.intp)
    lengths = (centres**2).sum(axis=1)
    for start in range(0, rows.shape[0], _CHUNK):
        chunk = rows[start : start + _CHUNK]
        labels[start : start + _CHUNK] = np.argmin(lengths - 2 * chunk @ centres.T, axis=1)
    return labels


def memberships(rows: np.ndarray, init: str, n_components: int, rng: np.random.Generator) -> np.ndarray:
    """Labels (N,) or responsibilities (N, K) of one random start."""
    if init == "random":
        return rng.dirichlet(np.ones(n_components), size=rows.shape[0])
    if init == "random_from_data":
        return nearest(rows, rows[rng.choice(rows.shape[0], size=n_components, replace=False)])
    from sklearn.cluster import KMeans, kmeans_plusplus  # a heavy import, needed only here

    seed = int(rng.integers(2**31))
    if init == "kmeans":
        return KMeans(n_components, n_init="auto", random_state=seed).fit_predict(rows)
    return nearest(rows, kmeans_plusplus(rows, n_components, random_state=seed)[0])


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
        whole = np.issubdtype(array.dtype, np.integer) or bool(np.all(array == np.floor(array)))
        if not whole or array.min() < 0 or array.max() >= n_components:
            raise ValueError(f"init as labels must hold whole numbers from 0 to {n_components - 1}")
        return array.astype(np.intp)
    if array.shape == (n_rows, n_components):
        array = array.astype(float)
        bad = np.flatnonzero(~((array >= 0).all(axis=1) & (np.abs(array.sum(axis=1) - 1) < 1e-6)))
        if bad.size:
            raise ValueError(f"init as responsibilities: row {bad[0]} has a negative entry or does not sum to one")
        return array / array.sum(axis=1, keepdims=True)
    raise ValueError(
        f"init as an array must be labels of shape ({n_rows},) or responsibilities of shape "
        f"({n_rows}, {n_components}), not {array.shape}"
    )
