"""EM of every model of a sweep: from scratch, and from what one component fewer, and one more, have led to.

A top that EM misses with K components may be plain to see beside the best one with K - 1, as one of its components in
two, or with K + 1, as two of them in one. So numbers go up first, each beginning from its own random starts and from
the best place with one component fewer as it is known by then; and then down again, from one component more. An
estimate changes only where that leads higher. Nothing here depends on which model was finished when.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from bayesmix.comparison.criteria import maximum_likelihood
from bayesmix.engines.begin import fit_em, go_beyond
from bayesmix.engines.em import EMResult, EMSettings
from bayesmix.problem import Problem


class Estimates(NamedTuple):
    """MAP, and maximum likelihood; None where every start collapsed."""

    em: EMResult
    ml: EMResult | None


def estimate(
    problem: Problem, seeds: tuple[np.random.SeedSequence, np.random.SeedSequence], cores: int | None
) -> Estimates:
    """One model from its own starts."""
    for_em, for_ml = (int(seed.generate_state(1)[0]) for seed in seeds)
    em = fit_em(problem, EMSettings(), for_em, cores=cores)
    return Estimates(em, maximum_likelihood(problem, em, for_ml, cores))


def estimate_family(
    problems: Mapping[int, Problem],
    seeds: Mapping[int, tuple[np.random.SeedSequence, np.random.SeedSequence]],
    found: dict[int, Estimates],
    cores: int | None,
    report: Callable[[int], None],
) -> None:
    """All numbers of components of one family, in the order of the numbers.

    Parameters
    ----------
    problems, seeds : mapping
        By number of components.
    found : dict
        Is filled; holds what was estimated so far where this is interrupted.
    cores : int, optional
        Threads that pass over blocks of rows.
    report : callable
        Told the number of components that is begun.
    """
    numbers = sorted(problems)
    for k in numbers:
        report(k)
        made = estimate(problems[k], seeds[k], cores)
        found[k] = _beyond(made, problems[k], found.get(k - 1))
    for k in reversed(numbers):
        found[k] = _beyond(found[k], problems[k], found.get(k + 1))


def _beyond(made: Estimates, problem: Problem, near: Estimates | None) -> Estimates:
    """The estimates, or higher ones that those of one component fewer or more lead to."""
    if near is None:
        return made
    em, ml = go_beyond(made.em, problem, near.em), made.ml
    if ml is not None and near.ml is not None:
        ml = go_beyond(ml, problem, near.ml)
    return Estimates(em, ml)
