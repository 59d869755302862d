"""Weights of rows, and the components to which some are known to belong."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bayesmix.data import read_labels, read_rows, read_weights
from tests.data.examples import NUMBERS, refusal

NEVER = -np.inf


@pytest.mark.parametrize("contain", [list, np.array, pd.Series, pl.Series, lambda given: np.array(given)[:, None]])
def test_one_number_a_row_from_any_container(contain):
    weights = read_weights(contain([2, 0, 1]), 3)
    assert weights.tolist() == [2.0, 0.0, 1.0] and weights.dtype == np.float64
    known, classes = read_labels(contain([1, -1, 0]), 3, 2)
    assert known is not None and known.tolist() == [[NEVER, 0.0], [0.0, 0.0], [0.0, NEVER]] and classes == ()
    for read in (weights, known):
        assert len(read) == 3 and not read.flags.writeable


def test_rows_carry_them():
    rows = read_rows(NUMBERS)
    assert rows.weights is None and rows.known.tolist() == [-1, -1, -1]
    log_prior, _ = read_labels([0, -1, 1], 3, 2)
    told = replace(rows, weights=read_weights([1.0, 0.5, 2.0], 3), log_prior=log_prior)
    assert told.weights is not None and told.weights.sum() == 3.5
    assert told.known.tolist() == [0, -1, 1]
    some = told.chosen(np.array([2, 0]))
    assert some.known.tolist() == [1, 0] and some.weights is not None and some.weights.tolist() == [2.0, 1.0]
    assert told.sha256 == rows.sha256


WEIGHTS = {
    "negative": (
        pd.Series([1.0, -2.0, -3.0], index=["u", "v", "w"]),
        "sample_weight must hold numbers of at least 0, and 0 for a row that does not count, but has 2 other values, "
        "-2 first: row 1 (index 'v'), column 'sample_weight'; row 2",
    ),
    "missing": ([1.0, None, 2.0], "but has 1 other value, nan first: row 1, column"),
    "infinite": ([1.0, np.inf, 2.0], "sample_weight has 1 infinite value"),
    "zeros": ([0, 0, 0], "sample_weight is zero for every row. Give at least one"),
    "short": ([1, 2], "sample_weight is for 2 rows, but X has 3. Give one number a row, in the order of X."),
    "two columns": (NUMBERS, "sample_weight must be one number a row, but has 2 columns. Choose one"),
}


@pytest.mark.parametrize(("given", "words"), WEIGHTS.values(), ids=WEIGHTS)
def test_refused_weights(given, words):
    assert words in refusal(ValueError, read_weights, given, 3)


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        (["b", None, "a"], ("a", "b")),
        (pd.Series(["b", pd.NA, "a"], dtype="string"), ("a", "b")),
        (pl.Series(["b", None, "a"]), ("a", "b")),
        (pd.Series(pd.Categorical(["b", None, "a"], categories=["b", "a", "c"])), ("b", "a")),
        ([True, None, False], ("False", "True")),
    ],
)
def test_names_of_classes(given, classes):
    log_prior, found = read_labels(given, 3, 3)
    assert found == classes and log_prior is not None
    position = classes.index(str(given[0]))
    assert np.isfinite(log_prior).tolist() == [
        [k == position for k in range(3)],
        [True, True, True],
        [k == 1 - position for k in range(3)],
    ]


def test_a_log_prior_is_up_to_a_constant_for_each_row():
    log_prior, _ = read_labels([[2.0, 1.0], [NEVER, 7.0], [0.0, 0.0]], 3, 2)
    assert log_prior is not None and log_prior.tolist() == [[0.0, -1.0], [NEVER, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("given", [[-1, -1, -1], np.full((3, 2), 4.0)])
def test_nothing_known(given):
    assert read_labels(given, 3, 2) == (None, ())


LABELS = {
    "no such component": (
        [0, 2, 1],
        "labels must hold components from 0 to 1 (n_components=2), and -1 where unknown, but has 1 other value, "
        "2 first: row 1, column 'labels'",
    ),
    "minus two": ([0, -2, 1], "-2 first: row 1"),
    "long": ([0, 1, 0, 1], "labels is for 4 rows, but X has 3"),
    "many classes": (
        ["a", "b", "c"],
        "labels names 3 classes ('a', 'b', 'c'), but n_components=2. Give n_components=3",
    ),
    "a class without rows": ([0, 0, 0], "gives none to component 1 of n_components=2. Give n_components=1, with"),
    "nothing possible": ([[0, 0], [NEVER, NEVER], [0, 1]], "has minus infinity for all components in row 1 (counting"),
    "certain": ([[0, 0], [0, 0], [0, np.inf]], "has plus infinity in row 2 (counting from 0). A component that is"),
    "missing": ([[0, np.nan], [0, 0], [0, np.nan]], "has NaN in rows 0 and 2 (counting from 0). Where nothing is"),
    "of other components": (np.zeros((3, 3)), "must have shape (3, 2), one number for each row of X and component"),
}


@pytest.mark.parametrize(("given", "words"), LABELS.values(), ids=LABELS)
def test_refused_labels(given, words):
    assert words in refusal(ValueError, read_labels, given, 3, 2)


@pytest.mark.parametrize(
    ("given", "words"), [([0.5, 0, 1], "numbers that are not whole"), ([["a", "b"]] * 3, "must hold numbers")]
)
def test_labels_of_another_kind(given, words):
    assert words in refusal(TypeError, read_labels, given, 3, 2)


def test_weights_are_no_text():
    assert "must hold real numbers" in refusal(TypeError, lambda: read_weights(["a", "b"], 2))
