"""Other optima that are nearly as high as the best one."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from bayesmix.notes import NEARBY


class Top(Protocol):
    """An optimum, as ``EMResult.optima`` holds them."""

    @property
    def objective(self) -> float:
        """In nats."""
        ...

    @property
    def weights(self) -> np.ndarray:
        """One for each group."""
        ...


def rivals_of(optima: Sequence[Top]) -> tuple[dict[str, Any], ...]:
    """The optima within 10 nats of the highest that was found, without that: ``below`` in nats, and ``weights``."""
    if not optima:
        return ()
    highest, *others = sorted(optima, key=lambda top: -top.objective)
    near = [top for top in others if highest.objective - top.objective < NEARBY]
    return tuple({"below": float(highest.objective - top.objective), "weights": top.weights.tolist()} for top in near)
