"""Which climbs reached the same top."""

import numpy as np

from bayesmix.engines.em.loop import Climb
from bayesmix.families import Family
from bayesmix.families.parts import Point

# Two climbs stopped by the same tol near one top differ in height by a multiple of tol * N, and in place by its root.
# Places are in standard deviations of the data.
SAME_HEIGHT = 1e-5  # per row, relative to one nat
_SAME_PLACE = 0.05  # of a standard deviation of the data, and of a weight


def group_optima(climbs: list[Climb], family: Family, n_rows: float) -> list[int]:
    """Number of the distinct optimum that each climb reached; -1 for a collapse. Optimum 0 is the highest."""
    order = sorted(range(len(climbs)), key=lambda i: -climbs[i].objective)
    tops: list[Climb] = []
    reached = [-1] * len(climbs)
    for i in order:
        if not climbs[i].status.interior:
            continue
        for number, top in enumerate(tops):
            close = top.objective - climbs[i].objective <= max(SAME_HEIGHT * n_rows, 1e-3)
            if close and _same_place(top.point, climbs[i].point, family):
                reached[i] = number
                break
        else:
            reached[i] = len(tops)
            tops.append(climbs[i])
    return reached


def _same_place(a: Point, b: Point, family: Family) -> bool:
    places, others = family.places(a.state), family.places(b.state)
    distance = np.abs(places[:, None, :] - others[None, :, :]).max(axis=2)
    distance = np.maximum(distance, np.abs(a.weights[:, None] - b.weights[None, :]))
    nearest = distance.argmin(axis=1)
    if distance.min(axis=1).max() >= _SAME_PLACE:
        return False
    if len(set(nearest.tolist())) == len(nearest):  # no assignment does better than everybody's nearest
        return True
    from scipy.optimize import linear_sum_assignment

    return bool(distance[linear_sum_assignment(distance)].max() < _SAME_PLACE)
