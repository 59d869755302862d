"""Starts from an estimate with one component fewer, or one more: a component is split, or two are merged."""

from collections.abc import Iterator, Sequence

import numpy as np


def splits(log_joint: np.ndarray, views: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Labels (n,) in which one of the components has become two, each in turn.

    Its rows are cut across the direction in which they spread most, and into an inner and an outer half: groups beside
    each other, and one within the other.

    Parameters
    ----------
    log_joint : (n, K) array
        Log of weight times density of each row and component.
    views : sequence of (n, d) arrays
        The rows in coordinates in which distances mean something.
    """
    labels, n_components = log_joint.argmax(axis=1), log_joint.shape[1]
    for k in range(n_components):
        home = np.flatnonzero(labels == k)
        if home.size < 2:
            continue
        for view in views:
            centred = view[home] - view[home].mean(axis=0)
            *_, directions = np.linalg.svd(centred, full_matrices=False)
            yield _moved(labels, home[centred @ directions[0] > 0], n_components)
        density = log_joint[home, k]
        yield _moved(labels, home[density < np.median(density)], n_components)


def merges(log_joint: np.ndarray) -> Iterator[np.ndarray]:
    """Labels (n,) in which two of the K components have become one: the K - 1 pairs that share most of their rows.

    They share the rows of which either could be the component: the cosine of the angle between their responsibilities
    (Ueda et al. 2000).
    """
    n_components = log_joint.shape[1]
    shares = np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True))
    shares /= np.maximum(np.sqrt((shares**2).sum(axis=0)), np.finfo(float).tiny)
    first, second = np.triu_indices(n_components, 1)
    together = (shares.T @ shares)[first, second]
    labels = log_joint.argmax(axis=1)
    for pair in np.argsort(-together, kind="stable")[: n_components - 1]:
        merged = np.where(labels == second[pair], first[pair], labels)
        yield merged - (merged > second[pair])


def _moved(labels: np.ndarray, rows: np.ndarray, to: int) -> np.ndarray:
    moved = labels.copy()
    moved[rows] = to
    return moved
