"""The flat vector and the named values of the model, there and back, in any number of leading dimensions."""

import numpy as np
import pytest

from bayesmix.density import transforms
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.priors.sets import read_priors
from tests.laws.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("leading", [(), (5,), (2, 3)])
def test_there_and_back(case, leading):
    density = case.density
    q = np.random.default_rng(0).normal(size=(*leading, density.size))
    named = density.constrain(q)
    assert named["means"].shape == (*leading, case.n_components, case.n_features)
    assert named["weights"].shape == (*leading, case.n_components)
    np.testing.assert_allclose(named["weights"].sum(axis=-1), 1, rtol=1e-12)
    for spec in case.family.parameters:
        assert named[spec.name].shape == (*leading, *spec.shape(case.n_components, case.n_features))
    np.testing.assert_allclose(density.unconstrain(named), q, rtol=1e-8, atol=1e-8)
    for place in np.ndindex(leading):
        alone = density.constrain(q[place])
        for name, value in alone.items():
            np.testing.assert_allclose(named[name][place], value, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_variables_cover_the_vector(case):
    stops = [one.place.stop for one in case.density.variables]
    starts = [one.place.start for one in case.density.variables]
    assert starts == [0, *stops[:-1]]
    assert stops[-1] == case.density.size
    lengths = [stop - start for start, stop in zip(starts, stops, strict=True)]
    assert lengths == [int(np.prod(one.shape)) for one in case.density.variables]
    names = [one.name for one in case.density.variables]
    assert ("weights" in names) == (case.n_components > 1)
    assert ("correlations" in names) == (case.prior == "separated" and case.family.correlated and case.n_features > 1)
    free = case.family.n_parameters(case.n_components, case.n_features)
    assert case.density.size == free


@pytest.mark.parametrize("case", CASES, ids=str)
def test_scales_follow_from_the_covariances(case):
    named = case.density.constrain(case.points(1)[0])
    np.testing.assert_allclose(named["scales"], case.family.scales(named), rtol=1e-12)
    if "correlations" in named:
        np.testing.assert_allclose(case.family.with_scales(named)["correlations"], named["correlations"], atol=1e-12)


def test_weights_at_the_border_have_a_finite_start():
    q = transforms.simplex_inverse(np.array([1.0, 0.0, 0.0]))
    assert np.isfinite(q).all()
    np.testing.assert_allclose(transforms.simplex(q), [1, 0, 0], atol=1e-9)


def test_simplex_of_huge_logits():
    assert np.isfinite(transforms.simplex(np.array([[800.0, -800.0], [-1e4, 1e4]]))).all()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_far_out_the_density_is_not_high(case):
    """Where numbers overflow it may be NaN, which engines take for zero density; it must not look like a peak."""
    rng = np.random.default_rng(1)
    at_home = case.density.logp_grad(case.points(1)[0])[0]
    for size in (10.0, 100.0, 1000.0):
        value, _ = case.density.logp_grad(size * rng.normal(size=case.density.size))
        assert not value > at_home


def test_a_foreign_prior_has_no_closed_form():
    import pymc as pm

    case = CASES[0]
    priors = read_priors({"scales": pm.HalfNormal.dist(1.0)})
    with pytest.raises(TypeError, match="use PyMCDensity"):
        ClosedFormDensity(case.rows, case.family, priors, case.n_components)
