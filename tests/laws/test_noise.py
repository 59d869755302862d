"""Laws of groups with noise beside them: pass and twin, gradients, PyMC, ascent, names, units, weights, cores."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.engines.begin import density_of
from bayesmix.families.parts import Point
from bayesmix.families.protocol import one_pass
from bayesmix.problem import Problem
from bayesmix.threads import Threads
from tests.laws.cases import WITH_NOISE, Case
from tests.laws.test_density import TOLERANCE, from_the_model
from tests.laws.test_objective import FLAT, climb, slope_at_the_end
from tests.laws.test_score import ALLOWED, error_of_gradient
from tests.monte_carlo import Finding

ONE_OF_EACH = [case for case in WITH_NOISE if case.n_components == 3]
CONJUGATE = [case for case in ONE_OF_EACH if case.prior == "conjugate"]
ROUNDING = 1e-10


def log_parts(weights, params, X, box) -> np.ndarray:
    """``log (1 - e) w_k f_k(x_i)`` and ``log e / V``, (N, K + 1), by SciPy."""
    share = float(params["noise_weight"])
    spreads = params["covariances"] if "covariances" in params else map(np.diag, params["variances"])
    groups = [
        np.log(weight * (1 - share)) + multivariate_normal(mean, spread).logpdf(X)
        for weight, mean, spread in zip(weights, params["means"], spreads, strict=True)
    ]
    low, high = np.array(box).T
    return np.column_stack([*groups, np.full(len(X), np.log(share / np.prod(high - low)))])


def point_of(case: Case):
    """A point, with its parameters in the units of the data, and SciPy's log parts of the rows there."""
    named = case.density.constrain(case.points(2)[1])
    params = {name: named[name] for name in case.family.shapes(case.n_components, case.n_features)}
    return named["weights"], params, log_parts(named["weights"], params, case.X, case.family.box)


def error_of_the_pass(case: Case) -> float:
    """Of log-likelihood, counts and the count of noise, against SciPy's densities; relative to one plus their size."""
    weights, params, parts = point_of(case)
    problem = case.problem
    found = one_pass(case.family, Point(weights, problem.standardised.to_state(params)), problem.blocks)
    counts = np.exp(parts - logsumexp(parts, axis=1, keepdims=True)).sum(axis=0)
    ours = [found.log_likelihood + problem.standardised.log_likelihood_shift, *found.counts, found.sums[-1]]
    wanted = np.array([logsumexp(parts, axis=1).sum(), *counts])
    return float(np.max(np.abs(ours - wanted) / (1 + np.abs(wanted))))


def findings() -> list[Finding]:
    name = f"noise: {len(WITH_NOISE)} models"
    gradient = max(error_of_gradient(case, which) for case in WITH_NOISE for which in ("logp_grad", "map_logp_grad"))
    return [
        Finding(f"{name}, the pass", "SciPy's densities", max(map(error_of_the_pass, WITH_NOISE)), ROUNDING),
        Finding(f"{name}, gradient", "finite differences", gradient, ALLOWED),
        Finding(f"{name}, density", "compile_logp of the PyMC model", from_the_model(CONJUGATE[0]), TOLERANCE),
        Finding(f"{name}, slope where EM ends", "zero", max(map(slope_at_the_end, WITH_NOISE)), FLAT),
    ]


@pytest.mark.parametrize("case", WITH_NOISE, ids=str)
def test_the_pass_is_its_slow_twin(case):
    assert error_of_the_pass(case) < ROUNDING


@pytest.mark.parametrize("case", CONJUGATE, ids=str)
def test_views_are_their_slow_twin(case):
    """What rows far from all groups, and beyond the box, are too."""
    weights, params, _ = point_of(case)
    X = np.vstack([case.X, case.X.max(axis=0) + 1e4 * np.ptp(case.X, axis=0)])
    parts = log_parts(weights, params, X, case.family.box)
    np.testing.assert_allclose(case.family.log_mixture(weights, params, X), logsumexp(parts, axis=1), rtol=1e-10)
    shares = np.concatenate([part for _, part in case.family.responsibilities_blocks(weights, params, X)], axis=1)
    wanted = np.exp(parts - logsumexp(parts, axis=1, keepdims=True))
    np.testing.assert_allclose(shares[..., 0].T, wanted[:, :-1], atol=1e-10)
    assert shares[:, -1].sum() == 0


