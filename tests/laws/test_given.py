"""Some features given others, and rows with missing cells: marginals and conditionals are one density."""

import numpy as np
import pytest
from scipy.integrate import tanhsinh
from scipy.stats import multivariate_normal, multivariate_t

from bayesmix import Gaussian, StudentT
from tests.laws.cases import LIKELIHOOD_CASES

CASES = [case for case in LIKELIHOOD_CASES if case.n_features > 1]
CONTINUOUS = [case for case in CASES if case.family.measure == "density"]
N_ROWS = 7
MOST_COUNTED = 400  # of counts that a sum runs over
ROUNDING = 1e-9


def halves(case):
    """Positions of the features that are asked for and of those that are given, not in their order."""
    order = np.random.default_rng(case.n_features).permutation(case.n_features)
    return order[: case.n_features // 2], order[case.n_features // 2 :]


def component_densities(family, params, X, n_components):
    """Log densities (..., N, K) of the components alone."""
    return family.log_joint(np.ones(n_components), params, X)


def conditional_densities(case, params, X, features, given):
    """Log density (N, K) of each row's features given its others."""
    family, of_rows = case.family.conditional_on(params, features, given, X[:, given])
    every = family.log_joint(np.ones((len(X), case.n_components)), of_rows, X[:, features])
    return every[np.arange(len(X)), np.arange(len(X))]


def total(case, feature, family, weights, params, function=np.ones_like, upper=np.inf):
    """Integral, or sum, of a function times the mixture's density in one feature; by SciPy, or over all values."""

    def density(x):
        return function(x) * np.exp(family.log_mixture(weights, params, np.reshape(x, (-1, 1)))).reshape(np.shape(x))

    column = case.rows.columns[feature]
    if case.family.measure == "density":
        inner = np.quantile(case.X[:, feature], np.linspace(0, 1, 9))
        ends = np.concatenate([[-np.inf], inner[inner < upper], [upper]])
        return tanhsinh(density, ends[:-1], ends[1:], maxlevel=9).integral.sum()
    n_values = {"count": MOST_COUNTED, "binary": 2, "categorical": len(column.levels)}[column.kind]
    values = np.arange(n_values, dtype=float)
    return density(values[values <= upper]).sum()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_marginal_times_conditional_is_joint(case):
    _, params = case.parameters()
    features, given = halves(case)
    X = case.rows.values[:N_ROWS]
    family, of_given = case.family.marginal(params, given)
    marginal = component_densities(family, of_given, X[:, given], case.n_components)
    both = marginal + conditional_densities(case, params, X, features, given)
    np.testing.assert_allclose(both, component_densities(case.family, params, X, case.n_components), rtol=ROUNDING)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_are_broadcast_against_draws(case):
    """Rows (N, 1, d) at draws (S, ...) are (N, S, ...), each as it is alone."""
    points = [case.parameters(seed)[1] for seed in range(3)]
    params = {name: np.stack([one[name] for one in points]) for name in points[0]}
    features, given = halves(case)
    values = case.rows.values[:N_ROWS, given]
    _, every = case.family.conditional_on(params, features, given, values[:, None])
    for i, s in np.ndindex(N_ROWS, 3):
        _, alone = case.family.conditional_on(points[s], features, given, values[i])
        for name, value in alone.items():
            np.testing.assert_allclose(every[name][i, s], value, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("case", CONTINUOUS, ids=str)
def test_conditional_is_a_ratio_of_scipys_densities(case):
    _, params = case.parameters()
    features, given = halves(case)
    X, both = case.rows.values[:N_ROWS], np.concatenate([features, given])
    locations, matrices = case.family.moments(params)
    found = conditional_densities(case, params, X, features, given)
    for k in range(case.n_components):

        def log_density(chosen, k=k):
            location, matrix = locations[k, chosen], matrices[k][np.ix_(chosen, chosen)]
            if isinstance(case.family, StudentT):
                dof = np.broadcast_to(params.get("dof", case.family.given_dof), case.n_components)[k]
                return multivariate_t(location, matrix, dof, allow_singular=True).logpdf(X[:, chosen])
            return multivariate_normal(location, matrix, allow_singular=True).logpdf(X[:, chosen])

        wanted = np.atleast_1d(log_density(both)) - np.atleast_1d(log_density(given))
        np.testing.assert_allclose(found[:, k], wanted, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("case", [case for case in CASES if case.n_features == 2], ids=str)
def test_conditional_sums_to_one_and_has_its_moments_and_cumulative(case):
    weights, params = case.parameters()
    row, features, given = case.rows.values[3], np.array([1]), np.array([0])
    family, here = case.family.conditional_on(params, features, given, row[given])
    assert total(case, 1, family, weights, here) == pytest.approx(1, abs=1e-6)
    at = row[1]
    cumulative = family.cumulative(here, np.array([at]))
    if cumulative is None:
        assert case.rows.columns[1].kind == "categorical"
        np.testing.assert_allclose(family.mean_and_variance(here)[0].sum(axis=-1), 1, rtol=1e-12)
        return
    assert weights @ cumulative[:, 0] == pytest.approx(total(case, 1, family, weights, here, upper=at), abs=1e-6)
    means, variances = family.mean_and_variance(here)
    mean = weights @ means[:, 0]
    variance = weights @ (variances[:, 0] + (means[:, 0] - mean) ** 2)
    if np.isfinite(variance) and not isinstance(family, StudentT):  # whose tails an integral does not reach
        assert total(case, 1, family, weights, here, lambda x: x) == pytest.approx(mean, rel=1e-6, abs=1e-6)
        spread = total(case, 1, family, weights, here, lambda x: (x - mean) ** 2)
        assert spread == pytest.approx(variance, rel=1e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_missing_cells_are_summed_out(case):
    """A row has the marginal's density and odds; one of which nothing was seen has those of the weights."""
    weights, params = case.parameters()
    features, _ = halves(case)
    whole = case.rows.values[: 2 * N_ROWS]
    X = whole.copy()
    X[::2, features[0]] = np.nan
    X[1] = np.nan
    kept = np.setdiff1d(np.arange(case.n_features), features[:1])
    family, of_kept = case.family.marginal(params, kept)
    wanted = case.family.log_joint(weights, params, whole)
    wanted[::2] = family.log_joint(weights, of_kept, whole[::2][:, kept])
    wanted[1] = np.log(weights)
    np.testing.assert_allclose(case.family.log_joint(weights, params, X), wanted, rtol=1e-12)
    of_rows = np.logaddexp.reduce(wanted, axis=1)
    np.testing.assert_allclose(case.family.log_mixture(weights, params, X), of_rows, rtol=1e-12, atol=1e-12)
    found = np.full(wanted.shape, np.nan)
    for places, block in case.family.responsibilities_blocks(weights, params, X, max_values=2 * case.n_components):
        found[places] = block[..., 0].T
    np.testing.assert_allclose(found, np.exp(wanted - of_rows[:, None]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if case.n_features == 2], ids=str)
def test_what_is_summed_out_is_a_sum(case):
    """Of the density of both, over all values of the one that is missing."""
    weights, params = case.parameters()
    X = case.rows.values[2].copy()

    class Slice:
        measure, word = case.family.measure, case.family.word

        @staticmethod
        def log_mixture(weights, params, x):
            return case.family.log_mixture(weights, params, np.column_stack([np.full(len(x), X[0]), x]))

    summed = total(case, 1, Slice, weights, params)
    row = np.array([[X[0], np.nan]])
    assert np.exp(case.family.log_mixture(weights, params, row)[0]) == pytest.approx(summed, rel=1e-5)


def test_a_nearly_collinear_covariance_keeps_its_conditional():
    """A condition of 1e12: the spread that is left is no difference of large numbers."""
    left = 1e-6
    matrix = np.array([[1.0, 1.0], [1.0, 1.0 + left**2]])
    params = {"means": np.zeros((1, 2)), "covariances": matrix[None]}
    _, here = Gaussian("full").conditional_on(params, np.array([1]), np.array([0]), np.array([3.0]))
    assert here["means"][0, 0] == pytest.approx(3.0, rel=1e-12)
    assert here["covariances"][0, 0, 0] == pytest.approx(left**2, rel=1e-3)
