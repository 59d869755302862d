"""Every container gives the same rows."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

from bayesmix.data import read_rows
from tests.data.examples import COLUMN, FRAME, NAMES, NUMBERS

BARE = {
    "ndarray": NUMBERS,
    "float32": NUMBERS.astype(np.float32),
    "long double": NUMBERS.astype(np.longdouble),
    "int16": NUMBERS.astype(np.int16),
    "big-endian": NUMBERS.astype(">f8"),
    "Fortran order": np.asfortranarray(NUMBERS),
    "strided": np.repeat(NUMBERS, 2, axis=0)[::2],
    "numeric objects": NUMBERS.astype(object),
    "decimals": [[Decimal(int(x)) for x in row] for row in NUMBERS],
    "fractions": np.array([[Fraction(int(x)) for x in row] for row in NUMBERS]),
    "lists": NUMBERS.tolist(),
    "tuples": tuple(map(tuple, NUMBERS)),
    "unmasked": np.ma.masked_array(NUMBERS, mask=False),
    "matrix": np.asmatrix(NUMBERS),
    "DataArray": xr.DataArray(NUMBERS),
}


NAMED = {
    "pandas": FRAME,
    "pandas int": FRAME.astype(int),
    "pandas Int64": FRAME.astype("Int64"),
    "pandas Float64": FRAME.astype("Float64"),
    "pandas arrow": FRAME.astype("float64[pyarrow]"),
    "pandas objects": FRAME.map(lambda x: Decimal(int(x))).astype(object),
    "pandas mixed": FRAME.astype({"a": "int8", "b": "float32"}),
    "polars": pl.DataFrame(NUMBERS, schema=NAMES),
    "polars Int128": pl.DataFrame(NUMBERS, schema=NAMES).cast(pl.Int128),
    "polars Decimal": pl.DataFrame(NUMBERS, schema=NAMES).cast(pl.Decimal(10, 2)),
    "pyarrow": pa.table({"a": NUMBERS[:, 0], "b": NUMBERS[:, 1]}),
    "narwhals": nw.from_native(FRAME),
    "DataArray": xr.DataArray(NUMBERS, dims=["obs", "feature"], coords={"feature": NAMES}),
}


@pytest.mark.parametrize("X", BARE.values(), ids=BARE)
def test_bare_containers(X):
    rows = read_rows(X)
    np.testing.assert_array_equal(rows.values, NUMBERS)
    assert rows.features == ("x0", "x1")
    assert rows.obs.tolist() == [0, 1, 2]


@pytest.mark.parametrize("X", NAMED.values(), ids=NAMED)
def test_named_containers(X):
    rows = read_rows(X)
    np.testing.assert_array_equal(rows.values, NUMBERS)
    assert rows.features == ("a", "b")
    assert rows.obs.tolist() == [0, 1, 2]


@pytest.mark.parametrize("X", [*BARE.values(), *NAMED.values()], ids=[*BARE, *NAMED])
def test_rows_are_one_kind_of_array(X):
    rows = read_rows(X)
    assert rows.values.dtype == np.float64 and rows.values.flags.c_contiguous
    assert not rows.values.flags.writeable
    assert (rows.n_rows, rows.n_features) == (3, 2)
    assert rows.sha256 == read_rows(NUMBERS).sha256


ONE_DIMENSIONAL = {
    "ndarray": (np.array(COLUMN), "x0"),
    "list": (COLUMN, "x0"),
    "pandas": (pd.Series(COLUMN, name="a"), "a"),
    "pandas unnamed": (pd.Series(COLUMN), "x0"),
    "pandas index": (pd.Index(COLUMN), "x0"),
    "polars": (pl.Series("a", COLUMN), "a"),
    "polars unnamed": (pl.Series(COLUMN), "x0"),
    "DataArray": (xr.DataArray(COLUMN, name="a"), "a"),
    "DataArray unnamed": (xr.DataArray(COLUMN), "x0"),
}


@pytest.mark.parametrize(("X", "name"), ONE_DIMENSIONAL.values(), ids=ONE_DIMENSIONAL)
def test_one_dimension_is_one_column(X, name):
    rows = read_rows(X)
    assert rows.features == (name,)
    np.testing.assert_array_equal(rows.values, np.array(COLUMN)[:, None])


def test_user_keeps_a_writable_array_of_their_own():
    X = NUMBERS.copy()
    rows = read_rows(X)
    X[0, 0] = 99.0
    assert rows.values[0, 0] == 1.0


@pytest.mark.parametrize("X", [[[True, 2.5], [False, 1.5]], pd.DataFrame({"a": [True, False], "b": [2.5, 1.5]})])
def test_truth_values_are_zero_and_one(X):
    np.testing.assert_array_equal(read_rows(X).values, [[1.0, 2.5], [0.0, 1.5]])


def test_names_become_text():
    assert read_rows(pd.DataFrame(NUMBERS)).features == ("0", "1")
    assert read_rows(FRAME.set_axis(pd.MultiIndex.from_product([["a"], [1, 2]]), axis=1)).features == (
        "('a', 1)",
        "('a', 2)",
    )


def test_fingerprint_sees_values_and_shape():
    prints = {read_rows(X).sha256 for X in (NUMBERS, NUMBERS + 1, NUMBERS.reshape(2, 3), NUMBERS.ravel())}
    assert len(prints) == 4


def test_reading_arrays_imports_no_data_frame_library():
    code = """
import sys, bayesmix.data as data
data.read_rows([[1.0, 2.0], [3.0, 5.0]])
assert not {"pandas", "polars", "xarray", "narwhals", "pymc", "numba"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
