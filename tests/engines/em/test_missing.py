"""EM with missing cells: against SciPy's maximum of the marginal likelihood, and what must be true of any family."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, multivariate_t, poisson

import bayesmix as bm
from bayesmix.datasets import load_faithful

REAL = ("full", "tied", "diag", "spherical", "EEI", "VEV")


def with_gaps(rows, share=0.15, seed=0):
    """The rows with cells removed at random, one left in every row."""
    rng = np.random.default_rng(seed)
    gone = rng.random(np.shape(rows)) < share
    gone[np.arange(len(rows)), rng.integers(gone.shape[1], size=len(rows))] = False
    if isinstance(rows, pd.DataFrame):
        return rows.astype(float).mask(gone)
    return np.where(gone, None if rows.dtype == object else np.nan, rows)


def clouds(sizes=(180, 120), n_features=3, seed=2):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_features, n_features))
    first, second = (rng.normal(size=(size, n_features)) for size in sizes)
    return np.concatenate([first @ mixing, second + 4])


def of_kind(kind):
    rng = np.random.default_rng(4)
    second = rng.random((300, 1)) < 0.4
    if kind == "count":
        return rng.poisson(np.where(second, [2, 5, 9], [8, 1, 4])).astype(float)
    if kind == "binary":
        return (rng.random((300, 5)) < np.where(second, 0.8, 0.2)).astype(float)
    many = rng.choice(list("abc"), (300, 4), p=[0.7, 0.2, 0.1])
    return np.where(second, many, rng.choice(list("abc"), (300, 4), p=[0.1, 0.2, 0.7])).astype(object)


DISCRETE = {bm.Poisson(): "count", bm.Bernoulli(): "binary", bm.Categorical(): "categorical"}
STUDENT = (bm.StudentT("full"), bm.StudentT("tied", dof="shared"), bm.StudentT("diag"), bm.StudentT("spherical", dof=4))
EVERY = [*(bm.Gaussian(covariance) for covariance in REAL), *STUDENT, *DISCRETE]


def gaps_for(family):
    return with_gaps(of_kind(DISCRETE[family]) if family in DISCRETE else clouds())


def marginal_log_likelihood(rows, log_weights, means, covariances):
    """By SciPy's normal density of the cells of each row that are there."""
    joint = np.empty((len(rows), len(means)))
    for i, row in enumerate(rows):
        seen = ~np.isnan(row)
        for k, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
            joint[i, k] = multivariate_normal.logpdf(row[seen], mean[seen], covariance[np.ix_(seen, seen)])
    return float(logsumexp(joint + log_weights, axis=1).sum())


def test_one_group_has_the_maximum_that_scipy_finds():
    rows = with_gaps(clouds((40, 40), 2), 0.3)
    em = bm.Mixture(1).fit_em(rows, estimate="ml", tol=1e-14, max_iter=10_000)

    def fall(q):
        factor = np.array([[np.exp(q[2]), 0], [q[3], np.exp(q[4])]])
        return -marginal_log_likelihood(rows, np.zeros(1), q[None, :2], (factor @ factor.T)[None])

    found = minimize(fall, np.array([1.0, 1.0, 0.5, 0.0, 0.5]), method="BFGS", options={"gtol": 1e-6})
    assert em.log_likelihood == pytest.approx(-found.fun, abs=1e-6)
    np.testing.assert_allclose(em.params["means"][0], found.x[:2], atol=1e-4)


def test_one_group_is_that_of_lavaan():
    """An R package's full-information maximum likelihood of a table with gaps."""
    wanted = json.loads((Path(__file__).parents[2] / "reference" / "missing_cells.json").read_text())
    rows = np.array(wanted["rows"], dtype=float)
    em = bm.Mixture(1).fit_em(rows, estimate="ml", tol=1e-14, max_iter=10_000)
    assert em.log_likelihood == pytest.approx(wanted["log_likelihood"], abs=1e-8)
    np.testing.assert_allclose(em.params["means"][0], wanted["mean"], rtol=1e-6)
    np.testing.assert_allclose(em.params["covariances"][0], wanted["covariance"], rtol=1e-5)


