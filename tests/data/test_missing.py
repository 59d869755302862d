"""Missing values are refused, or kept where they are."""

import numpy as np
import pandas as pd
import pytest

from bayesmix.data import Column, read_rows
from tests.data.examples import FRAME, NUMBERS, refusal

GAPS = FRAME.where(FRAME > 0)


def test_kept_values_are_nan_and_the_mask_says_where():
    rows = read_rows(GAPS, missing="keep")
    np.testing.assert_array_equal(rows.values, GAPS)
    np.testing.assert_array_equal(rows.missing, NUMBERS < 0)


def test_a_whole_table_is_the_same_either_way():
    kept, refused = read_rows(FRAME, missing="keep"), read_rows(FRAME)
    assert kept.values.tobytes() == refused.values.tobytes() and kept.sha256 == refused.sha256
    assert kept.missing is None and refused.missing is None


@pytest.mark.parametrize("takes", ["real", "count", "binary", "categorical"])
def test_a_column_without_any_value_is_refused(takes):
    X = pd.DataFrame({"a": [0, 1], "b": [None, None], "c": [np.nan, np.nan]})
    message = refusal(ValueError, read_rows, X, takes=takes, missing="keep")
    assert message.startswith("X has columns without any value: 'b', 'c'. Leave")


def test_new_rows_may_lack_a_column():
    rows = read_rows([[np.nan, 1.0]], columns=[Column("a"), Column("b", "count")], missing="keep")
    assert rows.missing is not None and rows.missing.tolist() == [[True, False]]


@pytest.mark.parametrize("takes", ["real", "count"])
def test_infinities_are_refused_always(takes):
    message = refusal(ValueError, read_rows, [[np.nan, 1.0], [2.0, np.inf]], takes=takes, missing="keep")
    assert message.startswith("X has 1 infinite value") and "row 1, column 'x1'" in message


def test_numbers_of_another_kind_are_found_beside_gaps():
    message = refusal(ValueError, read_rows, [[np.nan], [0.5], [2.0]], takes="count", missing="keep")
    assert "but has 1 other value, 0.5 first: row 1, column 'x0'" in message
