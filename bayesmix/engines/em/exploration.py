"""Where the starts lead: short runs on a sample of the rows, then one climb on all rows from each distinct place.

Most random starts come together long before they converge, and some end so low that nobody asks how low exactly. So
every start first climbs until an iteration gains little. Then one climb goes on from each distinct place; starts at the
same place follow it, and a place that could not catch up with the best one is set aside with its height.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bayesmix.engines.em.loop import Ascent, Climb
from bayesmix.engines.em.optima import group_optima
from bayesmix.engines.em.settings import EMSettings
from bayesmix.engines.em.status import Status
from bayesmix.families.parts import Point

SETTLED = 1e-5  # gain in nats per row of the iteration that ends a short run
SHORT = 50  # iterations of a short run at most
_FAR = 0.05  # nats per row that a place must lie below the best one to be set aside,
_FAR_AT_LEAST = 100.0  # and nats in all: no basin that low has any posterior mass


def explore(
    starts: Sequence[Point],
    sample: Ascent,
    whole: Ascent,
    settings: EMSettings,
    report: Callable,
    beside: Callable[[list[Climb]], list[Climb]],
) -> list[Climb]:
    """Climb from every start: short runs on a sample of the rows first, where that saves passes.

    ``beside`` finds further places, given the short runs. ``tol=0`` asks for iterations and not for the optimum, and a
    ``tol`` as large as that of the short runs leaves nothing to be done after them: then every start climbs on all
    rows.
    """
    if 0 < settings.tol < SETTLED and (len(starts) > 1 or sample is not whole):
        settled = short_runs(starts, sample, settings, report)
        return go_on([*settled, *beside(settled)], starts, sample, whole, settings, report)
    return _from_every(starts, whole, settings.tol, settings.max_iter, report)


def short_runs(starts: Sequence[Point], sample: Ascent, settings: EMSettings, report: Callable) -> list[Climb]:
    """Climb from every start until an iteration gains little."""
    return _from_every(starts, sample, SETTLED, min(SHORT, settings.max_iter), report)


def _from_every(starts: Sequence[Point], ascent: Ascent, tol: float, max_iter: int, report: Callable) -> list[Climb]:
    climbs = []
    for number, start in enumerate(starts):
        report("EM starts", number)
        climbs.append(ascent.climb(start, tol, max_iter))
    return climbs


def go_on(
    climbs: list[Climb],
    starts: Sequence[Point],
    climbed: Ascent,
    whole: Ascent,
    settings: EMSettings,
    report: Callable,
    *,
    anew: bool = False,
) -> list[Climb]:
    """One climb on all rows from each distinct place where the climbs on ``climbed`` ended; the others follow it.

    What collapsed on a sample of the rows starts again from its beginning, if that is one of the ``starts``: on all
    rows it may not. ``anew``: the climbs so far were to the top of another objective, and do not count towards
    ``max_iter``.
    """
    places = group_optima(climbs, whole.family, climbed.n_rows)
    best = max((one.objective for one in climbs if one.status.interior), default=-np.inf)
    far = max(_FAR * climbed.n_rows, _FAR_AT_LEAST)
    another = anew or climbed is not whole  # objective: heights do not go on from those reached
    leaders: dict[int, Climb] = {}
    ended: list[Climb | None] = [None] * len(climbs)
    for number, i in enumerate(sorted(range(len(climbs)), key=lambda i: -climbs[i].objective)):
        report("EM to the tops", number)
        before, place = climbs[i], places[i]
        left = settings.max_iter if anew else settings.max_iter - before.iterations
        if place in leaders:
            leader = leaders[place]
            status = Status.FOLLOWER if leader.status.interior else leader.status
            ended[i] = replace(leader, status=status, iterations=before.iterations)
            continue
        if place < 0:
            once_more = another and i < len(starts)
            ended[i] = whole.climb(starts[i], settings.tol, settings.max_iter) if once_more else before
            continue
        behind = best - before.objective
        pace = float(before.history[-1] - before.history[-2]) if before.history.size > 1 else np.inf
        if behind > far and behind > pace * left:
            one = replace(whole.climb(before.point, settings.tol, 0), status=Status.SET_ASIDE)
        else:
            one = whole.climb(before.point, settings.tol, left)
        if not another:
            one = replace(one, history=np.concatenate([before.history[:-1], one.history]))
        ended[i] = leaders[place] = replace(one, iterations=before.iterations + one.iterations)
    return [one for one in ended if one is not None]


def resume(
    climbs: list[Climb],
    starts: Sequence[Point],
    whole: Ascent,
    settings: EMSettings,
    report: Callable,
    judge: Callable[[list[Climb]], list[Climb]],
) -> list[Climb]:
    """Climb on from what was set aside, where all that it was set aside for turned out to have collapsed."""
    while _only_set_aside(climbs):
        climbs = judge(go_on(climbs, starts, whole, whole, settings, report, anew=True))
    return climbs


def _only_set_aside(climbs: list[Climb]) -> bool:
    left = {one.status for one in climbs if one.status.interior}
    return Status.SET_ASIDE in left and left <= {Status.SET_ASIDE, Status.FOLLOWER}