def test_one_group_of_heavy_tails_has_the_maximum_that_scipy_finds():
    rows = with_gaps(clouds((40, 40), 2), 0.3)
    em = bm.Mixture(1, bm.StudentT(dof=4)).fit_em(rows, estimate="ml", tol=1e-14, max_iter=10_000)

    def fall(q):
        factor = np.array([[np.exp(q[2]), 0], [q[3], np.exp(q[4])]])
        matrix, total = factor @ factor.T, 0.0
        for row in rows:
            seen = ~np.isnan(row)
            total -= multivariate_t.logpdf(row[seen], q[:2][seen], matrix[np.ix_(seen, seen)], df=4)
        return total

    found = minimize(fall, np.array([1.0, 1.0, 0.5, 0.0, 0.5]), method="BFGS", options={"gtol": 1e-5})
    assert em.log_likelihood == pytest.approx(-found.fun, abs=1e-6)
    np.testing.assert_allclose(em.params["means"][0], found.x[:2], atol=1e-3)


def test_two_groups_are_at_a_maximum_of_the_marginal_likelihood():
    rows = with_gaps(load_faithful().to_numpy(), 0.2)
    em = bm.Mixture(2).fit_em(rows, estimate="ml", random_seed=1, tol=1e-13, max_iter=10_000)
    scale = np.nanstd(rows, axis=0)

    def height(q):
        log_weights = np.array([0.0, q[0]]) - np.log1p(np.exp(q[0]))
        factors = np.zeros((2, 2, 2))
        factors[:, [0, 1, 1], [0, 0, 1]] = q[5:].reshape(2, 3)
        means, factors = q[1:5].reshape(2, 2) * scale, scale[:, None] * factors
        return marginal_log_likelihood(rows, log_weights, means, factors @ factors.transpose(0, 2, 1))

    factors = np.linalg.cholesky(em.params["covariances"]) / scale[:, None]
    top = np.concatenate(
        [
            [np.log(em.weights[1] / em.weights[0])],
            (em.params["means"] / scale).ravel(),
            factors[:, [0, 1, 1], [0, 0, 1]].ravel(),
        ]
    )
    assert height(top) == pytest.approx(em.log_likelihood, rel=1e-12)
    slopes = [(height(top + 1e-4 * e) - height(top - 1e-4 * e)) / 2e-4 for e in np.eye(top.size)]
    np.testing.assert_allclose(slopes, 0, atol=0.01)  # next to curvatures of hundreds


def test_counts_are_at_a_maximum_of_the_marginal_likelihood():
    rows = gaps_for(bm.Poisson())
    em = bm.Mixture(2, bm.Poisson()).fit_em(rows, estimate="ml", random_seed=1, tol=1e-13, max_iter=10_000)

    def height(q):
        of_cells = poisson.logpmf(np.nan_to_num(rows)[:, None], np.exp(q[1:].reshape(2, -1)))
        joint = np.where(np.isnan(rows)[:, None], 0.0, of_cells).sum(axis=-1)
        return float(logsumexp(joint + np.array([0.0, q[0]]) - np.log1p(np.exp(q[0])), axis=1).sum())

    top = np.concatenate([[np.log(em.weights[1] / em.weights[0])], np.log(em.params["rates"]).ravel()])
    assert height(top) == pytest.approx(em.log_likelihood, rel=1e-12)
    slopes = [(height(top + 1e-5 * e) - height(top - 1e-5 * e)) / 2e-5 for e in np.eye(top.size)]
    np.testing.assert_allclose(slopes, 0, atol=0.01)


@pytest.mark.parametrize("estimate", ["map", "ml"])
@pytest.mark.parametrize("family", EVERY, ids=str)
def test_the_objective_never_falls_and_is_that_of_the_seen_cells(family, estimate):
    em = bm.Mixture(2, family).fit_em(gaps_for(family), estimate=estimate, random_seed=1, n_init=2)
    assert np.diff(em.history).min() >= -1e-9 * abs(em.history[-1])
    of_rows = em.family.log_mixture(em.weights, em.params, em.rows.values)
    assert em.log_likelihood == pytest.approx(of_rows.sum(), rel=1e-10)
    assert em.responsibilities.shape == (300, 2) and np.isfinite(em.responsibilities).all()


@pytest.mark.parametrize("family", EVERY, ids=str)
def test_a_few_gaps_change_little(family):
    """Two cells of 300 rows: a law of continuity, which no gap without its constants would keep."""
    rows = of_kind(DISCRETE[family]) if family in DISCRETE else clouds()
    gone = rows.copy()
    gone[5, 0] = gone[250, 1] = None if rows.dtype == object else np.nan
    whole = bm.Mixture(2, family).fit_em(rows, random_seed=1, n_init=3)
    em = bm.Mixture(2, family).fit_em(gone, init=whole)
    np.testing.assert_allclose(em.weights, whole.weights, atol=0.02)
    np.testing.assert_allclose(em.responsibilities[10:240], whole.responsibilities[10:240], atol=0.05)


