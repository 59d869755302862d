"""Moves of assignments alone, without sweeps, visit every assignment as often as the sum over all of them says."""

import inspect
from typing import Any

import numba as nb
import numpy as np
import pytest

from bayesmix.families import recall as recall_module
from bayesmix.families import split_merge
from bayesmix.families.gaussian.sweeps import axis, dense
from bayesmix.families.recall import recall
from bayesmix.families.split_merge import move
from tests.engines.test_gibbs_exact import CONCENTRATIONS, MODELS
from tests.monte_carlo import ALLOWED

K = len(CONCENTRATIONS)
FREE, POOLED = ("begin", "predictive", "add"), ("begin_pooled", "predictive_pooled", "add_pooled")
CLOUDS = {"full": (dense, FREE), "tied": (dense, POOLED), "EEI": (axis, POOLED)}
LABELS = np.array([0, 0, 1, 1, 2, 0])
REMEMBERED = np.array([[0, 0, 1, 1, 0, 0], [1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0]], dtype=bool)


def mover(proposed):
    """Compiled: moves alone, and the number of every assignment that they come to."""

    @nb.njit(error_model="numpy")
    def visits(rng, columns, concentrations, numbers, no_rows, form, labels, remembered, visited):
        moves, args = np.zeros((4, 2), np.int64), (columns, concentrations, numbers, no_rows, form)
        for t in range(visited.shape[0]):
            counts = np.zeros(concentrations.shape[0])
            for label in labels:
                counts[label] += 1.0
            proposed(rng, args, labels, counts, remembered, moves)
            visited[t] = 0
            for label in labels:
                visited[t] = visited[t] * concentrations.shape[0] + label

    return visits


def functions(covariance):
    """What is known of rows, and predicted from them."""
    module, names = CLOUDS[covariance]
    return (getattr(module, name) for name in names)


def splits(covariance, move=move):
    """A split, a merge or an exchange."""
    begin, predictive, add = functions(covariance)

    @nb.njit(error_model="numpy")
    def by_splits(rng, args, labels, counts, remembered, moves):
        move(begin, predictive, add, rng, *args, labels, counts, moves)

    return by_splits


def recalls(covariance, recall=recall):
    """A recall."""
    begin, predictive, add = functions(covariance)

    @nb.njit(error_model="numpy")
    def by_recalls(rng, args, labels, counts, remembered, moves):
        recall(begin, predictive, add, rng, *args, labels, counts, remembered, moves[3])

    return by_recalls


def apart(covariance, proposed) -> float:
    """The largest distance of the share of an assignment from its probability, in Monte Carlo errors."""
    model = MODELS[f"gaussian-{covariance}"]
    problem = model.problem(K)
    sweeps, columns, labels = problem.sweeps, problem.standardised.columns, LABELS.copy()
    form = tuple(np.ascontiguousarray(part)[None] for part in problem.family.gathered(columns, labels, K)[1].form)
    logs = model.exact(K).log_evidences
    wanted = np.exp(logs - logs.max())
    wanted /= wanted.sum()
    visited = np.empty((100, 10_000), dtype=np.int64)
    no_rows = (sweeps.n_known, sweeps.shared)
    given = (columns, np.array(CONCENTRATIONS), sweeps.numbers, no_rows, form, labels, REMEMBERED)
    mover(proposed)(np.random.default_rng(1), *given, visited.reshape(-1))
    shares = np.array([np.bincount(part, minlength=wanted.size) for part in visited]) / visited.shape[1]
    often = wanted * visited.size > 300
    errors = shares.std(axis=0, ddof=1)[often] / 10
    return float(np.abs((shares.mean(axis=0) - wanted)[often] / errors).max())


@pytest.mark.gate
@pytest.mark.parametrize("proposed", [splits, recalls])
@pytest.mark.parametrize(
    "covariance", [pytest.param(name, marks=[] if name == "tied" else pytest.mark.slow) for name in CLOUDS]
)
def test_assignments_are_visited_as_often_as_they_are_probable(covariance, proposed):
    """With covariances that components have for themselves, and with one that all share."""
    assert apart(covariance, proposed(covariance)) < ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("covariance", "left_out"),
    [
        ("full", "back += _log_choice(sizes, k)"),
        ("full", "back += _log_proposal(log_odds, totals, labels, k)"),
        ("full", "there += shares[between[i]]"),
        ("tied", "shared[:] = no_rows[1]"),
        ("tied", "wanted[:] = True"),
    ],
)
def test_what_is_left_out_of_a_recall_is_caught(covariance, left_out):
    wrong = without(recall_module, left_out)
    assert not apart(covariance, recalls(covariance, wrong["recall"])) <= ALLOWED


@pytest.mark.slow
def test_rows_of_others_that_are_left_out_of_what_components_share_are_caught():
    wrong = without(split_merge, "add(known[k], shared, columns, i, numbers, form, k)")
    assert not apart("tied", splits("tied", wrong["move"])) <= ALLOWED


def without(module, left_out: str) -> dict[str, Any]:
    """The names of a module of which a statement is left out."""
    source = inspect.getsource(module)
    assert source.count(left_out) == 1
    names: dict[str, Any] = {}
    exec(source.replace(left_out, "pass"), names)
    return names
