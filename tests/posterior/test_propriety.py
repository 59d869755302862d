"""Which ties make a posterior improper, against the integral itself."""

import numpy as np
import pytest
from scipy.integrate import quad

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.notes import in_words
from bayesmix.posterior.propriety import improper
from bayesmix.tree.record import record_of
from tests.problems import problem_of

SEPARATED = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal()}


def noted(X, covariance="full", eta=1.0, **beside):
    rows = read_rows(X)
    rows = rows.weighing(beside["weights"]) if beside else rows
    priors = SEPARATED if covariance == "diag" else {**SEPARATED, "correlations": bm.priors.LKJ(eta)}
    problem = problem_of(rows, bm.Gaussian(covariance), 2, priors)
    return improper(problem.family, problem.rows, problem.priors)


def mass_near_singular(n, eta, least):
    """Of two columns with scales of one and n rows at zero, the mean integrated out: correlations up to 1 - least."""
    return quad(lambda t: np.exp(t) * (np.exp(t) * (2 - np.exp(t))) ** (-(n - 1) / 2 + eta - 1), np.log(least), 0.0)[0]


@pytest.mark.parametrize("eta", [1.0, 2.5])
def test_equal_rows_are_too_many_where_the_integral_diverges(eta):
    X = np.random.default_rng(0).normal(size=(30, 2))
    for n in range(2, 9):
        grows = mass_near_singular(n, eta, 1e-14) / mass_near_singular(n, eta, 1e-7)
        found = noted(np.vstack([X, np.repeat(X[:1], n - 1, axis=0)]), eta=eta)
        assert bool(found) == (n >= 2 * eta + 1) == (grows > 1.5)


def test_ties_in_two_of_three_features():
    X = np.random.default_rng(0).normal(size=(30, 3))
    X[:3, [0, 2]] = X[0, [0, 2]]
    assert not noted(X)
    X[3, [0, 2]] = X[0, [0, 2]]  # n = 4 = 2 eta + 1 + D - 2
    [note] = noted(X)
    assert note.data["features"] == ["x0", "x2"] and "improper" in note.words and "default prior" in note.words
    assert not noted(X, "tied") and not noted(X, "diag") and not noted(X, eta=2.0)


def test_a_weight_is_so_many_equal_rows():
    X = np.random.default_rng(0).normal(size=(30, 2))
    assert noted(X, weights=np.r_[3.0, np.ones(29)]) and not noted(X, weights=np.r_[2.0, np.ones(29)])


def test_a_tree_says_so():
    X = np.random.default_rng(0).normal(size=(30, 2))
    X[:4] = X[0]
    mixture = bm.Mixture(2, priors={**SEPARATED, "correlations": bm.priors.LKJ()})
    tree = mixture.fit_laplace(X, draws=50, random_seed=1, progressbar=False)
    assert any(
        "the posterior is improper: 4 rows are equal in 'x0'" in note for note in in_words(record_of(tree)["notes"])
    )
