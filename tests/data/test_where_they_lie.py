"""Rows of floats that are read where they lie."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr

import bayesmix as bm
from bayesmix.data import read_rows

RNG = np.random.default_rng(4)
X = RNG.normal(size=(30_000, 3)) + 4.0 * RNG.integers(2, size=(30_000, 1))
PLACES = {
    "array": lambda X: X,
    "by columns": np.asfortranarray,
    "every second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "pandas": pd.DataFrame,
    "xarray": xr.DataArray,
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_copy(place, dtype):
    there = place(X.astype(dtype))
    rows = read_rows(there, copy=False)
    assert np.shares_memory(rows.values, np.asarray(there)) and rows.values.dtype == dtype
    assert not rows.values.flags.writeable
    assert not np.shares_memory(read_rows(there).values, np.asarray(there))
    assert not np.shares_memory(read_rows(there, copy=None).values, np.asarray(there))  # few
    np.testing.assert_array_equal(rows.values, read_rows(there).values)
    assert rows.sha256 == read_rows(there).sha256
    there[:1] = 7.0  # the user may still write


def test_many_are_copied_when_asked_for():
    many = np.zeros((2**23 + 1, 1))
    many[::2] = 1.0
    assert np.shares_memory(read_rows(many, copy=None).values, many)
    assert not np.shares_memory(read_rows(many, copy=True).values, many)


@pytest.mark.parametrize(
    "other", [np.round(X).astype(int), X.astype(">f8"), X.astype(object), pl.DataFrame(X), X.tolist()], ids=type
)
def test_what_is_no_array_of_floats_is_read_as_ever(other):
    np.testing.assert_array_equal(read_rows(other, copy=False).values, read_rows(other).values)


def test_missing_cells_are_kept_and_infinite_ones_refused():
    holes = X.copy()
    holes[5, 1] = np.nan
    rows = read_rows(holes, missing="keep", copy=False)
    assert rows.missing is not None and rows.missing.sum() == 1
    with pytest.raises(ValueError, match="row 5, column 'x1'"):
        read_rows(holes, copy=False)
    holes[5, 1] = np.inf
    with pytest.raises(ValueError, match="infinite value"):
        read_rows(holes, missing="keep", copy=False)


def test_the_fit_is_the_same(tmp_path):
    """Of single precision, that of the rounded numbers; from a file mapped into memory, to the last bit."""
    many = np.repeat(X, 2, axis=0) + RNG.normal(size=(60_000, 3)) / 10  # two blocks
    np.save(tmp_path / "rows.npy", many)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    given = {"n_init": 2, "random_seed": 1}
    copied = bm.Mixture(2).fit_em(many, copy=True, **given)
    for place in (mapped, np.asfortranarray(many)):
        there = bm.Mixture(2).fit_em(place, copy=False, **given)
        assert there.log_likelihood == copied.log_likelihood
        np.testing.assert_array_equal(there.labels, copied.labels)
    single = bm.Mixture(2).fit_em(many.astype(np.float32), copy=False, **given)
    rounded = bm.Mixture(2).fit_em(many.astype(np.float32).astype(float), **given)
    assert single.log_likelihood == rounded.log_likelihood
    assert single.to_tree()["observed_data"]["x"].dtype == np.float64