@pytest.mark.parametrize("which", ["logp_grad", "map_logp_grad"])
@pytest.mark.parametrize("case", WITH_NOISE, ids=str)
def test_gradient_is_the_finite_difference(case, which):
    assert error_of_gradient(case, which) <= ALLOWED


def test_density_is_that_of_the_pymc_model():
    assert from_the_model(CONJUGATE[0]) < TOLERANCE


@pytest.mark.parametrize("case", WITH_NOISE, ids=str)
def test_the_objective_never_falls_and_em_ends_at_its_top(case):
    history = climb(case, "random_from_data").history
    assert np.diff(history).min() > -1e-9 * np.abs(history[-1])
    assert slope_at_the_end(case) < FLAT


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=str)
def test_names_of_groups_do_not_matter(case):
    order, q = np.array([2, 0, 1]), case.points(1)[0]
    named = case.density.constrain(q)
    moving = case.family.component_variables
    other = {name: value[order] if name in moving else value for name, value in named.items()}
    shift = case.density.map_logp_grad(case.density.unconstrain(other))[0] - case.density.map_logp_grad(q)[0]
    assert abs(shift) < 1e-8 * (1 + abs(case.density.map_logp_grad(q)[0]))


@pytest.mark.parametrize("case", CONJUGATE, ids=str)
def test_units_do_not_matter(case):
    mixture = bm.Mixture(3, case.line.family)
    start = np.arange(len(case.X)) * 3 // len(case.X)
    one = mixture.fit_em(case.X, init=start, tol=1e-12)
    for factor in (1e-6, 1e6):
        scales = np.array([factor, 3.0])
        other = mixture.fit_em(case.X * scales - 5.0, init=start, tol=1e-12)
        assert other.log_likelihood == pytest.approx(one.log_likelihood - len(case.X) * np.log(scales).sum(), rel=1e-8)
        np.testing.assert_allclose(other.responsibilities, one.responsibilities, atol=1e-6)
        np.testing.assert_array_equal(other.labels, one.labels)


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=str)
def test_whole_weights_are_repeated_rows(case):
    """In the box of all rows: one without rows of weight 0 would be smaller."""
    weights = np.random.default_rng(2).integers(1, 4, len(case.X)).astype(float)
    rows = read_rows(case.X).spanning.weighing(weights)
    ours, theirs = (
        density_of(Problem.of(one, case.line.family, 3, case.mixture.priors)) for one in (rows, rows.copies)
    )
    for q in case.points(2):
        (value, slope), (wanted, wanted_slope) = ours.logp_grad(q), theirs.logp_grad(q)
        assert value == pytest.approx(wanted, rel=1e-10)
        np.testing.assert_allclose(slope, wanted_slope, rtol=1e-8, atol=1e-8 * np.abs(wanted_slope).max())


def test_without_a_share_noise_is_nothing():
    """The density of the groups, as the share goes to zero."""
    case = CONJUGATE[0]
    named = case.density.constrain(case.points(1)[0])
    params = {**named, "noise_weight": np.array(0.0)}
    ours = case.family.log_mixture(named["weights"], params, case.X)
    np.testing.assert_allclose(ours, case.family.groups.log_mixture(named["weights"], named, case.X), rtol=1e-12)


def test_any_number_of_cores_gives_the_same_bits():
    case = CONJUGATE[0]
    rows = read_rows(np.repeat(case.X, 300, axis=0)).spanning
    problem = Problem.of(rows, case.line.family, 3, case.mixture.priors)
    weights, params, _ = point_of(case)
    point = Point(weights, problem.standardised.to_state(params))
    alone = one_pass(problem.family, point, problem.blocks)
    with Threads(2) as threads:
        together = one_pass(problem.family, point, problem.blocks, threads)
    assert alone.log_likelihood == together.log_likelihood
    assert all((one == other).all() for one, other in zip(alone.sums, together.sums, strict=True))


def test_a_wrong_volume_is_seen():
    """A planted error: twice the volume moves the likelihood by more than the pass may err."""
    case = CONJUGATE[0]
    problem = case.problem
    weights, params, parts = point_of(case)
    wrong = replace(problem.standardised, log_density=problem.standardised.log_density - np.log(2))
    found = one_pass(case.family, Point(weights, wrong.to_state(params)), wrong.blocks)
    wanted = logsumexp(parts, axis=1).sum()
    assert abs(found.log_likelihood + wrong.log_likelihood_shift - wanted) > 1e3 * ROUNDING * abs(wanted)
