"""Hyperparameters as plain, comparable numbers, and the summary of the data that scales them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.data import Rows


def as_numbers(value: Any, name: str, *, positive: bool = False) -> Any:
    """A float, or nested tuples of floats; ``ValueError`` naming the hyperparameter otherwise."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number or an array of numbers, not {value!r}") from error
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be finite, not {value!r}")
    if positive and np.any(array <= 0):
        raise ValueError(f"{name} must be positive, not {value!r}")

    def freeze(item):
        return tuple(freeze(part) for part in item) if isinstance(item, list) else item

    return freeze(array.tolist())


def as_one_number(value: Any, name: str) -> float:
    """A positive float; ``ValueError`` naming the hyperparameter otherwise."""
    number = as_numbers(value, name, positive=True)
    if np.ndim(number) != 0:
        raise ValueError(f"{name} must be one number, not {value!r}")
    return number


@dataclass(frozen=True, eq=False)
class DataSummary:
    """What data-scaled priors need to know of the rows.

    Attributes
    ----------
    mean : (D,) array
    covariance : (D, D) array
        With ``N - 1`` in the denominator; only its diagonal where it is singular, that is for ``N <= D``.
    """

    mean: np.ndarray
    covariance: np.ndarray

    def of(self, features: np.ndarray | None) -> "DataSummary":
        """Of some columns; None for all."""
        if features is None:
            return self
        return DataSummary(self.mean[features], self.covariance[np.ix_(features, features)])


def summarise(rows: Rows) -> DataSummary:
    """Mean and covariance of the rows."""
    factor = rows.covariance_factor
    return DataSummary(rows.centre_and_scale[0], factor @ factor.T)
