"""What is known of the rows' components: in the pass, the density and EM of every family; all labels known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

import bayesmix as bm
from bayesmix.data import read_labels
from bayesmix.engines.em import EMSettings, fit
from bayesmix.families.parts import Point
from bayesmix.families.protocol import one_pass
from tests.laws.cases import FAMILIES, Case
from tests.problems import problem_of

CASES = [
    Case(line, next(iter(line.priors)), max(2, line.shapes[0][0]), 3)
    for line in FAMILIES
    if str(line.family) != "gaussian-VVE"
]
CASES += [Case(FAMILIES[0], "conjugate", 6, 3)]


def told(case, missing=False):
    """The problem with a random log prior, some of whose rows are labels; and without."""
    rng = np.random.default_rng(5)
    log_prior = rng.normal(size=(len(case.X), 3))
    log_prior[:5] = np.where(np.arange(5)[:, None] % 3 == np.arange(3), 0.0, -np.inf)
    values = case.rows.values
    if missing:
        values = np.where(rng.random(values.shape) < 0.1, np.nan, values)
        values[:, 0] = case.rows.values[:, 0]
    rows = replace(case.rows, values=values)
    known, classes = read_labels(log_prior, rows.n_rows, 3)
    plain = problem_of(rows, case.family, 3, case.line.priors[case.prior])
    return problem_of(replace(rows, log_prior=known, classes=classes), case.family, 3, plain.priors), plain


def log_likelihood_of(problem, named):
    params = {spec.name: named[spec.name] for spec in problem.family.parameters}
    joint = problem.family.log_joint(named["weights"], params, problem.rows.values)
    return float(logsumexp(joint + (0 if problem.rows.log_prior is None else problem.rows.log_prior), axis=-1).sum())


def check_density(case, missing):
    problem, plain = told(case, missing)
    density, without = problem.closed_form(), plain.closed_form()
    rng = np.random.default_rng(2)
    q, step = 0.3 * rng.standard_normal(density.size), 1e-5 * rng.standard_normal(density.size)
    value, slope = density.logp_grad(q)
    named = density.constrain(q)
    wanted = without.logp_grad(q)[0] + log_likelihood_of(problem, named) - log_likelihood_of(plain, named)
    assert value == pytest.approx(wanted, rel=1e-9)
    difference = density.logp_grad(q + step)[0] - density.logp_grad(q - step)[0]
    assert difference / 2 == pytest.approx(slope @ step, rel=1e-4, abs=1e-8 * (1 + abs(value)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_density_knows(case):
    check_density(case, missing=False)


@pytest.mark.parametrize("case", [one for one in CASES if one.family.sums_out_missing][::3], ids=str)
def test_density_knows_where_cells_are_missing(case):
    check_density(case, missing=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_pass_counts_what_is_known(case):
    problem, _ = told(case)
    em = fit(problem, EMSettings(n_init=1, max_iter=3), 1, case_ascent(problem))
    assert np.all(np.diff(em.history) > -1e-7 * (1 + abs(em.history[-1])))
    point = Point(em.weights, problem.standardised.to_state(em.params))
    statistics = one_pass(problem.family, point, problem.blocks)
    np.testing.assert_allclose(statistics.counts, em.responsibilities.sum(axis=0), rtol=1e-7, atol=1e-9)
    assert em.log_likelihood == pytest.approx(log_likelihood_of(problem, {"weights": em.weights, **em.params}))
    assert (em.labels[:5] == np.arange(5) % 3).all()


def case_ascent(problem):
    from bayesmix.engines.em.quasi_newton import QuasiNewton

    return lambda: QuasiNewton(problem.closed_form(), problem, penalised=True)


def iris():
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)


@pytest.mark.parametrize(
    ("covariance", "other"),
    [
        ("full", QuadraticDiscriminantAnalysis()),
        ("tied", LinearDiscriminantAnalysis(solver="lsqr")),
    ],
)
def test_all_labels_known_is_discriminant_analysis(covariance, other):
    X, y = iris()
    X, y = X[20:], y[20:]  # classes of other sizes
    em = bm.Mixture(3, covariance).fit_em(X, labels=y, estimate="ml")
    other.fit(X, y)
    # one step is the answer, and the next one sees it
    assert em.history.size == 3 and em.history[2] - em.history[1] < 1e-9
    np.testing.assert_allclose(em.params["means"], other.means_)
    np.testing.assert_allclose(em.weights, np.bincount(y) / y.size)
    if covariance == "tied":
        np.testing.assert_allclose(em.predict_proba(X), other.predict_proba(X), atol=1e-10)
    for k in range(3):
        wanted = np.cov(X[y == k].T, bias=True)
        if covariance == "full":
            np.testing.assert_allclose(em.params["covariances"][k], wanted)
    np.testing.assert_array_equal(em.responsibilities, np.eye(3)[y])


def test_labels_and_a_log_prior_of_zeros_and_infinities_are_one():
    X, y = iris()
    some = np.where(np.arange(len(y)) % 5 == 0, y, -1)
    log_prior = np.where((some[:, None] == np.arange(3)) | (some[:, None] < 0), 3.0, -np.inf)
    one, other = (bm.Mixture(3).fit_em(X, labels=labels, random_seed=1) for labels in (some, log_prior))
    assert one.log_likelihood == other.log_likelihood
    np.testing.assert_array_equal(one.weights, other.weights)


def test_rows_of_which_nothing_is_known_change_nothing():
    X, y = iris()
    plain = bm.Mixture(3).fit_em(X, random_seed=1)
    for labels in (np.full(len(y), -1), np.zeros((len(y), 3))):
        assert bm.Mixture(3).fit_em(X, labels=labels, random_seed=1).log_likelihood == plain.log_likelihood


def test_labels_name_the_groups():
    X, y = iris()
    names = np.array(["virginica", "setosa", "versicolor"])  # in order: setosa, versicolor, virginica
    some = [None if i % 10 else names[(y[i] + 1) % 3] for i in range(len(y))]
    em = bm.Mixture(3).fit_em(X, labels=some, random_seed=1)
    assert em.rows.classes == ("setosa", "versicolor", "virginica")
    np.testing.assert_allclose(em.params["means"][:, 2], [1.46, 4.3, 5.5], atol=0.15)
