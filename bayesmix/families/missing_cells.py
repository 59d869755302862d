"""Gibbs sampling where cells are missing.

A sweep draws the component of each row with its missing cells summed out, then the cells given the component: both
together are one draw of what is latent. What follows, parameters and moves of assignments, takes the completed rows as
if they were the data.

A compiled sampler (:func:`bayesmix.families.sweeps.run_completed`) is handed columns that have room for this: the
completed entries, a mass for each row where the family has some, and the entries as they were seen with their patterns
(:mod:`bayesmix.passes.patterns`). Rows of one pattern stand together, those that miss nothing first, so that what
belongs to a pattern is worked out once for all of them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bayesmix.families.parts import Sweeps


def of_seen(sweeps: Sweeps, *, masses: bool) -> Sweeps:
    """The sampler of rows with missing cells, whose compiled functions take columns that have room."""
    telescope = sweeps.telescope
    return sweeps._replace(
        run=partial(_run, sweeps.run, masses),
        telescope=None if telescope is None else partial(_telescope, telescope, masses),
        takes_gaps=True,
    )


def _run(run: Callable[..., tuple], masses: bool, rng: Any, problem: Any, position: Any, plan: Any) -> tuple:
    """See :func:`bayesmix.families.sweeps.run_completed`."""
    columns, concentrations, numbers, no_rows, remembered, of_concentration, known = problem
    order, wider = _with_room(columns, masses)
    some = (np.ascontiguousarray(remembered[:, order]), of_concentration, np.ascontiguousarray(known[:, order]))
    return _in_order(run, order, rng, (wider, concentrations, numbers, no_rows, *some), position, plan)


def _telescope(run: Callable[..., tuple], masses: bool, rng: Any, problem: Any, position: Any, plan: Any) -> tuple:
    """See :func:`bayesmix.families.telescoping.run_completed`."""
    columns, *others = problem
    order, wider = _with_room(columns, masses)
    return _in_order(run, order, rng, (wider, *others), position, plan)


def _in_order(
    run: Callable[..., tuple], order: np.ndarray, rng: Any, problem: tuple, position: Any, plan: Any
) -> tuple:
    labels, *others = position
    own = labels[order]
    found = run(rng, problem, (own, *others), plan)
    labels[order] = own
    return found


def _with_room(columns: np.ndarray, masses: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows with their patterns (M + 1, N) pattern after pattern: which they are, and their columns with room."""
    order = np.argsort(np.nan_to_num(columns[-1]), kind="stable")
    own = columns[:, order]
    return order, np.concatenate([own[:-1], np.ones((int(masses), order.size)), own])
