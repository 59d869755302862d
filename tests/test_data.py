"""The gate: every container gives the same rows, every refusal says where and what to do."""

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
from scipy import sparse

from bayesmix.data import Rows, centre_and_scale, check_fit, check_n_components, read_rows

NUMBERS = np.array([[1.0, 10.0], [2.0, 30.0], [4.0, -20.0]])
NAMES = ["a", "b"]
INDEX = ["u", "v", "w"]
FRAME = pd.DataFrame(NUMBERS, columns=NAMES)


def refusal(error, function, *arguments, **keywords) -> str:
    with pytest.raises(error) as caught:
        function(*arguments, **keywords)
    return str(caught.value)


# -- containers ------------------------------------------------------------------------------------

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


COLUMN = [1.0, 2.0, 4.0]
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


# -- row labels ------------------------------------------------------------------------------------

DAYS = pd.date_range("2024-01-01", periods=3)
HELD = {
    "integers": (pd.Index([5, 5, 7]), [5, 5, 7]),
    "floats": (pd.Index([0.5, np.nan, 2.0], dtype="float32"), [0.5, np.nan, 2.0]),
    "text": (pd.Index(INDEX), INDEX),
    "dates": (DAYS, DAYS.to_numpy("datetime64[ns]").tolist()),
}
MADE_TEXT = {
    "tuples": pd.MultiIndex.from_product([["a"], [1, 2, 3]]),
    "mixed": pd.Index([1, "a", None], dtype=object),
    "categories": pd.CategoricalIndex(INDEX),
    "truth values": pd.Index([True, False, True]),
    "periods": pd.period_range("2024", periods=3, freq="M"),
    "time differences": pd.timedelta_range("1D", periods=3),
    "intervals": pd.interval_range(0, 3),
    "time zones": DAYS.tz_localize("UTC"),
    "no date": pd.DatetimeIndex(["2024-01-01", None, "2024-01-03"]),
    "ancient dates": np.array(["0044-03-15", "0045-03-15", "0046-03-15"], dtype="datetime64[s]"),
}


@pytest.mark.parametrize(("index", "held"), HELD.values(), ids=HELD)
def test_index_is_kept(index, held):
    np.testing.assert_array_equal(read_rows(FRAME.set_index(index)).obs.tolist(), held)


@pytest.mark.parametrize("index", MADE_TEXT.values(), ids=MADE_TEXT)
def test_index_becomes_text(index):
    obs = read_rows(FRAME.set_index(pd.Index(index))).obs
    assert obs.dtype.kind == "U" and len(set(obs)) == len(set(index))


@pytest.mark.parametrize("index", [*(i for i, _ in HELD.values()), *MADE_TEXT.values()], ids=[*HELD, *MADE_TEXT])
def test_netcdf_holds_every_index(index, tmp_path):
    obs = read_rows(FRAME.set_index(pd.Index(index))).obs
    xr.Dataset(coords={"obs": obs}).to_netcdf(tmp_path / "obs.nc", engine="h5netcdf")
    np.testing.assert_array_equal(xr.load_dataset(tmp_path / "obs.nc").obs.values, obs)


def test_data_array_coordinate_is_the_index():
    X = xr.DataArray(NUMBERS, dims=["day", "gauge"], coords={"day": INDEX, "gauge": NAMES})
    assert read_rows(X).obs.tolist() == INDEX
    assert read_rows(X[:, 0]).obs.tolist() == INDEX


# -- refusals of read_rows -------------------------------------------------------------------------

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
        "X must hold real numbers; column 'species'; text ('Adelie' in row 0); X[['a', 'b']]",
    ),
    "text objects": (
        TEXT.astype(object),
        TypeError,
        "column 'species'; text ('Adelie' in row 0); X[['a', 'b']]",
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
        "column 'x1' holds text ('four' in row 1)",
    ),
    "objects": (
        np.array([[1, 2], [{}, 4]]),
        TypeError,
        "column 'x0' holds dict entries ({} in row 1)",
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
        "X has 1 missing value; NaN; row 1, column 'x1'; leave these rows out; X.dropna()",
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
        "X has 8 missing values; row 2, column 'x0' and 3 more",
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


# -- prediction: the columns of the fit ------------------------------------------------------------


@pytest.mark.parametrize("X", [NUMBERS, FRAME, pd.DataFrame(NUMBERS)])
def test_matching_columns_bear_the_fitted_names(X):
    assert read_rows(X, features=NAMES).features == ("a", "b")


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
    message = refusal(ValueError, read_rows, X, features=features)
    for word in words.split("; "):
        assert word.lower() in message.lower()


# -- number of components --------------------------------------------------------------------------


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


# -- fitness for a model ---------------------------------------------------------------------------

UNITS = [(1.0, 0.0), (1e-150, 0.0), (1e150, 0.0), (1.0, 1e6), (1e-6, -1.0)]  # factor, shift
GOOD = np.random.default_rng(0).normal(size=(50, 3))


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
    assert "X has fewer distinct rows than components" in message
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
    assert "X has exactly collinear columns: of " + words in message
    assert "Leave out" in message and "covariance='diag' or 'spherical'" in message
    check_fit(rows, 2, correlated=False)


def test_nearly_collinear_columns_pass():
    noise = np.random.default_rng(1).normal(size=50)
    rows = with_last(GOOD[:, 0] + 2e-6 * noise)
    assert 1e-13 < np.linalg.eigvalsh(np.corrcoef(rows.values.T))[0] < 1e-10
    check_fit(rows, 2, correlated=True)


def test_few_rows_are_left_to_the_prior():
    check_fit(read_rows(GOOD[:3]), 2, correlated=True)
    check_fit(read_rows(np.column_stack([GOOD[:4], GOOD[:4, 0]])), 2, correlated=True)


# -- centre and scale ------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1.0, 2.0**-498, 2.0**498, 2.0**-1020, 2.0**1018])
def test_centre_and_scale_are_mean_and_standard_deviation(unit):
    centre, scale = centre_and_scale(GOOD * unit)
    np.testing.assert_allclose(centre / unit, GOOD.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(scale / unit, GOOD.std(axis=0, ddof=1), rtol=1e-13)


@pytest.mark.parametrize("shift", [1e6, -1e12])
def test_scale_is_exact_far_from_zero(shift):
    column = np.array([0.0, 1.0, 2.0, 5.0] * 25_000)
    centre, scale = centre_and_scale((column + shift)[:, None])
    assert centre[0] == shift + 2.0
    np.testing.assert_allclose(scale[0], column.std(ddof=1), rtol=1e-14)


def test_scale_of_one_row_and_of_constant_columns():
    centre, scale = centre_and_scale(np.array([[3.0, 0.0]]))
    assert centre.tolist() == [3.0, 0.0] and scale.tolist() == [1.0, 1.0]
    assert centre_and_scale(np.full((4, 1), 7.0))[1].tolist() == [0.0]


def test_reading_arrays_imports_no_data_frame_library():
    code = """
import sys, bayesmix.data as data
data.read_rows([[1.0, 2.0], [3.0, 5.0]])
assert not {"pandas", "polars", "xarray", "narwhals", "pymc", "numba"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
