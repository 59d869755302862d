"""Columns of counts, of zeros and ones, and of levels, from every container."""

from decimal import Decimal
from enum import StrEnum

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from bayesmix.data import Column, read_rows
from tests.data.examples import refusal

COUNTS = [[0.0, 3.0], [7.0, 0.0], [2.0, 1.0]]
BITS = [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]
TEXT = [["low", "b"], ["high", "a"], ["low", "b"]]
WHOLE = [[10, 1], [9, 0], [10, 1]]
ORDER = ["low", "middle", "high"]


def containers(entries):
    """The same entries in every container that can hold them."""
    columns = {name: list(column) for name, column in zip("ab", zip(*entries, strict=True), strict=True)}
    frame = pd.DataFrame(columns)
    return {
        "lists": entries,
        "array": np.array(entries),
        "objects": np.array(entries, dtype=object),
        "pandas": frame,
        "pandas objects": frame.astype(object),
        "pandas nullable": frame.convert_dtypes(),
        "pandas arrow": frame.convert_dtypes(dtype_backend="pyarrow"),
        "polars": pl.DataFrame(columns),
        "pyarrow": pa.table(columns),
    }


def each(entries):
    return pytest.mark.parametrize("X", [pytest.param(X, id=name) for name, X in containers(entries).items()])


def levels(rows):
    return [column.levels for column in rows.columns]


@each(COUNTS)
def test_counts(X):
    rows = read_rows(X, takes="count")
    assert rows.values.tolist() == COUNTS
    assert rows.kinds == ("count", "count") and levels(rows) == [(), ()]


@pytest.mark.parametrize("entries", [BITS, [[bool(entry) for entry in row] for row in BITS]])
def test_zeros_and_ones(entries):
    for X in containers(entries).values():
        rows = read_rows(X, takes="binary")
        assert rows.values.tolist() == BITS
        assert rows.kinds == ("binary", "binary") and levels(rows) == [(), ()]


