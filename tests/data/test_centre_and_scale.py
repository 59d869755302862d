"""Means and standard deviations of the columns, in any units and far from zero."""

import numpy as np
import pytest

from bayesmix.data import centre_and_scale
from tests.data.examples import GOOD


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


def test_blocks_are_those_of_all_rows():
    """Also where they differ as much as a file that is sorted, and squares are beyond what a float holds."""
    column = np.sort(np.random.default_rng(0).normal(size=400_000)) * 1e160
    values = np.stack([column, np.where(np.arange(400_000) < 300_000, np.nan, column / 1e320 + 1e-155)], axis=1)
    centre, scale = centre_and_scale(values)
    np.testing.assert_allclose(scale[0], (column / 1e160).std(ddof=1) * 1e160, rtol=1e-13)
    assert abs(centre[0] - (column / 1e160).mean() * 1e160) < 1e-13 * scale[0]
    seen = values[300_000:, 1] * 1e160
    np.testing.assert_allclose([centre[1], scale[1]], [seen.mean() / 1e160, seen.std(ddof=1) / 1e160], rtol=1e-13)