def test_units_do_not_matter():
    rows = with_gaps(clouds())
    other = rows * [1e-6, 1.0, 1e6] + [1e-3, 0.0, 1e9]
    for covariance in ("full", "diag"):
        fits = [bm.Mixture(2, bm.Gaussian(covariance)).fit_em(X, tol=1e-13, random_seed=1) for X in (rows, other)]
        np.testing.assert_allclose(fits[0].responsibilities, fits[1].responsibilities, atol=1e-7)


def test_every_row_may_have_a_pattern_of_its_own():
    rng = np.random.default_rng(1)
    rows = with_gaps(np.concatenate([rng.normal(size=(60, 14)), rng.normal(size=(60, 14)) + 2]), 0.3)
    em = bm.Mixture(2, bm.Gaussian("tied")).fit_em(rows, random_seed=1, n_init=2)
    assert len(np.unique(np.isnan(rows), axis=0)) > 110
    assert (em.labels[:60] == em.labels[0]).all() and (em.labels[60:] == em.labels[-1]).all()


def test_moments_are_those_of_the_cells_that_are_there():
    rows = with_gaps(pd.DataFrame(clouds(), columns=list("abc")), 0.3)
    from bayesmix.data import read_rows

    read = read_rows(rows, missing="keep")
    np.testing.assert_allclose(read.centre_and_scale[0], rows.mean())
    np.testing.assert_allclose(read.centre_and_scale[1], rows.std())
    factor = read.correlation_factor
    np.testing.assert_allclose(factor @ factor.T, rows.corr(), atol=1e-12)


def test_correlations_of_pairs_that_are_none_of_a_distribution_become_some():
    from bayesmix.data import read_rows

    rng, gone = np.random.default_rng(0), np.nan
    x = rng.normal(size=(40, 1))
    pairs = [np.hstack([x, x, x * gone]), np.hstack([x, x * gone, x]), np.hstack([x * gone, x, -x])]
    factor = read_rows(np.concatenate(pairs), missing="keep").correlation_factor
    np.testing.assert_allclose((factor**2).sum(axis=1), 1)
    assert np.linalg.svd(factor, compute_uv=False)[-1] > 0.02


def test_what_says_nothing_is_refused():
    gone = np.nan
    with pytest.raises(ValueError, match=r"1 row without any value: row 1 .*leave it out"):
        bm.Mixture(1).fit_em([[1.0, 2.0], [gone, gone], [2.0, 1.0]])
    with pytest.raises(ValueError, match="a column without any value: 'x1'"):
        bm.Mixture(1).fit_em([[1.0, gone], [2.0, gone], [3.0, gone]])
    with pytest.raises(ValueError, match="constant column"):
        bm.Mixture(1).fit_em([[1.0, gone], [2.0, 3.0], [3.0, 3.0]])


def test_a_family_that_does_not_sum_them_out_says_who_does(monkeypatch):
    monkeypatch.setattr(bm.StudentT, "sums_out_missing", False)
    able = r"bm\.Gaussian, bm\.Poisson, bm\.NegativeBinomial, .* and bm\.Product do\."
    with pytest.raises(ValueError, match=f"student-t-full mixture does not sum them out; mixtures of {able}") as said:
        bm.Mixture(1, bm.StudentT()).fit_em([[1.0, np.nan], [2.0, 3.0], [3.0, 4.0]])
    assert "bm.StudentT" not in str(said.value)


def test_what_takes_complete_rows_alone_says_so():
    rows = with_gaps(load_faithful())
    with pytest.raises(ValueError, match="not summed out by a model of PyMC with minibatch_size"):
        bm.Mixture(2).build_model(rows, minibatch_size=50)
    with pytest.raises(ValueError, match="nothing draws the parameters of a gaussian-VEV mixture"):
        bm.Mixture(2, "VEV").fit_gibbs(rows, progressbar=False)


def test_how_many_are_missing_is_noted():
    rows = with_gaps(load_faithful())
    em = bm.Mixture(2).fit_em(rows, random_seed=1)
    cells, n_rows = int(rows.isna().sum().sum()), int(rows.isna().any(axis=1).sum())
    [words] = [note.words for note in em.notes if note.kind == "missing_cells"]
    assert words.startswith(f"{cells} cells are missing") and f"in {n_rows} of 272 rows" in words
    assert "missing at random" in words
    assert not [note for note in bm.Mixture(2).fit_em(load_faithful(), random_seed=1).notes]
