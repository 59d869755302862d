"""Whether a model can be fitted to rows: the number of components, constant and collinear columns."""

import numpy as np
import pytest

from bayesmix import Gaussian
from bayesmix.data import Rows, check_distinct, check_n_components, read_rows
from tests.data.examples import GOOD, NUMBERS, refusal


@pytest.mark.parametrize("n_components", [1, 7, np.int32(3), np.uint8(2), np.array(4)])
def test_integers_are_numbers_of_components(n_components):
    number = check_n_components(n_components)
    assert type(number) is int and number == n_components


@pytest.mark.parametrize("n_components", [2.0, True, np.True_, "2", None, [2], np.float64(2), np.array([1, 2])])
def test_other_things_are_not(n_components):
    message = refusal(TypeError, check_n_components, n_components)
    assert "n_components must be an integer of at least 1; got " in message
    assert "such as n_components=2" in message


@pytest.mark.parametrize("n_components", [0, -1, np.int64(0)])
def test_at_least_one_component(n_components):
    message = refusal(ValueError, check_n_components, n_components)
    assert f"n_components must be an integer of at least 1; got {n_components!r}" in message


def check_fit(rows: Rows, n_components: int, *, correlated: bool) -> None:
    """Hold the rows against a mixture of normal distributions, as ``Problem.of`` does."""
    check_distinct(rows, n_components)
    Gaussian("full" if correlated else "diag").check(rows)


UNITS = [(1.0, 0.0), (1e-150, 0.0), (1e150, 0.0), (1.0, 1e6), (1e-6, -1.0)]  # factor, shift


def with_last(column) -> Rows:
    return read_rows(np.column_stack([GOOD, column]))


@pytest.mark.parametrize("correlated", [True, False])
@pytest.mark.parametrize(("factor", "shift"), UNITS)
def test_good_rows_pass_in_any_units(factor, shift, correlated):
    check_fit(read_rows(GOOD * factor + shift), 50, correlated=correlated)


@pytest.mark.parametrize(("rows", "distinct"), [(3, 3), (6, 3), (6, 1)])
def test_fewer_distinct_rows_than_components(rows, distinct):
    X = NUMBERS[np.arange(rows) % distinct]
    message = refusal(ValueError, check_fit, read_rows(X), 4, correlated=False)
    assert "X has fewer distinct rows than groups" in message
    assert f"{distinct} distinct among {rows} rows, and n_components=4" in message
    assert f"Use n_components={distinct} or less" in message


def test_as_many_distinct_rows_as_components():
    check_fit(read_rows(NUMBERS[np.arange(6) % 3]), 3, correlated=False)
    check_fit(read_rows([[1.0, 2.0]]), 1, correlated=True)  # one row has no spread to speak of


def test_distinct_rows_late_in_the_table_count():
    X = np.zeros((10_000, 2))
    X[-1], X[5] = 1.0, -0.0  # minus zero is zero
    check_fit(read_rows(X), 2, correlated=False)
    assert "2 distinct among 10000" in refusal(ValueError, check_fit, read_rows(X), 3, correlated=False)


@pytest.mark.parametrize("value", [0.0, 7.0, 1e150, 1e-300, -1.7e308])
def test_constant_column(value):
    message = refusal(ValueError, check_fit, with_last(np.full(50, value)), 2, correlated=False)
    assert f"X has 1 constant column: 'x3' (always {value:.6g})" in message
    assert "leave it out" in message


def test_column_that_varies_only_by_rounding_is_constant():
    column = np.where(np.arange(50) % 2, 0.3, 0.1 + 0.2)
    assert "'x3'" in refusal(ValueError, check_fit, with_last(column), 2, correlated=False)


@pytest.mark.parametrize("factor", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.filterwarnings("error")
def test_units_whose_squares_no_float_holds(factor):
    message = refusal(ValueError, check_fit, with_last(GOOD[:, 0] * factor), 2, correlated=False)
    assert "X has 1 column whose standard deviation is below 1e-152 or above 1e+152: 'x3'" in message
    assert "change the units" in message


COLLINEAR = {
    "copy": (GOOD[:, 1], "'x1', 'x3', 1 is a linear combination"),
    "other units": (-1.8 * GOOD[:, 1] + 32.0, "'x1', 'x3', 1 is"),
    "sum": (GOOD[:, 0] + 3 * GOOD[:, 2], "'x0', 'x2', 'x3', 1 is"),
    "two": (np.column_stack([GOOD[:, 0], GOOD[:, 1] + 1]), "'x0', 'x1', 'x3', 'x4', 2 are"),
}


@pytest.mark.parametrize(("factor", "shift"), UNITS)
@pytest.mark.parametrize(("column", "words"), COLLINEAR.values(), ids=COLLINEAR)
def test_collinear_columns(column, words, factor, shift):
    rows = read_rows(np.column_stack([GOOD, column]) * factor + shift)
    message = refusal(ValueError, check_fit, rows, 2, correlated=True)
    assert "X has columns that are collinear up to rounding: of " + words in message
    assert "Leave out" in message and "covariance='diag' or 'spherical'" in message
    check_fit(rows, 2, correlated=False)


def test_nearly_collinear_columns_pass():
    """Down to the rounding of a covariance matrix, or to that of the values where they are far from zero."""
    noise = np.random.default_rng(1).normal(size=50) * GOOD[:, 0].std()
    for ratio, shift in ((1e-6, 0.0), (1e-6, 1e6), (1e-4, 1e9)):
        check_fit(read_rows(with_last(GOOD[:, 0] + ratio * noise).values + shift), 2, correlated=True)
    for ratio, shift in ((1e-8, 0.0), (1e-6, 1e11)):
        with pytest.raises(ValueError, match="'x0', 'x3', 1 is a linear combination"):
            check_fit(read_rows(with_last(GOOD[:, 0] + ratio * noise).values + shift), 2, correlated=True)


def test_few_rows_are_left_to_the_prior():
    check_fit(read_rows(GOOD[:3]), 2, correlated=True)
    check_fit(read_rows(np.column_stack([GOOD[:4], GOOD[:4, 0]])), 2, correlated=True)
