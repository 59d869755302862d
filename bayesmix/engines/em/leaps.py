"""Leaps along the way that EM takes, where it takes many small steps: squared extrapolation (SQUAREM).

Near a top an M-step shrinks the distance by a factor that is close to one where groups overlap. From three points in
a row, ``p``, ``M(p)`` and ``M(M(p))``, one knows the step ``r = M(p) - p`` and by how much the next one differs from
it, ``v``. The leap goes to

    p + 2 a r + a^2 v,    a = |r| / |v|,

which is where the two steps led for ``a = 1``, and the top itself where steps shrink by the same factor in all
directions. Whether it leads up is seen in the pass that is made there in any case. If it does not, the climb goes on
from where the two steps led, so that the objective never falls.

References
----------
Varadhan, R. and Roland, C. (2008). Simple and globally convergent methods for accelerating the convergence of any EM
algorithm. Scandinavian Journal of Statistics 35, 335-353. https://doi.org/10.1111/j.1467-9469.2007.00585.x
"""

from collections.abc import Sequence

import numpy as np

from bayesmix.families.parts import Conditional, Point

PLAIN = 50
"""Iterations before the first leap: most climbs end sooner, and early leaps might lead away from the nearest top."""
_LONGER = 4.0  # factor of the longest leap allowed, where it was taken whole, and the first one that is


class Leaps:
    """The leaps of one climb."""

    def __init__(self, conditional: Conditional):
        self.conditional = conditional
        self._longest = _LONGER
        self._before: Point | None = None

    def after(self, point: Point, stepped: Point) -> Point | None:
        """Where to leap from an M-step, if it is the second one in a row; None where it is better to step on."""
        if self._before is None:
            self._before = point
            return None
        first, self._before = self._before, None
        return self._beyond(first, point, stepped)

    def fell(self) -> None:
        """The last leap led down."""
        self._longest = max(self._longest / _LONGER, _LONGER)

    def _beyond(self, *points: Point) -> Point | None:
        states = [straight for point in points if (straight := self.conditional.straight(point.state)) is not None]
        if len(states) < len(points):
            return None
        starts, betweens, ends = ((point.weights, *state) for point, state in zip(points, states, strict=True))
        steps = [b - a for a, b in zip(starts, betweens, strict=True)]
        changes = [c - b - r for b, c, r in zip(betweens, ends, steps, strict=True)]
        length = _norm(steps) / max(_norm(changes), np.finfo(float).tiny)
        if length >= self._longest:
            length = self._longest
            self._longest *= _LONGER
        if length <= 1:
            return None
        weights, *others = (a + 2 * length * r + length**2 * v for a, r, v in zip(starts, steps, changes, strict=True))
        state = self.conditional.from_straight(tuple(others))
        # a long leap enlarges rounding, and what does not sum to one would be higher than what does
        return Point(weights / weights.sum(), state) if state is not None and weights.min() > 0 else None


def _norm(parts: Sequence[np.ndarray]) -> float:
    return float(np.sqrt(sum(np.vdot(part, part) for part in parts)))
