r"""Loadings that say nothing but their covariance: the rotation is settled.

:math:`\Lambda \Lambda^\top` does not change when the factors are turned, :math:`\Lambda Q` with Q orthogonal. Of all of
them one is zero above the diagonal, and positive on it: the one that is told. Its entries are coordinates, with the
logarithms of the diagonal, and

.. math:: d\Lambda = \prod_{j=1}^q l_{jj}^{q - j} \, dL \, dQ,

where dQ is the measure of the rotations, of volume :math:`\prod_j 2 \pi^{j/2} / \Gamma(j/2)`. So a density that no
rotation changes, as the prior's, keeps its meaning, and no order of the columns is another model.

References
----------
Leung, D. and Drton, M. (2016). Order-invariant prior specification in Bayesian factor analysis. Statistics and
Probability Letters 111, 60-66. https://doi.org/10.1016/j.spl.2016.01.006
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln


def settled(loadings: np.ndarray) -> np.ndarray:
    """The loadings (..., D, q) turned to be zero above the diagonal, and positive on it."""
    loadings = np.asarray(loadings, dtype=float)
    n_factors = loadings.shape[-1]
    turn, top = np.linalg.qr(np.swapaxes(loadings[..., :n_factors, :], -1, -2))
    signs = np.where(np.diagonal(top, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    out = loadings @ (turn * signs[..., None, :])
    above = np.triu_indices(n_factors, 1)
    out[..., above[0], above[1]] = 0.0
    return out


class Places(NamedTuple):
    """Where the free entries of loadings (D, q) stand, row by row, and which of them are on the diagonal."""

    rows: np.ndarray
    columns: np.ndarray
    diagonal: np.ndarray


@cache
def places(n_features: int, n_factors: int) -> Places:
    """Of loadings that are zero above the diagonal."""
    rows, columns = np.tril_indices(n_features, 0, n_factors)
    return Places(rows, columns, np.flatnonzero(rows == columns))


def n_free(n_features: int, n_factors: int) -> int:
    """Number of free entries."""
    return n_features * n_factors - n_factors * (n_factors - 1) // 2


def powers(n_factors: int) -> np.ndarray:
    """Of the diagonal, in the measure of the coordinates: ``q - j``, and one of the logarithm."""
    return np.arange(n_factors, 0, -1.0)


def log_volume(n_factors: int) -> float:
    """Logarithm of the volume of all rotations."""
    halves = 0.5 * np.arange(1, n_factors + 1)
    return float((np.log(2) + halves * np.log(np.pi) - gammaln(halves)).sum())


def from_free(free: np.ndarray, n_features: int, n_factors: int) -> np.ndarray:
    """Loadings (..., D, q) of their coordinates (..., P)."""
    rows, columns, diagonal = places(n_features, n_factors)
    values = np.array(free, dtype=float)
    values[..., diagonal] = np.exp(values[..., diagonal])
    out = np.zeros((*free.shape[:-1], n_features, n_factors))
    out[..., rows, columns] = values
    return out


def to_free(loadings: np.ndarray) -> np.ndarray:
    """The coordinates of loadings, however they are turned."""
    rows, columns, diagonal = places(*np.shape(loadings)[-2:])
    free = settled(loadings)[..., rows, columns]
    free[..., diagonal] = np.log(np.maximum(free[..., diagonal], _LEAST))
    return free


_LEAST = 1e-10  # of what must not be zero where a sampler starts
