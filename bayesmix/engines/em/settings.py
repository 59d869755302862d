"""The settings of an EM fit, checked once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesmix.engines.em.result import EMResult

INITS = ("k-means++", "kmeans", "random_from_data", "random")


@dataclass(frozen=True, eq=False)
class EMSettings:
    """How to climb (see :meth:`bayesmix.Mixture.fit_em`)."""

    estimate: str = "map"
    init: Any = "k-means++"
    n_init: int = 10
    max_iter: int = 1000
    tol: float = 1e-8

    def __post_init__(self):
        if self.estimate not in ("map", "ml"):
            raise ValueError(f"estimate must be 'map' or 'ml', not {self.estimate!r}")
        if isinstance(self.init, str) and self.init not in INITS:
            raise ValueError(
                f"init must be one of {', '.join(map(repr, INITS))}, an EMResult, labels (N,) or responsibilities "
                f"(N, K), not {self.init!r}"
            )
        for name in ("n_init", "max_iter"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, not {value!r}")
        if not (isinstance(self.tol, int | float | np.floating) and 0 <= self.tol < np.inf):
            raise ValueError(f"tol must be a number of at least 0, not {self.tol!r}")

    def described(self) -> dict[str, Any]:
        """The settings as plain values, which a file can keep; an ``init`` that is no name is told in words."""
        return {
            "estimate": self.estimate,
            "init": self.init if isinstance(self.init, str) else _in_words(self.init),
            "n_init": int(self.n_init),
            "max_iter": int(self.max_iter),
            "tol": float(self.tol),
        }


def _in_words(init: Any) -> str:
    if isinstance(init, EMResult):
        return "an EMResult"
    return "labels (N,)" if np.ndim(init) == 1 else "responsibilities (N, K)"
