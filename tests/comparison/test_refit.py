"""Exact leave-one-out of one Gaussian under its conjugate prior: a Student t in closed form."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_t

from bayesmix import Gaussian
from bayesmix.comparison import loo
from bayesmix.comparison.moment_matching import MomentMatching
from bayesmix.comparison.refit import repair
from bayesmix.mixture import Mixture
from tests.comparison.trees import rebuilt


def student_t_loo(values: np.ndarray, prior) -> np.ndarray:
    """``log p(x_i | x_-i)`` of every row under a normal-inverse-Wishart prior."""
    n_features = values.shape[1]
    mean, scale = np.asarray(prior.mean), np.asarray(prior.scale)
    out = []
    for i, x in enumerate(values):
        others = np.delete(values, i, axis=0)
        centre = others.mean(axis=0)
        kappa, dof = prior.shrinkage + len(others), prior.dof + len(others)
        location = (prior.shrinkage * mean + len(others) * centre) / kappa
        scatter = (others - centre).T @ (others - centre)
        pull = prior.shrinkage * len(others) / kappa * np.outer(centre - mean, centre - mean)
        df = dof - n_features + 1
        shape = (scale + scatter + pull) * (kappa + 1) / (kappa * df)
        out.append(multivariate_t.logpdf(x, location, shape, df))
    return np.array(out)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(25, 2)) @ np.array([[1.0, 0.4], [0.0, 0.7]]) * 30 + 400
    return np.vstack([values, [[520.0, 340.0]]])  # the last one far out


@pytest.fixture(scope="module")
def fitted(rows):
    mixture = Mixture(1, Gaussian("full")).resolve_priors(rows)
    em = mixture.fit_em(rows, random_seed=1)
    tree = mixture.fit_nuts(rows, init=em, random_seed=1, progressbar=False)
    return mixture, em, tree, loo(tree)


@pytest.fixture
def exact(rows, fitted):
    return student_t_loo(rows, fitted[0].priors.parts["components"])


def doubted(elpd, positions):
    """The result with a high Pareto k at these rows and a wrong elpd there."""
    elpd_i, pareto_k = elpd.elpd_i.copy(deep=True), elpd.pareto_k.copy(deep=True)
    pareto_k.values[:] = 0.1
    pareto_k.values[positions] = np.linspace(0.8, 1.2, len(positions))
    elpd_i.values[positions] += 5.0
    return replace(elpd, elpd=float(elpd_i.sum()), elpd_i=elpd_i, pareto_k=pareto_k)


@pytest.fixture
def refits_only(monkeypatch):
    """Rows are left to refits, where moment matching would be enough."""
    monkeypatch.setattr(MomentMatching, "of", lambda tree: None)


def test_importance_sampling_agrees_with_the_student_t(fitted, exact):
    elpd = fitted[3]
    fine = (elpd.pareto_k < 0.5).values
    assert fine.sum() >= 24
    np.testing.assert_allclose(elpd.elpd_i.values[fine], exact[fine], atol=0.1)
    assert elpd.elpd_i.values[fine].sum() == pytest.approx(exact[fine].sum(), abs=0.2)


@pytest.mark.usefixtures("refits_only")
def test_refits_agree_with_the_student_t(fitted, exact):
    mixture, em, tree, elpd = fitted
    wrong = doubted(elpd, [3, 25])
    repaired = repair(wrong, tree, mixture, em, seed=np.random.SeedSequence(1))
    assert repaired.refitted == (3, 25)
    assert repaired.remaining == ()
    np.testing.assert_allclose(repaired.elpd.elpd_i.values[[3, 25]], exact[[3, 25]], atol=0.2)
    assert repaired.elpd.elpd == pytest.approx(exact.sum(), abs=0.25)
    assert (repaired.elpd.pareto_k.values[[3, 25]] == 0).all()
    assert not repaired.elpd.warning
    # elpd + p is the log density of the rows under all draws, which a refit does not change
    assert repaired.elpd.elpd + repaired.elpd.p == pytest.approx(wrong.elpd + wrong.p)
    assert wrong.pareto_k.values[25] > 0.7  # the original is left as it was


@pytest.mark.usefixtures("refits_only")
def test_draws_of_an_approximation_do_not_stand_for_draws_with_the_row(fitted, exact):
    mixture, em, tree, elpd = fitted
    approximate = rebuilt(
        tree,
        "laplace",
        sample_stats=dict.fromkeys(["log_p", "log_q"], 0.0 * tree["sample_stats"]["lp"]),
    )
    wrong = doubted(elpd, [3])
    repaired = repair(wrong, approximate, mixture, em, seed=np.random.SeedSequence(1))
    assert repaired.elpd.elpd_i.values[3] == pytest.approx(exact[3], abs=0.05)
    assert (
        repaired.elpd.elpd_i.values[3]
        != repair(wrong, tree, mixture, em, seed=np.random.SeedSequence(1)).elpd.elpd_i.values[3]
    )


@pytest.mark.usefixtures("refits_only")
def test_a_row_beyond_reach_remains(rows, fitted):
    far = np.vstack([rows[:25], [[5000.0, -9000.0]]])
    mixture = fitted[0]
    em = mixture.fit_em(far, random_seed=1)
    tree = mixture.fit_nuts(far, init=em, random_seed=1, progressbar=False)
    repaired = repair(loo(tree), tree, mixture, em, seed=np.random.SeedSequence(1))
    assert repaired.remaining == (25,)


@pytest.mark.usefixtures("refits_only")
def test_the_worst_rows_come_first_and_the_rest_are_named(fitted):
    mixture, em, tree, elpd = fitted
    wrong = doubted(elpd, [3, 8, 25])
    stages = []
    repaired = repair(
        wrong,
        tree,
        mixture,
        em,
        seed=np.random.SeedSequence(1),
        options={"draws": 300, "chains": 2},
        max_refits=1,
        report=stages.append,
    )
    assert (repaired.refitted, repaired.remaining) == ((25,), (3, 8))
    assert repaired.spent
    assert repaired.elpd.pareto_k.values[3] > 0.7
    assert repaired.elpd.warning
    assert stages == ["moment matching for 3 rows", "leaving out row 1 of 1"]


def test_rows_that_moved_draws_can_leave_out_need_no_refit(fitted, exact):
    mixture, em, tree, elpd = fitted
    repaired = repair(doubted(elpd, [3, 25]), tree, mixture, em, seed=np.random.SeedSequence(1))
    assert (repaired.matched, repaired.refitted, repaired.remaining) == ((3, 25), (), ())
    np.testing.assert_allclose(repaired.elpd.elpd_i.values[[3, 25]], exact[[3, 25]], atol=0.2)
    assert ((repaired.elpd.pareto_k.values[[3, 25]] < 0.7) & (repaired.elpd.pareto_k.values[[3, 25]] != 0)).all()
    assert not repaired.elpd.warning


@pytest.mark.usefixtures("refits_only")
def test_the_seed_decides(fitted):
    mixture, em, tree, elpd = fitted
    options = {"draws": 100, "chains": 2}

    def value(seed, positions):
        wrong = doubted(elpd, positions)
        made = repair(wrong, tree, mixture, em, seed=np.random.SeedSequence(seed), options=options)
        return made.elpd.elpd_i.values[25]

    assert value(1, [25]) == value(1, [4, 25])
    assert value(1, [25]) != value(2, [25])


def test_nothing_to_do_changes_nothing(fitted):
    mixture, em, tree, elpd = fitted
    repaired = repair(doubted(elpd, []), tree, mixture, em, seed=np.random.SeedSequence(1))
    assert (repaired.refitted, repaired.remaining) == ((), ())


@pytest.mark.usefixtures("refits_only")
def test_rows_that_the_others_cannot_do_without_remain():
    """Without row 4 the second column is constant."""
    X = pd.DataFrame({"a": [1.0, 2.0, 3.5, 4.0, 6.0], "b": [1.0, 1.0, 1.0, 1.0, 3.0]})
    mixture = Mixture(1, Gaussian("diag")).resolve_priors(X)
    em = mixture.fit_em(X, random_seed=1)
    tree = mixture.fit_nuts(X, init=em, draws=50, chains=2, random_seed=1, progressbar=False)
    repaired = repair(doubted(loo(tree), [4]), tree, mixture, em, seed=np.random.SeedSequence(1))
    assert (repaired.refitted, repaired.remaining) == ((), (4,))
