"""Other optima that are nearly as high as the best one: which there are, and how that is said."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

# Optima this much lower, in nats, still hold a share of the posterior worth a word; those within the first number are
# counted on their own.
CLOSE = 5.0
NEARBY = 10.0
_SHOWN = 5


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


def counted_rivals(rivals: Sequence[Mapping[str, Any]]) -> str:
    """Such as ``"3 other optima within 5 nats of the best"``; nothing where there is none."""
    within = CLOSE if any(rival["below"] < CLOSE for rival in rivals) else NEARBY
    number = sum(rival["below"] < within for rival in rivals)
    if number == 0:
        return ""
    return f"{number} other {'optimum' if number == 1 else 'optima'} within {within:.0f} nats of the best"


def rivals_in_words(rivals: Sequence[Mapping[str, Any]]) -> str:
    """How many there are, how far below, and the weights of the nearest; nothing where there is none."""
    if not rivals:
        return ""
    below = [f"{rival['below']:.1f}" for rival in rivals[:_SHOWN]] + (["more"] if len(rivals) > _SHOWN else [])
    weights = [f"{weight:.2f}" for weight in rivals[0]["weights"]]
    nearest = "its weights are" if len(rivals) == 1 else "the weights of the nearest are"
    return f"{counted_rivals(rivals)} ({_listed(below)} below; {nearest} {_listed(weights)})"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
