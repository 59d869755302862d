"""The index of the user's container becomes the rows' labels."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesmix.data import read_rows
from tests.data.examples import DAYS, FRAME, INDEX, NAMES, NUMBERS

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
