"""With what errors rows were measured: what is read, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bayesmix.data import read_errors, read_rows
from tests.data.examples import FRAME, NUMBERS, refusal

MATRICES = np.array([[[1.0, 0.5], [0.5, 4.0]], [[0.0, 0.0], [0.0, 9.0]], np.zeros((2, 2))])
ROWS = read_rows(NUMBERS)


@pytest.mark.parametrize("contain", [list, np.array, pd.DataFrame])
def test_variances_from_any_container(contain):
    errors = read_errors(contain([[1.0, 4.0], [0.0, 9.0], [2.0, 1.0]]), ROWS)
    assert errors.shape == (3, 2, 2) and not errors.flags.writeable
    assert errors[0].tolist() == [[1.0, 0.0], [0.0, 4.0]]


def test_one_column_needs_no_second_axis():
    assert read_errors([1.0, 2.0, 0.0], read_rows([1.0, 2.0, 4.0])).tolist() == [[[1.0]], [[2.0]], [[0.0]]]


def test_rows_carry_them():
    rows = replace(ROWS, errors=read_errors(MATRICES, ROWS))
    assert ROWS.entries is ROWS.values
    assert rows.entries.tolist()[0] == [1.0, 10.0, 1.0, 0.5, 4.0]
    assert rows.chosen(np.array([2, 0])).errors.tolist() == MATRICES[[2, 0]].tolist()
    assert rows.of([1]).errors.tolist() == [[[4.0]], [[9.0]], [[0.0]]]
    assert rows.error_deviations.tolist() == [[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]]


def test_values_that_tell_little_count_little():
    alike = replace(ROWS, errors=np.broadcast_to(np.eye(2), (3, 2, 2)))
    np.testing.assert_allclose(alike.centre_and_scale, ROWS.centre_and_scale)
    np.testing.assert_allclose(alike.correlation_factor, ROWS.correlation_factor)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 1))
    values[0] = 1e9
    errors = np.full((50, 1, 1), 1e-6)
    errors[0] = 1e18
    rows, others = read_rows(values), read_rows(values[1:])
    np.testing.assert_allclose(replace(rows, errors=errors).centre_and_scale, others.centre_and_scale, rtol=0.1)


WRONG = np.where(np.arange(3)[:, None] == 1, -2.0, 1.0) * np.ones((3, 2))
REFUSED = {
    "negative": (
        WRONG,
        "error_covariances has 2 negative variances, -2 first: row 1, column 'x0'; row 1, column 'x1' (rows counting "
        "from 0). Give squares of standard errors, and 0 for an exact value.",
    ),
    "missing": ([[1, 2], [1, None], [1, 2]], "has missing or infinite numbers: row 1, column 'x1'"),
    "infinite": ([[1, 2], [1, np.inf], [1, 2]], "was not measured: make it missing (NaN) in X."),
    "short": (
        [[1, 2]],
        "must have shape (3, 2), a variance for each value of X, or (3, 2, 2), a covariance",
    ),
    "one for all": (
        np.eye(2),
        "An error that all rows have is repeated for each: np.broadcast_to(S, (len(",
    ),
    "asymmetric": (
        MATRICES + np.array([[0, 0.1], [0, 0]]),
        "has matrices that are not symmetric: rows 0, 1 and 2 (counting from 0)",
    ),
    "indefinite": (
        np.array([[[1.0, 3.0], [3.0, 4.0]], np.eye(2), np.eye(2)]),
        "some combination of the columns would have a negative variance: row 0",
    ),
    "exact, and not alone": (np.array([[[0.0, 1.0], [1.0, 4.0]]] * 3), "has matrices that are no covariances"),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_errors(given, words):
    assert words in refusal(ValueError, read_errors, given, ROWS)


def test_row_labels_are_named():
    rows = read_rows(FRAME.set_index(pd.Index(["u", "v", "w"])))
    assert "row 1 (index 'v'), column 'a'" in refusal(ValueError, read_errors, WRONG, rows)


def test_text_is_refused():
    assert "error_covariances must hold numbers" in refusal(TypeError, read_errors, [["much", "little"]] * 3, ROWS)


def test_what_stands_where_a_value_is_missing_counts_for_nothing():
    rows = read_rows([[1.0, np.nan], [2.0, 3.0]], missing="keep")
    errors = read_errors([[[1.0, np.nan], [np.nan, -5.0]], np.eye(2)], rows)
    assert errors[0].tolist() == [[1.0, 0.0], [0.0, 0.0]]
