"""Rows in standard units against SciPy's triangular solver, in every type and layout that rows come in."""

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from bayesmix.passes.standard import by_column, by_matrix

RNG = np.random.default_rng(2)
ROWS = 100 + RNG.normal(size=(1000, 5)) @ RNG.normal(size=(5, 5))
LAYOUTS = {
    "by rows": lambda rows: rows,
    "by columns": np.asfortranarray,
    "every second": lambda rows: np.repeat(rows, 2, axis=0)[::2],
    "single precision": lambda rows: rows.astype(np.float32),
    "single precision by columns": lambda rows: np.asfortranarray(rows.astype(np.float32)),
}


@pytest.mark.parametrize("laid_out", LAYOUTS.values(), ids=LAYOUTS)
def test_against_scipy(laid_out):
    rows, columns = laid_out(ROWS), np.empty((5, 1000))
    rows.flags.writeable = False
    centre, matrix = ROWS.mean(axis=0), np.linalg.cholesky(np.cov(ROWS.T))
    by_matrix(rows, centre, matrix, columns)
    expected = solve_triangular(matrix, (rows.astype(float) - centre).T, lower=True)
    np.testing.assert_allclose(columns, expected, rtol=0, atol=1e-13 * np.linalg.cond(matrix))
    by_column(rows, centre, np.diagonal(matrix).copy(), columns)
    np.testing.assert_allclose(columns, (rows.astype(float) - centre).T / np.diagonal(matrix)[:, None], rtol=1e-14)
