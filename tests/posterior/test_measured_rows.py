"""Posteriors of rows that were measured with errors: against a grid; what a tree keeps of them, and what is refused."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import invgamma, norm

import bayesmix as bm
from bayesmix.html.digest import Digest
from bayesmix.html.sections.groups import data_section, groups_section
from bayesmix.html.sections.misfits import misfits_part
from bayesmix.tree import training_rows
from tests.laws.test_measurement_errors import S, X, joint_of
from tests.monte_carlo import ALLOWED, FEWEST, effective_draws, mean_of, sd_of


def test_posterior_of_one_group_is_that_of_a_grid():
    rng = np.random.default_rng(0)
    variances = rng.gamma(2.0, 0.8, 30)
    x = rng.normal(3.0, np.sqrt(1.5**2 + variances))
    mixture = bm.Mixture(1, "diag").resolve_priors(x, error_covariances=variances)
    prior = mixture.priors.parts["components"]
    tree = mixture.fit_nuts(x, error_covariances=variances, draws=2000, random_seed=1, progressbar=False)

    mean = float(np.ravel(prior.mean)[0])
    means, logs = np.meshgrid(np.linspace(0.0, 6.0, 300), np.linspace(-5.0, 5.0, 400), indexing="ij")
    spread = np.exp(logs)
    log_density = norm.logpdf(means, mean, np.sqrt(spread / prior.shrinkage)) + logs
    log_density += invgamma.logpdf(spread, prior.dof / 2, scale=np.ravel(prior.scale)[0] / 2)
    for value, variance in zip(x, variances, strict=True):
        log_density += norm.logpdf(value, means, np.sqrt(spread + variance))
    density = np.exp(log_density - log_density.max())
    density /= density.sum()
    assert max(density[[0, -1]].sum(), density[:, [0, -1]].sum()) < 1e-6
    posterior = tree["posterior"]
    for draws, grid in (
        (posterior["means"].values[..., 0, 0], means),
        (np.log(posterior["variances"].values[..., 0, 0]), logs),
    ):
        assert effective_draws(draws) >= FEWEST
        wanted = (density * grid).sum()
        assert mean_of(draws).errors_from(wanted) <= ALLOWED
        assert sd_of(draws).errors_from(np.sqrt((density * (grid - wanted) ** 2).sum())) <= ALLOWED


@pytest.fixture(scope="module")
def em():
    return bm.Mixture(2).fit_em(X, error_covariances=S, n_init=2, random_seed=1)


@pytest.fixture(scope="module")
def tree(em, tmp_path_factory):
    """Saved, and loaded again."""
    path = tmp_path_factory.mktemp("measured") / "fit.nc"
    bm.save(em, path)
    return bm.load(path)


def test_a_file_keeps_the_errors(tree, em):
    errors = training_rows(tree).errors
    assert errors is not None
    np.testing.assert_array_equal(errors, S)
    joint = joint_of(em, X, S)
    np.testing.assert_allclose(tree["log_likelihood"]["x"].values[0, 0], logsumexp(joint, axis=1), rtol=1e-9)
    shares = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(bm.responsibilities(tree)["probability"].values, shares, atol=1e-8)


def test_new_rows_have_errors_of_their_own(tree, em):
    some = slice(20, 40)
    wanted = joint_of(em, X[some], S[some])
    given = {"error_covariances": S[some]}
    shares = np.exp(wanted - logsumexp(wanted, axis=1, keepdims=True))
    found = bm.responsibilities(tree, X[some], **given)["probability"].values
    np.testing.assert_allclose(found, shares, atol=1e-8)
    np.testing.assert_allclose(em.predict_proba(X[some], **given), shares, atol=1e-8)
    draws = bm.responsibility_draws(tree, X[some], **given)
    np.testing.assert_allclose(draws.values[0, 0], shares, atol=1e-8)
    density = bm.log_density(tree, X[some], **given)["log_density"].values
    np.testing.assert_allclose(density, logsumexp(wanted, axis=1), rtol=1e-9)
    np.testing.assert_allclose(em.score_samples(X[some], **given), density, rtol=1e-9)
    exact = logsumexp(joint_of(em, X[some], np.zeros_like(S[some])), axis=1)
    np.testing.assert_allclose(bm.log_density(tree, X[some])["log_density"].values, exact, rtol=1e-9)


def test_simulated_rows_have_errors_where_they_stand_beside_the_training_rows(tree):
    made = np.concatenate(
        [bm.sample_predictive(tree, random_seed=s)["posterior_predictive"]["x"].values[0] for s in range(400)]
    )
    # every row by itself: its variance is the mixture's and its error's
    em = bm.Mixture.from_tree(tree).family.total_covariance(
        tree["posterior"]["weights"].values[0, 0],
        {name: tree["posterior"][name].values[0, 0] for name in ("means", "covariances")},
    )
    wanted = np.diagonal(em) + np.diagonal(S, axis1=1, axis2=2)
    ratio = made.var(axis=0, ddof=1) / wanted
    assert abs(ratio.mean() - 1) < 0.02
    assert ratio.std() < 0.2


REFUSED = {
    "gibbs": (lambda tree: bm.Mixture(2).fit_gibbs(X, error_covariances=S), "Gibbs sampling does not draw their true"),
    "number": (
        lambda tree: bm.Mixture(bm.priors.ShiftedBetaNegativeBinomial()).fit(X, error_covariances=S),
        "Gibbs sampling does not draw their true values",
    ),
    "outliers": (bm.outliers, "Give exact rows as X."),
    "family": (
        lambda tree: bm.Mixture(2, bm.StudentT()).fit_em(X, error_covariances=S),
        "a student-t-full mixture cannot use how exactly rows were measured. Gaussian mixtures can",
    ),
    "one of several families": (
        lambda tree: bm.compare(X, 2, families=["full", "student-t"], error_covariances=S),
        "a student-t-full mixture cannot use how exactly",
    ),
    "rows together": (
        lambda tree: bm.Mixture(2).fit_em(X, groups=np.arange(len(X)) // 2, error_covariances=S),
        "are kept together by groups",
    ),
    "errors without rows": (lambda tree: bm.responsibilities(tree, error_covariances=S), "and X is not given"),
    "impute": (lambda tree: bm.impute(holed(), 2), "Fit the mixture without error_covariances."),
}


def holed():
    rows = X.copy()
    rows[0, 0] = np.nan
    return bm.Mixture(1).fit_em(rows, error_covariances=S, random_seed=1)


@pytest.mark.parametrize(("what", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(tree, what, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")):
        what(tree)


def test_a_report_says_how_large_errors_are(tree, em):
    digest = Digest(tree)
    [spread] = [part for name, part in groups_section(digest).parts if name == "Standard deviations"]
    errors = np.median(np.sqrt(np.diagonal(S, axis1=1, axis2=2)), axis=0)
    spreads = np.sqrt(np.diagonal(em.params["covariances"], axis1=1, axis2=2))
    for name, ratio in zip(("x0", "x1"), errors / np.median(spreads, axis=0), strict=True):
        assert f"{ratio:.0%} of it in {name}" in spread.sentences[0]
    [table] = data_section(digest).tables
    assert table.header[-1] == "standard error (median)"
    assert [row[-1].sort for row in table.rows] == pytest.approx(errors)
    assert "they are not judged here" in misfits_part(digest).sentences[0]
    assert "the median standard error is" in em.notes[0].words
