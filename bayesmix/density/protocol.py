"""What an engine may ask of a density."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class FreeVariable:
    """One free variable of the model and where its unconstrained values stand in the flat vector."""

    name: str
    shape: tuple[int, ...]
    place: slice


class Density(Protocol):
    """Log posterior density of the flat unconstrained vector ``q``: PyMC's value vector, same order and transforms."""

    @property
    def size(self) -> int:
        """Length of ``q``."""
        ...

    @property
    def variables(self) -> tuple[FreeVariable, ...]:
        """The free variables in the order of ``q``."""
        ...

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """Log density of ``q``, Jacobians included, and its gradient."""
        ...

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """Log density in the constrained variables (no Jacobians), highest at MAP, and its gradient in q."""
        ...

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """Every variable of the posterior group, in the units of the data, from (..., size) vectors."""
        ...

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The flat vector of named values in the units of the data."""
        ...

    def start(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """As :meth:`unconstrain`; a free variable that is not among the values has the model's own initial value.

        Mixture parameters then give a whole vector also where a prior has unknowns of its own.
        """
        ...
