"""Better tops beside the best one found: a component is given up, and another one, or a few rows, become two.

Random starts put components where there are many rows. What they miss are small groups that hide in the tail of a large
one, and two components that share a cloud while another cloud has none: from there EM does not find back, as every way
leads down first (Ueda et al., 2000). So from the best place so far, again and again,

1. a component is taken away, mostly one that the others can do without: one whose absence costs little log-likelihood;
2. it is given new rows, around a row that the others fit badly: that row alone, a few neighbours, or one half of the
   component that the row is in (as components are inserted by Verbeek et al., 2003);
3. a few iterations show where that leads, and those that promise most climb on.

What gives a higher place is the next one to go from. Of a place whose height is the prior's alone nothing is made: in
many dimensions an inverse-Wishart density is highest where a component has no rows, by more than groups far apart gain.

References
----------
Ueda, N., Nakano, R., Ghahramani, Z. and Hinton, G. E. (2000). SMEM algorithm for mixture models. Neural Computation 12,
2109-2128. https://doi.org/10.1162/089976600300015088

Verbeek, J. J., Vlassis, N. and Kröse, B. (2003). Efficient greedy learning of Gaussian mixture models. Neural
Computation 15, 469-485. https://doi.org/10.1162/089976603762553004
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from bayesmix.engines.em.loop import Climb, ExpectationMaximisation
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.parts import Point

_GLANCE = 5  # iterations that show where a proposal leads
_KEPT = 4  # proposals of a round that climb on
_MOST_ROUNDS = 10
_BETTER = 1e-3  # nats
_LOST = 12.0  # nats of log-likelihood, against the best start, for which the prior may make up
_ANYWHERE = 0.2  # of proposals, around any row; the others around one that is fitted badly
_HALVES = 0.2  # of proposals, that cut a component in two


def around(
    best: Climb,
    ascent: ExpectationMaximisation,
    views: Sequence[np.ndarray],
    log_joint: Callable[[Point], np.ndarray],
    point_of: Callable[[np.ndarray], Point],
    n_proposals: int,
    n_rounds: int,
    rng: np.random.Generator,
    settle: tuple[float, int],
    row_weights: np.ndarray = NO_ROW_WEIGHTS,
) -> list[Climb]:
    """Where splits and merges led, beginning at the best place that starts led to.

    Parameters
    ----------
    best : Climb
        On the rows of ``ascent``.
    ascent : ExpectationMaximisation
    views : sequence of (n, d) arrays
        The rows in coordinates in which distances mean something.
    log_joint : callable
        A point to the log of weight times density of each row and component, (n, K).
    point_of : callable
        Labels (n,) to a point.
    n_proposals : int
        In each round.
    n_rounds : int
        So many at least; then while each finds a better place.
    rng : Generator
    settle : (float, int)
        ``tol`` and ``max_iter`` of the climbs that are returned.
    row_weights : (n,) or (0,) array
        How much each row counts; empty, once.
    """
    found: list[Climb] = []
    least = best.statistics.log_likelihood - _LOST
    for number in range(_MOST_ROUNDS):
        starts = [
            point_of(labels) for labels in _proposals(best.point, views, log_joint, n_proposals, rng, row_weights)
        ]
        glances = [one for start in starts if (one := ascent.climb(start, settle[0], _GLANCE)).status.interior]
        likely = [one for one in glances if one.statistics.log_likelihood + _to_come(one) >= least]
        promising = sorted(likely, key=lambda one: one.objective + _to_come(one), reverse=True)[:_KEPT]
        climbs = [_on(one, ascent.climb(one.point, *settle)) for one in promising]
        found += [one for one in climbs if one.status.interior and one.statistics.log_likelihood >= least]
        highest = max(found, key=lambda one: one.objective, default=best)
        if highest.objective > best.objective + _BETTER:
            best = highest
        elif number + 1 >= n_rounds:
            break
    return found


def promising(
    starts: Iterable[Point], ascent: ExpectationMaximisation, bar: float, settle: tuple[float, int]
) -> list[Climb]:
    """Where the starts lead that after a few iterations promise to come to ``bar`` at least, the most promising first.

    Parameters
    ----------
    starts : iterable of Point
    ascent : ExpectationMaximisation
    bar : float
        On the rows of ``ascent``.
    settle : (float, int)
        ``tol`` and ``max_iter`` of the climbs that are returned.
    """
    glances = [one for start in starts if (one := ascent.climb(start, settle[0], _GLANCE)).status.interior]
    likely = [one for one in glances if one.objective + _to_come(one) >= bar]
    best = sorted(likely, key=lambda one: one.objective + _to_come(one), reverse=True)[:_KEPT]
    return [one for first in best if (one := _on(first, ascent.climb(first.point, *settle))).status.interior]


def _proposals(
    point: Point,
    views: Sequence[np.ndarray],
    log_joint: Callable,
    number: int,
    rng: np.random.Generator,
    row_weights: np.ndarray,
) -> Iterator[np.ndarray]:
    """Labels (n,), in which one component has been given up and has got rows elsewhere."""
    of_rows = log_joint(point)
    n_rows, n_components = of_rows.shape
    without = np.empty((n_components, n_rows))  # log-likelihoods of the rows
    labels = np.empty((n_components, n_rows), dtype=np.intp)
    for k in range(n_components):
        others = np.delete(of_rows, k, axis=1)
        labels[k] = others.argmax(axis=1)
        labels[k] += labels[k] >= k
        without[k] = np.logaddexp.reduce(others, axis=1) - np.log1p(-min(point.weights[k], 1 - 1e-9))
    if row_weights.size:
        without *= row_weights
    # The one that is missed least is given up in every second proposal, the next one in every fourth, and so on.
    chances = np.empty(n_components)
    chances[np.argsort(-without.sum(axis=1))] = 0.5 ** np.arange(n_components)
    lack = without.max(axis=1, keepdims=True) - without
    where_lacking = np.cumsum(lack**3, axis=1)  # the third power: outlying rows are few
    for gone in rng.choice(n_components, size=number, p=chances / chances.sum()):
        view, cumulative = views[int(rng.integers(len(views)))], where_lacking[gone]
        if rng.random() < _ANYWHERE or not 0 < cumulative[-1] < np.inf:
            row = int(rng.integers(n_rows))
        else:
            row = min(int(np.searchsorted(cumulative, rng.random() * cumulative[-1])), n_rows - 1)
        proposed = labels[gone].copy()
        home = np.flatnonzero(proposed == proposed[row])
        distances = ((view[home] - view[row]) ** 2).sum(axis=1)
        if rng.random() < _HALVES:
            other = view[home[rng.integers(home.size)]]
            moved = home[distances <= ((view[home] - other) ** 2).sum(axis=1)]
        else:
            n_features = view.shape[1]
            size = min((1, n_features + 2, 2 * (n_features + 1))[rng.integers(3)], home.size)
            moved = home[np.argpartition(distances, size - 1)[:size]]
        proposed[moved] = gone
        yield proposed


def _to_come(climb: Climb) -> float:
    """What a climb will gain, if its gains go on shrinking as the last two did (Aitken)."""
    if climb.history.size < 3:
        return 0.0
    before, last = np.diff(climb.history[-3:])
    factor = np.clip(last / max(before, np.finfo(float).tiny), 0, 0.9)
    return float(last * factor / (1 - factor))


def _on(first: Climb, then: Climb) -> Climb:
    """Both as one climb."""
    history = np.concatenate([first.history[:-1], then.history])
    return replace(then, history=history, iterations=first.iterations + then.iterations)
