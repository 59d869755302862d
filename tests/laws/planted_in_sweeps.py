"""Errors planted in the moves and sweeps of Gibbs sampling, and what law 12 makes of each.

What is compiled cannot be patched: the source of the modules is changed in one place, and run as Python. The rows are
such that the error matters: two groups that may be one, and three of which two must share a component, so that moves,
and not sweeps, take the chain from one partition to the other.
"""

import math
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from bayesmix.families import gamma_poisson, recall, split_merge, sweeps
from bayesmix.passes import assignments
from tests.engines.test_gibbs_exact import MODELS, Model, farthest, fewest, poisson, run
from tests.interpreted import interpreted
from tests.monte_carlo import ALLOWED, FEWEST

TWO_GROUPS = poisson(np.array([[4, 12], [5, 11], [4, 13], [12, 5], [11, 4], [13, 4]], dtype=float), 1.0, (0.005,) * 2)
THREE_GROUPS = poisson(np.array([[2, 2], [3, 1], [2, 12], [3, 11], [12, 3], [13, 2]], dtype=float), 1.0, (0.002,) * 2)


@dataclass(frozen=True)
class Stage:
    """Where an error shows: rows, a number of components, sweeps before each move, and whether chains recall rows.

    These moves are good enough to hide what others do wrong.
    """

    model: Model
    n_components: int
    between_moves: int = 1
    draws: int = 3000
    recalling: bool = False


class Change(NamedTuple):
    """Text of a module that stands there once, and what an error makes of it."""

    module: ModuleType
    right: str
    wrong: str
    stage: Stage


ONE_OR_TWO, TWO_OF_THREE, THREE = Stage(TWO_GROUPS, 2), Stage(THREE_GROUPS, 2), Stage(THREE_GROUPS, 3)
LONG, SELDOM = Stage(THREE_GROUPS, 2, draws=8000), Stage(MODELS["poisson"], 2, between_moves=50)
TWO_OF_EMPTY = Stage(TWO_GROUPS, 3, draws=8000)  # one group has two empty components to choose from
RECALLED = Stage(THREE_GROUPS, 3, recalling=True)
STAGES = {"one-or-two": ONE_OR_TWO, "two-of-three": TWO_OF_THREE, "three": THREE}
STAGES |= {"two-of-empty": TWO_OF_EMPTY, "recalled": RECALLED, "seldom": SELDOM}
MOST = 1.0  # of figures, where nothing is wrong

LABELLED = "    labels[firsts[1]] = pair[0] if kind == MERGE else pair[1]\n"
AFTER_A_MOVE = f"moves[s],\n{' ' * 16}):\n{' ' * 20}"
GATHERED = "counts, sums = sums_of(labels, columns, n_components, form)\n"
ERRORS = {
    "a split's one half left out of its ratio": Change(split_merge, "q_now = math.log(0.5)", "q_now = 0.0", ONE_OR_TWO),
    "a split's choice of an empty component left out of its ratio": Change(
        split_merge, "        log_ratio += math.log(n_empty)\n", "        pass\n", TWO_OF_EMPTY
    ),
    "a merge's one half left out of its ratio": Change(
        split_merge, "q_then = math.log(0.5)", "q_then = 0.0", TWO_OF_THREE
    ),
    "a merge's ratio with the empty components of before": Change(
        split_merge, "math.log(n_empty + 1)", "math.log(max(n_empty, 1))", THREE
    ),
    "an exchange's probabilities left out of its ratio": Change(
        split_merge,
        "    return p_then - p_now + q_now - q_then, rows",
        "    if kind == EXCHANGE:\n        q_now, q_then = 0.0, 0.0\n    return p_then - p_now + q_now - q_then, rows",
        LONG,
    ),
    "one concentration for all components in a move": Change(
        split_merge, "(concentrations[mine], concentrations[other])", "(1.0, 1.0)", THREE
    ),
    "an allocated row not added to its component's statistics": Change(
        split_merge, "        add(known[side], shared, columns, i, numbers, form, pair[side])\n", "", TWO_OF_THREE
    ),
    "the second row skipped when labels are moved": Change(split_merge, LABELLED, "", TWO_OF_THREE),
    "the statistics not gathered after a move": Change(
        sweeps, f"{AFTER_A_MOVE}{GATHERED}", f"{AFTER_A_MOVE}pass\n", THREE
    ),
    "the statistics not gathered after a sweep": Change(sweeps, f"{GATHERED}            if t", "if t", SELDOM),
    "the rows of a component left out of a recall's way back": Change(
        recall, "    back += _log_proposal(log_odds, totals, labels, k)\n", "", RECALLED
    ),
    "the densities of rows left out of a recall's ratio": Change(
        recall, "        log_ratio += log_then[c] - log_now[c]\n", "", RECALLED
    ),
    "the last component skipped when labels are drawn": Change(
        assignments, "range(n_components - 1)", "range(n_components - 2)", ONE_OR_TWO
    ),
}


def figure_of(error: str) -> float:
    """What law 12 makes of an error: see :func:`by_enumeration`."""
    return by_enumeration(ERRORS[error].stage, ERRORS[error])


def by_enumeration(stage: Stage, error: Change | None = None) -> float:
    """How far posterior means are, next to what is allowed, or the draws asked for, next to what they are worth."""

    def own(module: ModuleType, **others: Any) -> dict[str, Any]:
        changes = {error.right: error.wrong} if error is not None and error.module is module else {}
        return interpreted(module, changes, **others)

    moves = own(split_merge)
    others = {"move": moves["move"], "recall": own(recall, below=moves["below"])["recall"], "by_type": lambda one: one}
    swept = SimpleNamespace(run=own(sweeps, draw_labels=own(assignments)["draw_labels"], **others)["run"])
    model, n_components = stage.model, stage.n_components
    problem = model.problem(n_components)
    sampler = problem.sweeps._replace(run=own(gamma_poisson, sweeps=swept)["run"])
    try:
        settings = {"thin": 1, "between_moves": stage.between_moves, "recalling": stage.recalling}
        found = run(problem, sampler, stage.draws, **settings)
    except ValueError:  # the logarithm of a count below zero, for which compiled code has no exception
        return math.inf
    apart = farthest(model, n_components, found) / ALLOWED
    return max(apart, FEWEST / fewest(model, n_components, found))
