"""Starts and estimates of EM where something is known of the rows' components beforehand."""

import numpy as np

from bayesmix.data.rows import interchangeable


def by_known_names(given: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    """Labels (N,) or responsibilities (N, K) of components renamed so that they agree best with what is known."""
    # loaded where it is needed: a fit without labels starts sooner
    from scipy.optimize import linear_sum_assignment

    n_components = log_prior.shape[1]
    shares = np.eye(n_components)[given] if given.ndim == 1 else given
    agreement = shares.T @ _shares_of(log_prior)
    renamed = np.empty_like(shares)
    where, names = linear_sum_assignment(agreement, maximize=True)
    renamed[:, names] = shares[:, where]
    return renamed


def as_known(given: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    """Responsibilities (N, K): what is given, times what is known; where both exclude each other, what is known."""
    shares = np.eye(log_prior.shape[1])[given] if given.ndim == 1 else given
    shares = shares * np.exp(log_prior)
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 0, shares / np.where(total > 0, total, 1.0), _shares_of(log_prior))


def _shares_of(log_prior: np.ndarray) -> np.ndarray:
    prior = np.exp(log_prior)
    return prior / prior.sum(axis=1, keepdims=True)


def by_weight(weights: np.ndarray, log_prior: np.ndarray | None) -> np.ndarray:
    """The order of components: by decreasing weight; those that are known keep their places."""
    if log_prior is None:
        return np.argsort(-weights, kind="stable")
    order = np.arange(weights.size)
    for alike in interchangeable(log_prior):
        order[alike] = alike[np.argsort(-weights[alike], kind="stable")]
    return order
