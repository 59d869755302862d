"""Moves of assignments alone, without sweeps, visit every assignment as often as the sum over all of them says."""

import inspect
import itertools
from math import lgamma
from typing import Any

import numba as nb
import numpy as np
import pytest

import bayesmix as bm
from bayesmix.families import recall as recall_module
from bayesmix.families.gaussian.sweeps.dense import add, begin, predictive
from bayesmix.families.recall import recall
from bayesmix.families.split_merge import move
from tests.monte_carlo import ALLOWED

ROWS = np.array([[0.0, 0.1], [0.2, 0.0], [3.0, 2.9], [3.1, 3.2], [1.5, -2.0]])
CONCENTRATIONS = np.array([0.5, 1.0, 2.0])
REMEMBERED = np.array([[0, 0, 1, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]], dtype=bool)


def mover(proposed):
    """Compiled: moves alone, and the number of every assignment that they come to."""

    @nb.njit(error_model="numpy")
    def visits(rng, columns, concentrations, numbers, n_known, form, labels, remembered, visited):
        moves, args = np.zeros((4, 2), np.int64), (columns, concentrations, numbers, n_known, form)
        for t in range(visited.shape[0]):
            counts = np.zeros(concentrations.shape[0])
            for label in labels:
                counts[label] += 1.0
            proposed(rng, args, labels, counts, remembered, moves)
            visited[t] = 0
            for label in labels:
                visited[t] = visited[t] * concentrations.shape[0] + label

    return visits


@nb.njit(error_model="numpy")
def by_splits(rng, args, labels, counts, remembered, moves):
    """A split, a merge or an exchange."""
    move(begin, predictive, add, rng, *args, labels, counts, moves)


def recalling(recall):
    """A recall."""

    @nb.njit(error_model="numpy")
    def by_recalls(rng, args, labels, counts, remembered, moves):
        recall(begin, predictive, add, rng, *args, labels, counts, remembered, moves[3])

    return by_recalls


def apart(proposed) -> float:
    """The largest distance of the share of an assignment from its probability, in Monte Carlo errors."""
    n_rows, n_components = len(ROWS), len(CONCENTRATIONS)
    problem = bm.Mixture(n_components)._problem(ROWS)
    sweeps, columns = problem.conditional.sweeps(n_rows), problem.standardised.columns
    labels = np.array([0, 0, 1, 1, 2])
    form = tuple(np.ascontiguousarray(part)[None] for part in problem.family.gathered(columns, labels, 3)[1].form)
    logs = []
    for z in itertools.product(range(n_components), repeat=n_rows):
        logs.append(0.0)
        for k in range(n_components):
            known, rows = np.zeros(sweeps.n_known), [i for i in range(n_rows) if z[i] == k]
            begin(known, sweeps.numbers, form, k)
            for i in rows:
                logs[-1] += predictive(known, columns, i, sweeps.numbers, form, k)
                add(known, columns, i, sweeps.numbers, form, k)
            logs[-1] += lgamma(len(rows) + CONCENTRATIONS[k])
    wanted = np.exp(np.array(logs) - max(logs))
    wanted /= wanted.sum()
    visited = np.empty((100, 10_000), dtype=np.int64)
    given = (columns, CONCENTRATIONS, sweeps.numbers, sweeps.n_known, form, labels, REMEMBERED)
    mover(proposed)(np.random.default_rng(1), *given, visited.reshape(-1))
    shares = np.array([np.bincount(part, minlength=wanted.size) for part in visited]) / visited.shape[1]
    often = wanted * visited.size > 300
    errors = shares.std(axis=0, ddof=1)[often] / 10
    return float(np.abs((shares.mean(axis=0) - wanted)[often] / errors).max())


@pytest.mark.parametrize("proposed", [by_splits, recalling(recall)], ids=["splits", "recalls"])
def test_assignments_are_visited_as_often_as_they_are_probable(proposed):
    assert apart(proposed) < ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize(
    "left_out",
    [
        "back += _log_choice(sizes, k)",
        "back += _log_proposal(log_odds, totals, labels, k)",
        "there += shares[between[i]]",
    ],
)
def test_what_is_left_out_of_the_ratio_of_a_recall_is_caught(left_out):
    source = inspect.getsource(recall_module)
    assert source.count(left_out) == 1
    wrong: dict[str, Any] = {}
    exec(source.replace(left_out, "back += 0.0"), wrong)
    assert apart(recalling(wrong["recall"])) > ALLOWED
