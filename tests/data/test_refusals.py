"""What cannot be read is refused: every refusal says where, and what to do."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr
from scipy import sparse

from bayesmix.data import read_rows
from tests.data.examples import COLUMN, DAYS, FRAME, INDEX, NUMBERS, refusal

TEXT = FRAME.assign(species=["Adelie", "Gentoo", "Adelie"])


REFUSED = {
    # what is wrong: (X, error, words of the message: argument, what, where, remedy)
    "None": (None, TypeError, "X must be rows of numbers; got NoneType"),
    "a text": ("faithful.csv", TypeError, "X must be rows of numbers; got str"),
    "a mapping": (
        {"a": [1, 2]},
        TypeError,
        "X must be rows of numbers; got dict; pandas.DataFrame(X)",
    ),
    "a Dataset": (xr.Dataset({"a": ("x", [1.0])}), TypeError, "X must be rows; got Dataset"),
    "a generator": ((x for x in COLUMN), TypeError, "X must be rows of numbers; got generator"),
    "sparse": (sparse.csr_array(NUMBERS), TypeError, "X is a sparse array; X.toarray()"),
    "lazy": (pl.LazyFrame({"a": COLUMN}), TypeError, "X is a lazy frame; LazyFrame; X.collect()"),
    "a number": (3.0, TypeError, "X must be rows of numbers; got float"),
    "three dimensions": (
        np.ones((3, 2, 2)),
        ValueError,
        "X must be two-dimensional; (3, 2, 2); reshape",
    ),
    "uneven rows": (
        [[1, 2], [3, 4], [5]],
        ValueError,
        "X must be; row 0 has 2 values; row 2 has 1; same number",
    ),
    "no rows": (np.ones((0, 2)), ValueError, "X has no rows; (0, 2); at least one row"),
    "no rows, frame": (FRAME[:0], ValueError, "X has no rows; (0, 2); at least one row"),
    "an empty list": ([], ValueError, "X has no rows"),
    "no columns": (np.ones((3, 0)), ValueError, "X has no columns; (3, 0); at least one column"),
    "no columns, frame": (FRAME[[]], ValueError, "X has no columns; (3, 0); at least one column"),
    "text column": (
        TEXT,
        TypeError,
        "X must hold real numbers; column 'species'; text ('Adelie' in row 0, counting from 0); X[['a', 'b']]",
    ),
    "text objects": (
        TEXT.astype(object),
        TypeError,
        "column 'species'; text ('Adelie' in row 0, counting from 0); X[['a', 'b']]",
    ),
    "polars text": (
        pl.DataFrame({"a": COLUMN, "s": INDEX}),
        TypeError,
        "column 's'; text; X[['a']]",
    ),
    "numbers as text": (
        np.array([["1", "2"]]),
        TypeError,
        "X must; column 'x0' holds text; turn them into numbers",
    ),
    "text in a list": (
        [[1, 2], [3, "four"]],
        TypeError,
        "column 'x1' holds text ('four' in row 1, counting from 0)",
    ),
    "objects": (
        np.array([[1, 2], [{}, 4]]),
        TypeError,
        "column 'x0' holds dict entries ({} in row 1, counting from 0)",
    ),
    "bytes": (np.array([b"1"]), TypeError, "column 'x0' holds text"),
    "categories": (
        FRAME.astype({"a": "category"}),
        TypeError,
        "column 'a' holds categorical entries; X[['b']]",
    ),
    "polars enum": (
        pl.DataFrame({"a": pl.Series(INDEX, dtype=pl.Enum(INDEX))}),
        TypeError,
        "column 'a' holds enum entries",
    ),
    "polars lists": (pl.DataFrame({"a": [[1], [2]]}), TypeError, "column 'a' holds list entries"),
    "dates": (
        FRAME.assign(day=DAYS),
        TypeError,
        "column 'day' holds dates; days since; X[['a', 'b']]",
    ),
    "time zones": (
        FRAME.assign(day=DAYS.tz_localize("UTC")),
        TypeError,
        "column 'day' holds dates",
    ),
    "time differences": (
        np.array([1, 2], "m8[s]"),
        TypeError,
        "column 'x0' holds time differences; seconds",
    ),
    "object differences": (
        np.array([np.timedelta64(1, "s"), 2], object),
        TypeError,
        "column 'x0' holds timedelta64 entries",
    ),
    "records": (
        np.array([(1, 2.0)], "i4,f8"),
        TypeError,
        "column 'x0' holds records; each field as a column",
    ),
    "complex": (
        NUMBERS + 1j,
        TypeError,
        "X must hold real numbers; column 'x0' holds complex numbers; real and imaginary",
    ),
    "complex column": (
        FRAME.assign(c=1j),
        TypeError,
        "column 'c' holds complex numbers; X[['a', 'b']]",
    ),
    "infinity": (
        [[1, 2], [np.inf, -np.inf]],
        ValueError,
        "X has 2 infinite values; row 1, column 'x0'; leave these rows out",
    ),
    "too large": (
        [[1], [10**400]],
        ValueError,
        "X has 1 infinite value; range of float64; row 1, column 'x0'",
    ),
    "NaN": (
        [[1, 2], [3, np.nan]],
        ValueError,
        "X has 1 missing value; NaN; row 1, column 'x1' (rows counting from 0); leave these rows out; X.dropna()",
    ),
    "None inside": ([[1, None], [3, 4]], ValueError, "X has 1 missing value; row 0, column 'x1'"),
    "NaN, index": (
        FRAME.where(FRAME > 0).set_axis(INDEX),
        ValueError,
        "X has 1 missing value; row 2 (index 'w'), column 'b'",
    ),
    "NaN, dates": (FRAME.where(FRAME > 0).set_axis(DAYS), ValueError, "row 2 (index '2024-01-03"),
    "pd.NA": (
        FRAME.astype("Int64").mask(FRAME < 0),
        ValueError,
        "X has 1 missing value; row 2, column 'b'",
    ),
    "pd.NA object": (
        FRAME.astype(object).mask(FRAME < 0, pd.NA),
        ValueError,
        "X has 1 missing value; row 2, column 'b'",
    ),
    "pd.NA boolean": (
        pd.Series([True, None], dtype="boolean"),
        ValueError,
        "X has 1 missing value; row 1, column 'x0'",
    ),
    "decimal NaN": (
        [[Decimal("NaN")], [Decimal(1)]],
        ValueError,
        "X has 1 missing value; row 0, column 'x0'",
    ),
    "polars null": (
        pl.DataFrame({"a": [1, None]}),
        ValueError,
        "X has 1 missing value; row 1, column 'a'",
    ),
    "polars all null": (
        pl.DataFrame({"a": [None, None]}),
        ValueError,
        "X has 2 missing values; row 0, column 'a'",
    ),
    "masked": (
        np.ma.masked_less(NUMBERS, 0),
        ValueError,
        "X has 1 missing value; masked; row 2, column 'x1'",
    ),
    "masked integers": (
        np.ma.masked_less(NUMBERS.astype(int), 0),
        ValueError,
        "X has 1 missing value; row 2, column 'x1'",
    ),
    "many missing": (
        np.full((4, 2), np.nan),
        ValueError,
        "X has 8 missing values; row 2, column 'x0'; and 3 more (rows counting from 0)",
    ),
    "repeated names": (
        FRAME.set_axis(["a", "a"], axis=1),
        ValueError,
        "X repeats column names: 'a'; rename",
    ),
    "repeated as text": (
        FRAME.set_axis([1, "1"], axis=1),
        ValueError,
        "X repeats column names: '1'; rename",
    ),
    "repeated, arrow": (
        pa.table([[1], [2]], names=["a", "a"]),
        ValueError,
        "X repeats column names: 'a'; rename",
    ),
    "repeated, DataArray": (
        xr.DataArray(NUMBERS, dims=["r", "c"], coords={"c": ["a", "a"]}),
        ValueError,
        "X repeats column names: 'a'",
    ),
}


@pytest.mark.parametrize(("X", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_refusal(X, error, words):
    message = refusal(error, read_rows, X)
    for word in words.split("; "):
        assert word.lower() in message.lower()


def test_refusal_names_the_argument():
    assert refusal(ValueError, read_rows, [np.nan], argument="X_new").startswith("X_new has 1 missing")


def test_refusal_of_many_columns_stays_short():
    X = pd.DataFrame({f"c{j}": ["a"] if j % 2 else [1.0] for j in range(1000)})
    message = refusal(TypeError, read_rows, X)
    assert "and 495 more" in message and len(message) < 500