@each(TEXT)
def test_text_is_sorted(X):
    rows = read_rows(X, takes="categorical")
    assert levels(rows) == [("high", "low"), ("a", "b")]
    assert rows.values.tolist() == [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    assert rows.kinds == ("categorical", "categorical")
    assert rows.values.flags.c_contiguous and not rows.values.flags.writeable


@each(WHOLE)
def test_whole_numbers_are_sorted_by_size(X):
    rows = read_rows(X, takes="categorical")
    assert levels(rows) == [("9", "10"), ("0", "1")]
    assert rows.values.tolist() == [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]


@each([[False, True], [True, True]])
def test_truth_values_are_levels(X):
    assert levels(read_rows(X, takes="categorical")) == [("False", "True"), ("True",)]


def test_the_type_of_a_whole_number_makes_no_other_level():
    for entries in ([1, 2], [1.0, 2.0], ["1", "2"], [Decimal(1), Decimal("2.0")], pd.Categorical([1, 2])):
        rows = read_rows(pd.DataFrame({"a": entries}), takes="categorical")
        assert levels(rows) == [("1", "2")] and rows.values.ravel().tolist() == [0.0, 1.0]


class Grade(StrEnum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


IN_ORDER = {
    "pandas": pd.DataFrame({"a": pd.Categorical(["low", "high", "low"], categories=ORDER)}),
    "pandas, ordered": pd.DataFrame({"a": pd.Categorical(["low", "high", "low"], categories=ORDER, ordered=True)}),
    "pandas series": pd.Series(["low", "high", "low"], dtype=pd.CategoricalDtype(ORDER), name="a"),
    "polars": pl.DataFrame({"a": pl.Series(["low", "high", "low"], dtype=pl.Enum(ORDER))}),
    "polars, enum": pl.DataFrame({"a": pl.Series(["low", "high", "low"], dtype=pl.Enum(Grade))}),
}


@pytest.mark.parametrize("X", IN_ORDER.values(), ids=IN_ORDER)
def test_categories_keep_their_order_and_those_in_no_row_are_left_out(X):
    rows = read_rows(X, takes="categorical")
    assert levels(rows) == [("low", "high")]
    assert rows.values.ravel().tolist() == [0.0, 1.0, 0.0]


def test_categories_without_an_order_are_sorted():
    """Those of polars stand in the order in which the process met them."""
    pl.Series(["z", "b", "a"], dtype=pl.Categorical)
    for X in (
        pl.DataFrame({"a": pl.Series(["b", "a", "b"], dtype=pl.Categorical)}),
        pa.table({"a": pa.array(["b", "a", "b"]).dictionary_encode()}),
    ):
        rows = read_rows(X, takes="categorical")
        assert levels(rows) == [("a", "b")] and rows.values.ravel().tolist() == [1.0, 0.0, 1.0]


def test_classes_of_measurements_are_levels():
    X = pd.DataFrame({"a": pd.cut([1.0, 20.0, 2.0], [0, 3, 10, 30])})
    assert levels(read_rows(X, takes="categorical")) == [("(0, 3]", "(10, 30]")]


def test_hidden_characters_of_levels_are_shown():
    rows = read_rows([["b"], ["a\x1b"]], takes="categorical")
    assert levels(rows) == [("a\\x1b", "b")]
    assert read_rows([["a\x1b"]], columns=rows.columns).values.tolist() == [[0.0]]


WITH_GAPS = {
    "lists": [["b"], [None], ["a"]],
    "NaN": np.array([["b"], [np.nan], ["a"]], dtype=object),
    "pandas": pd.DataFrame({"a": ["b", None, "a"]}),
    "pandas string": pd.DataFrame({"a": ["b", None, "a"]}, dtype="string"),
    "pandas category": pd.DataFrame({"a": ["b", None, "a"]}, dtype="category"),
    "polars": pl.DataFrame({"a": ["b", None, "a"]}),
    "polars category": pl.DataFrame({"a": pl.Series(["b", None, "a"], dtype=pl.Categorical)}),
    "pyarrow": pa.table({"a": pa.array(["b", None, "a"]).dictionary_encode()}),
}


@pytest.mark.parametrize("X", WITH_GAPS.values(), ids=WITH_GAPS)
def test_a_missing_entry_is_no_level(X):
    assert "X has 1 missing value" in refusal(ValueError, read_rows, X, takes="categorical")
    rows = read_rows(X, takes="categorical", missing="keep")
    np.testing.assert_array_equal(rows.values.ravel(), [1.0, np.nan, 0.0])
    assert levels(rows) == [("a", "b")]


REFUSED = {
    # X, what is read, error, words of the message: what, where, remedy
    "negative": (
        pd.DataFrame({"a": [1, 2], "b": [-3, 4]}, index=["u", "v"]),
        "count",
        ValueError,
        "X must hold counts (whole numbers of at least 0); 1 other value, -3 first: row 0 (index 'u'), column 'b'; "
        "leave these rows out; a family of real numbers",
    ),
    "fractions": ([[1.5], [2], [2.5]], "count", ValueError, "2 other values, 1.5 first: row 0; row 2, column 'x0'"),
    "text for counts": (
        [["many"]],
        "count",
        TypeError,
        "hold counts; holds text ('many' in row 0; into counts",
    ),
    "infinite count": ([[1.0], [np.inf]], "count", ValueError, "X has 1 infinite value; row 1, column 'x0'"),
    "two": ([[0], [2]], "binary", ValueError, "zeros and ones; 2 first: row 1, column 'x0'; bm.Categorical()"),
    "a half": ([[0], [0.5]], "binary", ValueError, "zeros and ones; 0.5 first: row 1, column 'x0'"),
    "yes and no": (
        pd.DataFrame({"a": [0, 1], "b": ["yes", "no"]}),
        "binary",
        TypeError,
        "zeros and ones (or False and True); column 'b' holds text ('yes' in row 0; bm.Categorical(); X[['a']]",
    ),
    "fractions of levels": (
        pd.DataFrame({"a": ["u", "v"], "b": [2.0, 2.5]}),
        "categorical",
        TypeError,
        "X must hold categories; column 'b' holds numbers that are not whole (2.5 in row 1, counting from 0); "
        "pandas.cut; X[['a']]",
    ),
    "objects with fractions": ([["u"], [0.5]], "categorical", TypeError, "not whole (0.5 in row 1"),
    "no float64": ([[2**60]], "categorical", TypeError, "too large to be told apart (1152921504606846976 in row 0"),
    "dates": (pd.DataFrame({"a": pd.date_range("2024", periods=2)}), "categorical", TypeError, "'a' holds dates. turn"),
    "bytes": (np.array([b"u"]), "categorical", TypeError, "column 'x0' holds bytes"),
    "objects": ([["u"], [{}]], "categorical", TypeError, "column 'x0' holds dict entries ({} in row 1"),
    "lists": (pl.DataFrame({"a": [["u"]]}), "categorical", TypeError, "column 'a' holds list entries"),
    "hidden": ([["\x1b"], ["\\x1b"]], "categorical", TypeError, "levels that differ in hidden characters only"),
    "repeated": (pd.DataFrame([["u", "v"]], columns=["a", "a"]), "categorical", ValueError, "repeats column names"),
}


@pytest.mark.parametrize(("X", "takes", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_refusal(X, takes, error, words):
    message = refusal(error, read_rows, X, takes=takes)
    for word in words.split("; "):
        assert word.lower() in message.lower()


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        (Column("a"), []),
        (Column("a", "count"), [-1.0, 0.5, np.inf]),
        (Column("a", "binary"), [-1.0, 0.5, 2.0, 3.0, np.inf]),
        (Column("a", "categorical", ("u", "v", "w")), [-1.0, 0.5, 3.0, np.inf]),
    ],
)
def test_numbers_that_a_column_cannot_have(column, wrong):
    numbers = np.array([-1.0, -0.0, 0.5, 1.0, 2.0, 3.0, np.inf, np.nan])
    assert numbers[column.wrong(numbers)].tolist() == wrong


FITTED = (
    Column("grade", "categorical", ("low", "high")),
    Column("visits", "count"),
    Column("bought", "binary"),
    Column("height", "real", unit="cm"),
)
NEW = pd.DataFrame(
    {"grade": ["high", "low", "high"], "visits": [3, 0, 1], "bought": [True, False, True], "height": [1.5, -2.0, 0.0]}
)


@pytest.mark.parametrize(
    "X", [NEW, NEW.astype({"grade": "category"}), pl.DataFrame(NEW.to_dict("list")), NEW.to_numpy()]
)
def test_new_rows_are_read_as_those_of_the_fit(X):
    """The order of the categories of new rows counts for nothing."""
    rows = read_rows(X, columns=FITTED)
    assert rows.columns == FITTED
    assert rows.values.tolist() == [[1.0, 3.0, 1.0, 1.5], [0.0, 0.0, 0.0, -2.0], [1.0, 1.0, 1.0, 0.0]]


@pytest.mark.parametrize("n_rows", [1, 2])
def test_new_rows_need_not_have_every_level(n_rows):
    assert read_rows(NEW[:n_rows], columns=FITTED).values[:, 0].tolist() == [1.0, 0.0][:n_rows]


@pytest.mark.parametrize("grade", [["low", "middle", "top"], pd.Categorical(["low", "middle", "top"])])
def test_a_level_that_the_fit_does_not_know(grade):
    X = NEW.assign(grade=grade).set_axis(["u", "v", "w"])
    message = refusal(ValueError, read_rows, X, argument="X_new", columns=FITTED)
    assert message == (
        "X_new holds levels that the model was not fitted on, 'middle' first: row 1 (index 'v'), column 'grade'; "
        "row 2 (index 'w'), column 'grade' (rows counting from 0). The levels of 'grade' are 'low', 'high'. Correct "
        "them, leave these rows out, or fit a model to rows that have them."
    )


@pytest.mark.parametrize(("name", "value"), [("visits", -1), ("visits", 0.5), ("bought", 2)])
def test_numbers_that_the_fit_cannot_have(name, value):
    message = refusal(ValueError, read_rows, NEW.assign(**{name: [1, value, 0]}), columns=FITTED)
    assert f"but has 1 other value, {value} first: row 1, column '{name}'" in message


def test_new_rows_of_another_type():
    message = refusal(TypeError, read_rows, NEW.assign(visits="many", height="tall"), columns=FITTED)
    assert "X must hold counts" in message and "but column 'visits' holds text ('many' in row 0, " in message
    assert "height" not in message
