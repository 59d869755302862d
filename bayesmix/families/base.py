"""The parts that every family is made of."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np


@dataclass(frozen=True)
class ParameterSpec:
    """One named parameter of a component, from which dims, shapes and counts are derived.

    Attributes
    ----------
    name : str
    dims : tuple of str
        ``component`` first, unless all components share the parameter.
    support : "real", "positive" or "covariance"
    """

    name: str
    dims: tuple[str, ...]
    support: Literal["real", "positive", "covariance"]

    @property
    def shared(self) -> bool:
        """Whether one value serves every component."""
        return "component" not in self.dims

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Shape of the array that holds the parameter."""
        return tuple(n_components if dim == "component" else n_features for dim in self.dims)

    def n_free(self, n_components: int, n_features: int) -> int:
        """Number of free values: a covariance matrix counts its lower triangle once."""
        if self.support != "covariance":
            return int(np.prod(self.shape(n_components, n_features)))
        matrices = 1 if self.shared else n_components
        return matrices * n_features * (n_features + 1) // 2


class StandardForm(NamedTuple):
    """Components as the kernels take them: ``log w_k f_k(x) = offset_k - |A_k (x - mean_k)|^2 / 2``.

    Leading axes, if any, are parameter draws.
    """

    offsets: np.ndarray
    means: np.ndarray
    whiteners: np.ndarray


@dataclass(frozen=True, eq=False)
class Statistics:
    """Sufficient statistics of one pass, weighted by the responsibilities; they add over row blocks.

    With ``y_ik = A_k (x_i - mean_k)`` at the parameters of the pass: ``counts = sum r``, ``first = sum r y`` and
    ``second = sum r y y'`` (``sum r y^2`` for uncorrelated features). Statistics add only if they were taken at the
    same parameters.
    """

    log_likelihood: float
    counts: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def __add__(self, other: "Statistics") -> "Statistics":
        return Statistics(
            self.log_likelihood + other.log_likelihood,
            self.counts + other.counts,
            self.first + other.first,
            self.second + other.second,
        )
