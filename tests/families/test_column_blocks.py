"""A pass block by block against one pass over all rows, and threads that keep the order."""

import time

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.families.column_blocks import Held, Streamed
from bayesmix.families.parts import Point
from bayesmix.families.protocol import one_pass
from bayesmix.priors.sets import default_priors
from bayesmix.problem import Problem
from bayesmix.threads import Threads

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(100_001, 2)) @ [[1.0, 0.3], [0.0, 2.0]] + 5.0 * RNG.integers(2, size=(100_001, 1))


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_blocks_add_to_the_whole(covariance):
    family = bm.Gaussian(covariance)
    problem = Problem.of(read_rows(ROWS), family, 2, default_priors(family))
    blocks = problem.standardised.blocks
    assert isinstance(blocks, Streamed)
    state, gathered = family.gathered(problem.standardised.some(np.arange(500)), np.arange(500) % 2, 2)
    point = Point(np.array([0.4, 0.6]), problem.conditional.mode(state, gathered))
    found = one_pass(family, point, blocks)
    whole = family.statistics(family.form(point.weights, point.state), problem.standardised.columns)
    assert found.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)
    for one, other in zip((found.counts, *found.sums), (whole.counts, *whole.sums), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11 * len(ROWS))


def test_columns_in_memory_are_cut_where_rows_are():
    blocks = Held(np.arange(600_006.0).reshape(3, -1))
    found = blocks.summed(lambda columns, row_weights: [columns])  # lists add, in their order
    np.testing.assert_array_equal(np.concatenate(found, axis=1), blocks.whole)
    assert len(found) > 3


def test_results_come_in_the_order_of_the_items():
    def slow_at_first(number):
        time.sleep(0.02 if number < 2 else 0.0)
        return number

    with Threads(3) as threads:
        assert list(threads.in_order(slow_at_first, range(20))) == list(range(20))


def test_few_items_are_taken_ahead():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    with Threads(2) as threads:
        results = threads.in_order(lambda number: number, items())
        next(results)
        assert len(taken) <= 6
        results.close()


def test_a_number_of_cores_that_is_none():
    for cores in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="cores must be a whole number of at least 1, or None for all"):
            bm.Mixture(2).fit_em(ROWS[:100], cores=cores)
