"""Prediction: the columns of new rows are those of the fit."""

import pandas as pd
import pytest

from bayesmix.data import Column, read_rows
from tests.data.examples import FRAME, NUMBERS, refusal


@pytest.mark.parametrize("X", [NUMBERS, FRAME, pd.DataFrame(NUMBERS)])
def test_matching_columns_bear_the_fitted_names(X):
    columns = [Column("a"), Column("b", unit="mm")]
    assert read_rows(X, columns=columns).columns == tuple(columns)


MISMATCHED = {
    "order": (
        FRAME[["b", "a"]],
        ["a", "b"],
        "X has its columns in another order; 'b', 'a'; use X[['a', 'b']]",
    ),
    "names": (FRAME, ["a", "c"], "X has other columns; 'c' missing; 'b' unknown; rename"),
    "fitted without names": (
        FRAME,
        ["x0", "x1"],
        "X has other columns; 'x0', 'x1' missing; plain array",
    ),
    "wider": (NUMBERS, ["a"], "X has 2 columns; fitted on 1: 'a'; same columns in the same order"),
    "wider, named": (FRAME, ["b"], "X has 2 columns; fitted on 1: 'b'; use X[['b']]"),
    "narrower": (FRAME[["a"]], ["a", "b"], "X has 1 column,; fitted on 2: 'a', 'b'; same columns"),
    "a single row": (NUMBERS[0], ["a", "b"], "X has 1 column,; a single row is X.reshape(1, -1)"),
}


@pytest.mark.parametrize(("X", "features", "words"), MISMATCHED.values(), ids=MISMATCHED)
def test_other_columns_than_fitted(X, features, words):
    message = refusal(ValueError, read_rows, X, columns=[Column(name) for name in features])
    for word in words.split("; "):
        assert word.lower() in message.lower()
