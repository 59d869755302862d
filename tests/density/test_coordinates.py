"""The flat vector and the named values of the model, there and back, in any number of leading dimensions."""

import numpy as np
import pytest

from bayesmix import Gaussian
from bayesmix.density import transforms
from tests.laws.cases import CASES, GAUSSIAN_CASES
from tests.problems import problem_of


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("leading", [(), (5,), (2, 3)])
def test_there_and_back(case, leading):
    density = case.density
    q = np.random.default_rng(0).normal(size=(*leading, density.size))
    named = density.constrain(q)
    assert named["weights"].shape == (*leading, case.n_components)
    np.testing.assert_allclose(named["weights"].sum(axis=-1), 1, rtol=1e-12)
    for spec in case.family.parameters:
        assert named[spec.name].shape == (*leading, *case.family.shapes(case.n_components, case.n_features)[spec.name])
    again = density.unconstrain(named)
    if case.line.alike:
        np.testing.assert_allclose(again, q, rtol=1e-8, atol=1e-8)
    else:  # several rotations turn one matrix into another: one of them is found, from each of them
        same = density.constrain(again)
        np.testing.assert_allclose(density.unconstrain(same), again, rtol=1e-8, atol=1e-8)
        for name, value in same.items():
            np.testing.assert_allclose(value, named[name], rtol=1e-7, atol=1e-9, err_msg=name)
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
    if isinstance(case.family, Gaussian):
        correlated = case.prior == "separated" and case.family.correlated and case.n_features > 1
        assert ("correlations" in names) == correlated
    free = case.family.n_parameters(case.n_components, case.n_features)
    assert case.density.size == free


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_derived_follows_from_the_parameters(case):
    named = case.density.constrain(case.points(1)[0])
    completed = case.family.complete(named, case.problem.priors)
    assert set(completed) == set(named)
    parameters = {spec.name: named[spec.name] for spec in case.family.parameters}
    for name, value in case.family.complete(parameters, case.problem.priors).items():
        np.testing.assert_allclose(named[name], value, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("case", GAUSSIAN_CASES, ids=str)
def test_scales_are_roots_of_variances(case):
    named = case.density.constrain(case.points(1)[0])
    variances = np.diagonal(case.family.covariance_matrices(named), axis1=1, axis2=2)
    wanted = {
        "full": variances,
        "tied": variances[0],
        "diag": variances,
        "spherical": variances[:, 0],
        "EEI": variances[0],
        "EII": variances[0, 0],
    }
    np.testing.assert_allclose(named["scales"], np.sqrt(wanted.get(case.family.covariance, variances)), rtol=1e-12)


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
    priors = {"scales": pm.HalfNormal.dist(1.0)}
    assert problem_of(case.rows, case.family, case.n_components, priors).closed_form() is None
