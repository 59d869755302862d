"""Rows that were measured with errors: a row's density in a component is normal with both covariances together."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

import bayesmix as bm
from bayesmix.data import read_errors, read_rows
from bayesmix.families.gaussian.covariance import STRUCTURES
from bayesmix.problem import Problem

COVARIANCES = tuple(STRUCTURES)
ONE_OF_EACH_PASS = ("full", "tied", "diag", "spherical")


def measured(n_rows=120, n_features=2, seed=0):
    """Two clouds in columns of other units, and rows with errors of all sizes; some are exact."""
    rng = np.random.default_rng(seed)
    units = np.resize([1.0, 30.0, 0.02], n_features)
    true = rng.standard_normal((n_rows, n_features)) + 4.0 * (rng.random((n_rows, 1)) < 0.4)
    half = rng.standard_normal((n_rows, n_features, n_features)) * rng.gamma(1.0, 0.6, (n_rows, 1, 1))
    half[:10] = 0.0
    seen = true + np.einsum("nij,nj->ni", half, rng.standard_normal(true.shape))
    half = half * units[:, None]
    return seen * units + 7.0, half @ half.swapaxes(1, 2)


X, S = measured()


def written_out(weights, means, matrices, rows, errors):
    """Log joint density (N, K) of the cells that were seen, by SciPy."""
    joint = np.zeros((len(rows), len(weights)))
    for n, row in enumerate(rows):
        seen = ~np.isnan(row)
        for k, matrix in enumerate(matrices):
            whole = (matrix + errors[n])[np.ix_(seen, seen)]
            joint[n, k] = np.log(weights[k]) + multivariate_normal.logpdf(row[seen], means[k][seen], whole)
    return joint


def joint_of(em, rows, errors):
    return written_out(em.weights, em.params["means"], em.family.covariance_matrices(em.params), rows, errors)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_likelihood_is_that_of_both_covariances(covariance):
    em = bm.Mixture(2, bm.Gaussian(covariance)).fit_em(X, error_covariances=S, n_init=2, max_iter=30, random_seed=1)
    joint = joint_of(em, X, S)
    assert em.log_likelihood == pytest.approx(logsumexp(joint, axis=1).sum(), rel=1e-10)
    shares = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(em.responsibilities, shares, atol=1e-8)
    assert np.diff(em.history).min() >= -1e-8 * abs(em.history[-1])


@pytest.mark.parametrize("covariance", ONE_OF_EACH_PASS)
def test_cells_may_be_missing_beside_errors_and_errors_there_count_for_nothing(covariance):
    rows, errors = X.copy(), S.copy()
    gone = np.random.default_rng(1).random(rows.shape) < 0.2
    gone[gone.all(axis=1), 0] = False
    rows[gone] = np.nan
    errors[gone[:, :, None] & gone[:, None, :]] = np.nan
    em = bm.Mixture(2, bm.Gaussian(covariance)).fit_em(rows, error_covariances=errors, n_init=2, random_seed=1)
    assert em.log_likelihood == pytest.approx(logsumexp(joint_of(em, rows, S), axis=1).sum(), rel=1e-10)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_errors_of_zero_are_none(covariance):
    mixture = bm.Mixture(2, bm.Gaussian(covariance))
    plain = mixture.fit_em(X, n_init=2, random_seed=1)
    exact = mixture.fit_em(X, error_covariances=np.zeros_like(X), n_init=2, random_seed=1)
    assert exact.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-10)
    for name, values in plain.params.items():
        np.testing.assert_allclose(exact.params[name], values, rtol=1e-6, atol=1e-7 * np.abs(values).max())


def problem_on(rows, errors, covariance, priors):
    family = bm.Gaussian(covariance)
    return Problem.of(family.measured(read_rows(rows, missing="keep"), errors), family, 2, priors)


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_an_error_without_bound_is_a_missing_cell(covariance):
    holed, errors = X.copy(), np.zeros((len(X), 2))
    holed[:30, 0] = np.nan
    errors[:30, 0] = 1e14 * X[:, 0].var()
    mixture = bm.Mixture(2, bm.Gaussian(covariance)).resolve_priors(holed)
    gone = mixture.fit_em(holed, n_init=2, tol=1e-12, random_seed=1)
    unbounded = mixture.fit_em(X, error_covariances=errors, n_init=2, tol=1e-12, random_seed=1)
    for name, values in gone.params.items():
        np.testing.assert_allclose(unbounded.params[name], values, rtol=1e-4, atol=1e-5 * np.abs(values).max())
    # of such a cell the density is that of its error, and the rest that of the cells that were seen
    constant = -0.5 * 30 * np.log(2 * np.pi * errors[0, 0])
    assert unbounded.log_likelihood - constant == pytest.approx(gone.log_likelihood, abs=1e-4)
    np.testing.assert_allclose(unbounded.responsibilities, gone.responsibilities, atol=1e-4)


@pytest.mark.parametrize("covariance", ONE_OF_EACH_PASS)
def test_units_of_columns_change_nothing(covariance):
    factors = np.array([1e-6, 1e6]) if covariance != "spherical" else np.array([1e5, 1e5])
    mixture = bm.Mixture(2, bm.Gaussian(covariance))
    one = mixture.fit_em(X, error_covariances=S, n_init=2, random_seed=1)
    other = mixture.fit_em(X * factors, error_covariances=S * factors[:, None] * factors, n_init=2, random_seed=1)
    shift = -len(X) * np.log(factors).sum()
    assert other.log_likelihood == pytest.approx(one.log_likelihood + shift, rel=1e-9)
    np.testing.assert_allclose(other.responsibilities, one.responsibilities, atol=1e-6)
    np.testing.assert_allclose(other.params["means"], one.params["means"] * factors, rtol=1e-6)


def test_variances_are_diagonal_matrices():
    variances = np.diagonal(S, axis1=1, axis2=2)
    rows = read_rows(X)
    np.testing.assert_array_equal(read_errors(variances, rows), variances[:, :, None] * np.eye(2))
    np.testing.assert_array_equal(read_errors(S, rows), S)


# restricted matrices have no scales of their own, which the separated prior speaks of
OF_PRIORS = [(one, "conjugate") for one in COVARIANCES]
OF_PRIORS += [(one, "separated") for one in COVARIANCES if not bm.Gaussian(one).structure.restricted]


@pytest.mark.parametrize(("covariance", "prior"), OF_PRIORS)
def test_density_and_its_slope(covariance, prior):
    family = bm.Gaussian(covariance)
    priors = None if prior == "conjugate" else {"means": bm.priors.Normal()}
    mixture = bm.Mixture(2, family, priors=priors)
    rows = read_rows(X)
    with_errors, plain = family.measured(rows, S), replace(rows)
    resolved = mixture.resolve_priors(X).priors
    density, without = (Problem.of(one, family, 2, resolved).closed_form() for one in (with_errors, plain))
    rng = np.random.default_rng(2)
    q, step = 0.3 * rng.standard_normal(density.size), 1e-5 * rng.standard_normal(density.size)
    value, slope = density.logp_grad(q)
    difference = density.logp_grad(q + step)[0] - density.logp_grad(q - step)[0]
    assert difference / 2 == pytest.approx(slope @ step, rel=1e-4, abs=1e-8 * (1 + abs(value)))
    # the prior is the same: the densities differ as the likelihoods do, if both stand for the same parameters
    named = density.constrain(q)
    elsewhere = without.unconstrain({**named, **family.complete(named, resolved)})
    log_prior = without.map_logp_grad(elsewhere)[0] - log_likelihood(family, named, rows.values)
    wanted = log_prior + log_likelihood(family, named, with_errors.entries)
    assert density.map_logp_grad(q)[0] == pytest.approx(wanted, rel=1e-9)


def log_likelihood(family, named, entries):
    params = {spec.name: named[spec.name] for spec in family.parameters}
    return float(family.log_mixture(named["weights"], params, entries).sum())


def test_weights_repeat_rows_and_labels_are_known():
    weights = np.random.default_rng(3).integers(0, 3, len(X))
    mixture = bm.Mixture(2).resolve_priors(np.repeat(X, weights, axis=0))
    one = mixture.fit_em(X, error_covariances=S, sample_weight=weights, n_init=2, tol=1e-12, random_seed=1)
    repeated = {"error_covariances": np.repeat(S, weights, axis=0), "n_init": 2, "tol": 1e-12, "random_seed": 1}
    other = mixture.fit_em(np.repeat(X, weights, axis=0), **repeated)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-8)
    labels = np.where(np.arange(len(X)) < 40, (X[:, 0] > 9).astype(int), -1)
    told = bm.Mixture(2).fit_em(X, error_covariances=S, labels=labels, n_init=2, random_seed=1)
    joint = joint_of(told, X, S)
    known = labels >= 0
    joint[known, 1 - labels[known]] = -np.inf
    assert told.log_likelihood == pytest.approx(logsumexp(joint, axis=1).sum(), rel=1e-10)
    np.testing.assert_array_equal(told.labels[known], labels[known])


def test_maximum_is_that_of_the_marginal_likelihood():
    em = bm.Mixture(2).fit_em(X, error_covariances=S, estimate="ml", tol=0, max_iter=400, random_seed=1)
    lower = np.tril_indices(2)
    scale = X.std(axis=0)

    def unpack(q):
        weights = np.array([1.0, np.exp(q[0])])
        halves = np.zeros((2, 2, 2))
        halves[:, *lower] = q[5:].reshape(2, 3)
        halves *= scale[:, None]
        return weights / weights.sum(), q[1:5].reshape(2, 2) * scale, halves @ halves.swapaxes(1, 2)

    def objective(q):
        weights, means, matrices = unpack(q)
        whole = matrices[:, None] + S
        deviations = X - means[:, None]
        squares = np.einsum("kni,knij,knj->kn", deviations, np.linalg.inv(whole), deviations)
        joint = -0.5 * squares - 0.5 * np.linalg.slogdet(whole)[1] - np.log(2 * np.pi)
        return -logsumexp(joint + np.log(weights)[:, None], axis=0).sum()

    factors = np.linalg.cholesky(em.params["covariances"]) / scale[:, None]
    start = np.concatenate([[np.log(em.weights[1] / em.weights[0])], (em.params["means"] / scale).ravel()])
    start = np.concatenate([start, factors[:, *lower].ravel()])
    assert objective(start) == pytest.approx(-em.log_likelihood, rel=1e-10)
    moved = start * 1.02
    found = minimize(objective, moved, method="BFGS", options={"gtol": 1e-6})
    assert -found.fun == pytest.approx(em.log_likelihood, abs=1e-6 * len(X))
    weights, means, matrices = unpack(found.x)
    np.testing.assert_allclose(em.weights, weights, atol=1e-3)
    np.testing.assert_allclose(em.params["means"], means, rtol=1e-3)
    np.testing.assert_allclose(em.params["covariances"], matrices, rtol=1e-2, atol=1e-2 * np.prod(scale))


@pytest.mark.parametrize("covariance", ONE_OF_EACH_PASS)
def test_densities_at_many_points(covariance):
    family = bm.Gaussian(covariance)
    mixture = bm.Mixture(2, family).resolve_priors(X)
    rng = np.random.default_rng(4)
    weights = rng.dirichlet([1, 1], 3)
    params = family.prior_draws(mixture.priors, 2, 2, 3, rng)
    rows = family.measured(read_rows(X), S)
    joint = family.log_joint(weights, params, rows.entries)
    shares = np.empty((2, len(X), 3))
    for block, found in family.responsibilities_blocks(weights, params, rows.entries):
        shares[:, block] = found
    sums = family.group_sums(weights, params, rows.entries, np.array([20, len(X)]))
    for s in range(3):
        own = {name: value[s] for name, value in params.items()}
        wanted = written_out(weights[s], own["means"], family.covariance_matrices(own), X, S)
        np.testing.assert_allclose(joint[s], wanted, rtol=1e-9)
        of_rows = np.exp(wanted - logsumexp(wanted, axis=1, keepdims=True))
        np.testing.assert_allclose(shares[:, :, s].T, of_rows, atol=1e-8)
        np.testing.assert_allclose(sums[s], [of_rows[:20].sum(axis=0), of_rows[20:].sum(axis=0)], atol=1e-7)


def test_rows_beyond_all_are_someones():
    em = bm.Mixture(2).fit_em(X, error_covariances=S, n_init=2, random_seed=1)
    far = em.predict_proba([[1e200, 7.0], [-1e200, 7.0]], error_covariances=np.ones((2, 2)))
    assert np.isfinite(far).all()
    np.testing.assert_allclose(far.sum(axis=1), 1.0)


def test_the_rows_that_are_measured_worst_do_not_scale_the_prior():
    worst, errors = X.copy(), S.copy()
    worst[0], errors[0] = 1e7, 1e14 * np.eye(2)
    centre, scale = (bm.Gaussian().measured(read_rows(worst), errors)).centre_and_scale
    without, narrower = bm.Gaussian().measured(read_rows(X[1:]), S[1:]).centre_and_scale
    np.testing.assert_allclose(centre, without, rtol=0.05)
    np.testing.assert_allclose(scale, narrower, rtol=0.05)
