"""Passes over rows with missing cells: against the slow twin, and against the complete pass."""

import numpy as np
import pytest

from bayesmix.passes import axis, axis_seen, dense, dense_seen, reference
from bayesmix.passes.blocks import BLOCK
from bayesmix.passes.patterns import has_patterns, with_patterns
from tests.passes.inputs import axis_form, dense_form

PASSES = {"dense": (dense, dense_seen, dense_form), "axis": (axis, axis_seen, axis_form)}


def rows_with_gaps(rng, n_rows, n_features, share):
    """Rows, every one with a cell that is there."""
    rows = rng.standard_normal((n_rows, n_features)) * 2
    gone = rng.random(rows.shape) < share
    gone[np.arange(n_rows), rng.integers(n_features, size=n_rows)] = False
    return np.where(gone, np.nan, rows)


def columns_of(rows):
    _, which = np.unique(np.isnan(rows), axis=0, return_inverse=True)
    return with_patterns(rows.T, which.reshape(-1))


@pytest.mark.parametrize("geometry", PASSES)
@pytest.mark.parametrize(("n_features", "n_rows"), [(1, 5), (2, 40), (4, 2 * BLOCK + 1), (5, 90), (9, 30)])
@pytest.mark.parametrize("weighted", [False, True])
def test_against_the_slow_twin(geometry, n_features, n_rows, weighted):
    _, of_seen, make = PASSES[geometry]
    rng = np.random.default_rng(n_features)
    form = make(rng, 3, n_features, 2.0)
    rows = rows_with_gaps(rng, n_rows, n_features, 0.3)
    weights = rng.random(n_rows) if weighted else np.ones(n_rows)
    found = of_seen.accumulate_seen(columns_of(rows), weights if weighted else np.empty(0), *form)
    wanted = reference.accumulate_seen(rows, weights, *form)
    if geometry == "axis":
        wanted = (*wanted[:3], np.diagonal(wanted[3], axis1=1, axis2=2))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * n_rows)


@pytest.mark.parametrize("geometry", PASSES)
def test_rows_without_a_gap_are_as_in_the_complete_pass(geometry):
    complete, of_seen, make = PASSES[geometry]
    rng = np.random.default_rng(0)
    form = make(rng, 3, 3, 2.0)
    rows = rows_with_gaps(rng, 700, 3, 0.0)
    columns = columns_of(rows)
    assert has_patterns(columns) and not has_patterns(np.ascontiguousarray(rows.T))
    found = of_seen.accumulate_seen(columns, np.empty(0), *form)
    wanted = complete.accumulate(np.ascontiguousarray(rows.T), np.empty(0), *form)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-9)


def test_patterns_stay_with_rows_that_are_chosen():
    rows = np.array([[1.0, 2.0], [np.nan, 3.0], [4.0, np.nan]])
    columns = columns_of(rows)
    for chosen in ([0], [0, 0], [2, 0], [1]):
        assert has_patterns(columns[:, chosen])
