"""Weights of rows, and the components to which some are known to belong."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayesmix.data import read_known_labels, read_rows, read_weights
from tests.data.examples import NUMBERS, refusal


@pytest.mark.parametrize("contain", [list, np.array, pd.Series, pl.Series, lambda given: np.array(given)[:, None]])
def test_one_number_a_row_from_any_container(contain):
    weights = read_weights(contain([2, 0, 1]), 3)
    assert weights.tolist() == [2.0, 0.0, 1.0] and weights.dtype == np.float64
    known = read_known_labels(contain([1, -1, 0]), 3, 2)
    assert known.tolist() == [1, -1, 0] and known.dtype == np.int64
    for read in (weights, known):
        assert read.shape == (3,) and not read.flags.writeable


def test_rows_carry_them():
    rows = read_rows(NUMBERS)
    assert rows.weights is None and rows.known is None
    told = replace(rows, weights=read_weights([1.0, 0.5, 2.0], 3), known=read_known_labels([0, -1, 1], 3, 2))
    assert told.weights is not None and told.weights.sum() == 3.5
    assert told.known is not None and told.known.tolist() == [0, -1, 1]
    assert told.sha256 == rows.sha256


WEIGHTS = {
    "negative": (
        pd.Series([1.0, -2.0, -3.0], index=["u", "v", "w"]),
        "sample_weight must hold numbers of at least 0, and 0 for a row that does not count, but has 2 other values, "
        "-2 first: row 1 (index 'v'), column 'sample_weight'; row 2",
    ),
    "missing": ([1.0, None, 2.0], "but has 1 other value, nan first: row 1, column"),
    "infinite": ([1.0, np.inf, 2.0], "sample_weight has 1 infinite value"),
    "zeros": ([0, 0, 0], "sample_weight is 0 for every row. Give at least one"),
    "short": ([1, 2], "sample_weight is for 2 rows, but X has 3. Give one number a row, in the order of X."),
    "two columns": (NUMBERS, "sample_weight must be one number a row, but has 2 columns. Choose one"),
}


@pytest.mark.parametrize(("given", "words"), WEIGHTS.values(), ids=WEIGHTS)
def test_refused_weights(given, words):
    assert words in refusal(ValueError, read_weights, given, 3)


LABELS = {
    "no such component": (
        [0, 2, 1],
        "labels must hold components from 0 to 1 (n_components=2), and -1 where one is unknown, but has 1 other value, "
        "2 first: row 1, column 'labels'",
    ),
    "minus two": ([0, -2, 1], "-2 first: row 1"),
    "a half": ([0.5, 0, 1], "0.5 first: row 0"),
    "missing": ([0, np.nan, 1], "-1 where one is unknown, but has 1 other value, nan first: row 1"),
    "long": ([0, 1, 0, 1], "labels is for 4 rows, but X has 3"),
}


@pytest.mark.parametrize(("given", "words"), LABELS.values(), ids=LABELS)
def test_refused_labels(given, words):
    assert words in refusal(ValueError, read_known_labels, given, 3, 2)


@pytest.mark.parametrize("read", [lambda given: read_weights(given, 2), lambda given: read_known_labels(given, 2, 2)])
def test_text_is_neither(read):
    assert "must hold real numbers" in refusal(TypeError, read, ["a", "b"])
