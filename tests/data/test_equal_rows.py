"""Equal rows as one row each: what they were comes back by `inverse`."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr

from bayesmix import Categorical, Mixture
from bayesmix.data import unique_rows

ROWS = np.array([[1.0, np.nan], [0.0, 2.0], [1.0, np.nan], [-0.0, 2.0], [3.0, 2.0]])
CONTAINERS = {
    "array": lambda rows: rows,
    "list": lambda rows: rows.tolist(),
    "pandas": lambda rows: pd.DataFrame(rows, columns=["a", "b"], index=list("uvwxy")),
    "polars": lambda rows: pl.DataFrame(rows, schema=["a", "b"]),
    "xarray": lambda rows: xr.DataArray(rows, dims=("row", "column")),
}


@pytest.mark.parametrize("contain", CONTAINERS.values(), ids=CONTAINERS)
def test_of_every_container(contain):
    found = unique_rows(contain(ROWS))
    assert type(found.X) is type(contain(ROWS))
    np.testing.assert_array_equal(np.asarray(found.X, dtype=float), ROWS[[0, 1, 4]])
    assert found.sample_weight.tolist() == [2.0, 2.0, 1.0]
    np.testing.assert_array_equal(np.asarray(found.X, dtype=float)[found.inverse], ROWS)


def test_weights_add():
    found = unique_rows(ROWS, sample_weight=[0.5, 1, 2, 0, 4])
    assert found.sample_weight.tolist() == [2.5, 1.0, 4.0]


def test_same_estimate_from_fewer_rows():
    rng = np.random.default_rng(1)
    hidden = rng.random(400) < 0.4
    answers = np.where(rng.random((400, 4)) < np.where(hidden, 0.85, 0.2)[:, None], "yes", "no")
    X, weights, inverse = unique_rows(pd.DataFrame(answers))
    assert len(X) <= 16
    ours = Mixture(2, Categorical()).fit_em(X, sample_weight=weights, random_seed=1)
    theirs = Mixture(2, Categorical()).fit_em(answers, random_seed=1)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-3)
    assert ours.bic == pytest.approx(theirs.bic, abs=2e-3)
    assert (ours.labels[inverse] == theirs.labels).mean() == 1
