"""A density at many places, one after the other and side by side."""

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.data.blocks import rows_of_block
from bayesmix.density.many_places import logp_grads, logps
from tests.problems import density_of

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("n_rows", [50, rows_of_block(2) + 1])
def test_they_are_those_of_one_place_after_the_other(n_rows):
    """Few rows are passed over by one thread, many by all: the same bits."""
    density = density_of(bm.Mixture(2), RNG.normal(size=(n_rows, 2)))
    q = RNG.normal(size=(9, density.size))
    one_by_one = [density.logp_grad(one) for one in q]
    values, gradients = zip(*logp_grads(density, q), strict=True)
    assert list(values) == [value for value, _ in one_by_one]
    np.testing.assert_array_equal(gradients, [gradient for _, gradient in one_by_one])
    np.testing.assert_array_equal(logps(density, q), values)
