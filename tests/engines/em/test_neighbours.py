"""Splits and merges of estimates with one component fewer or more."""

import numpy as np
import pytest

from bayesmix.data import read_rows
from bayesmix.engines.begin import fit_em, go_beyond
from bayesmix.engines.em import EMSettings
from bayesmix.engines.em.neighbours import merges, splits
from bayesmix.families.gaussian import Gaussian
from bayesmix.priors.sets import default_priors
from bayesmix.problem import Problem

CENTRES = np.array([[0.0, 0.0], [2.5, 0.0], [12.0, 0.0], [12.0, 9.0]])
X = (np.random.default_rng(0).normal(size=(4, 60, 2)) + CENTRES[:, None]).reshape(-1, 2)
ROWS = read_rows(X + 10 * np.repeat(CENTRES, 60, axis=0))  # far apart


def problem_of(k: int) -> Problem:
    return Problem.of(ROWS, Gaussian("full"), k, default_priors(Gaussian("full")))


def log_joint(k: int) -> np.ndarray:
    """Of the first k centres, with unit covariances."""
    return -0.5 * ((X[:, None] - CENTRES[:k]) ** 2).sum(axis=-1)


def test_a_split_moves_rows_of_one_component_alone():
    before = log_joint(3).argmax(axis=1)
    made = list(splits(log_joint(3), [X]))
    assert len(made) == 2 * 3
    for number, labels in enumerate(made):
        moved = labels != before
        assert set(labels[moved]) == {3}
        assert set(before[moved]) == {number // 2}
        assert 0 < moved.sum() < (before == number // 2).sum()


def test_the_pair_that_shares_rows_is_merged_first():
    first, *others = merges(log_joint(4))
    assert len(others) == 2
    labels = log_joint(4).argmax(axis=1)
    np.testing.assert_array_equal(first, np.maximum(labels - 1, 0))


@pytest.mark.parametrize("near", [3, 5])
def test_a_neighbour_leads_out_of_a_poor_place(near):
    """From labels that leave two clouds together and cut one in two, EM does not find back."""
    poor = np.repeat([0, 2, 1, 1], 60)
    poor[:60:2] = 3
    problem = problem_of(4)
    stuck = fit_em(problem, EMSettings(init=poor), None)
    best = fit_em(problem, EMSettings(), 1)
    assert stuck.optima[0].objective < best.optima[0].objective - 5
    found = go_beyond(stuck, problem, fit_em(problem_of(near), EMSettings(), 1))
    assert found.optima[0].objective == pytest.approx(best.optima[0].objective, abs=0.01)
    assert [top.n_starts for top in found.optima] == [0, 1]
    assert [start["optimum"] for start in found.starts] == [1]
    assert found.log_likelihood + found.log_prior == pytest.approx(found.optima[0].objective)
    assert go_beyond(best, problem, fit_em(problem_of(near), EMSettings(), 1)) is best
