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
