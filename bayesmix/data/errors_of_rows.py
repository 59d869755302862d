"""Reads how exactly each row was measured: the covariances of its errors."""

from typing import Any

import numpy as np

from bayesmix.data.rows import Rows
from bayesmix.data.words import SHOWN, counted, places

# Of correlations of errors, the least eigenvalue and the asymmetry that rounding is allowed to make.
_ROUNDING = 1e-8


def read_errors(error_covariances: Any, rows: Rows, argument: str = "error_covariances") -> np.ndarray:
    """Return the covariance matrix of each row's errors, (N, D, D) float64 and read-only.

    Parameters
    ----------
    error_covariances : array-like or data frame
        Matrices (N, D, D), or variances (N, D) of independent errors, in the order of the rows and columns of X and in
        the squares of its units. Zeros are values that are known exactly. What stands where a value of X is missing
        counts for nothing.
    rows : Rows
        Those of X.
    argument : str
        The name by which messages call them.

    Raises
    ------
    TypeError
        If it holds something other than numbers.
    ValueError
        If it has another shape, missing, infinite or negative numbers, or matrices that are no covariances.
    """
    try:
        given = np.array(error_covariances, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{argument} must hold numbers: variances (N, D), or covariance matrices (N, D, D).") from None
    n_rows, n_features = rows.values.shape
    if n_features == 1 and given.shape == (n_rows,):
        given = given[:, None]
    if given.shape == (n_rows, n_features):
        errors = np.zeros((n_rows, n_features, n_features))
        errors[:, np.arange(n_features), np.arange(n_features)] = given
    elif given.shape == (n_rows, n_features, n_features):
        errors = given
    else:
        raise ValueError(
            f"{argument} must have shape {(n_rows, n_features)}, a variance for each value of X, or "
            f"{(n_rows, n_features, n_features)}, a covariance matrix for each row, not {given.shape}. An error that "
            "all rows have is repeated for each: np.broadcast_to(S, (len(X), *S.shape))."
        )
    if rows.missing is not None:
        seen = ~rows.missing
        errors = np.where(seen[:, :, None] & seen[:, None, :], errors, 0.0)
    _check_finite(errors, rows, argument)
    _check_covariances(errors, rows, argument)
    errors = (errors + errors.swapaxes(1, 2)) / 2
    errors.flags.writeable = False
    return errors


def _check_finite(errors: np.ndarray, rows: Rows, argument: str) -> None:
    wrong = ~np.isfinite(errors)
    if wrong.any():
        raise ValueError(
            f"{argument} has missing or infinite numbers: {places(wrong.any(axis=2), rows.features, rows.obs)}. A "
            "value whose error has no bound was not measured: make it missing (NaN) in X."
        )


def _check_covariances(errors: np.ndarray, rows: Rows, argument: str) -> None:
    variances = np.diagonal(errors, axis1=1, axis2=2)
    negative = variances < 0
    if negative.any():
        raise ValueError(
            f"{argument} has {counted(int(negative.sum()), 'negative variance')}, {variances[negative][0]:.6g} first: "
            f"{places(negative, rows.features, rows.obs)}. Give squares of standard errors, and 0 for an exact value."
        )
    if rows.n_features == 1:
        return
    deviations = np.sqrt(np.where(variances > 0, variances, 1.0))  # an exact value may go with no other one
    correlations = errors / deviations[:, :, None] / deviations[:, None, :]
    asymmetric = abs(correlations - correlations.swapaxes(1, 2)).max(axis=(1, 2)) > _ROUNDING
    if asymmetric.any():
        raise ValueError(
            f"{argument} has matrices that are not symmetric: {rows.called(np.flatnonzero(asymmetric), SHOWN)}. Give "
            "covariance matrices."
        )
    least = np.linalg.eigvalsh(correlations)[:, 0]
    indefinite = np.flatnonzero(least < -_ROUNDING * rows.n_features)
    if indefinite.size:
        raise ValueError(
            f"{argument} has matrices that are no covariances, since some combination of the columns would have a "
            f"negative variance: {rows.called(indefinite, SHOWN)}. A covariance is at most the product of the two "
            "standard errors."
        )
