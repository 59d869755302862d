"""Minibatches: the density with some of the rows in the place of all."""

import numpy as np
import pytest

from tests.laws.cases import CASES


@pytest.mark.parametrize("case", CASES[::5], ids=str)
def test_minibatches_average_to_the_whole(case):
    """Over a partition into equal parts, the mean of the estimates is the log density itself."""
    density, n = case.density, len(case.X)
    parts = np.random.default_rng(0).permutation(n).reshape(-1, 10)
    q = case.points(1)[0]
    estimates = [density.minibatch(part).logp_grad(q) for part in parts]
    value, slope = density.logp_grad(q)
    assert np.mean([one for one, _ in estimates]) == pytest.approx(value, rel=1e-11)
    np.testing.assert_allclose(np.mean([one for _, one in estimates], axis=0), slope, atol=1e-9 * np.abs(slope).max())
    assert len({round(one, 6) for one, _ in estimates}) > 1
