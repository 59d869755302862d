"""K-fold cross-validation: beside a Student t in closed form, and the folds themselves."""

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_t

import bayesmix as bm
from bayesmix.comparison.folds import folds_of, left_out_by_folds
from bayesmix.comparison.notes import of_folds
from bayesmix.mixture import Mixture
from tests.comparison.trees import scattered
from tests.monte_carlo import Finding


def some_rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(rng.normal(size=(24, 2)) @ np.array([[1.0, 0.4], [0.0, 0.7]]) * 30 + 400, columns=["a", "b"])


@pytest.fixture(scope="module")
def rows():
    return some_rows()


@pytest.fixture(scope="module")
def one_group(rows):
    mixture = Mixture(1).resolve_priors(rows)
    return mixture, mixture.fit_gibbs(rows, random_seed=1, progressbar=False)


def student_t(x, others, prior):
    """``log p(x | others)`` under a normal-inverse-Wishart prior."""
    mean, n, d = np.asarray(prior.mean), len(others), others.shape[1]
    centre = others.mean(axis=0)
    kappa, df = prior.shrinkage + n, prior.dof + n - d + 1
    scatter = (others - centre).T @ (others - centre)
    pull = prior.shrinkage * n / kappa * np.outer(centre - mean, centre - mean)
    shape = (np.asarray(prior.scale) + scatter + pull) * (kappa + 1) / (kappa * df)
    return multivariate_t.logpdf(x, (prior.shrinkage * mean + n * centre) / kappa, shape, df)


def beside_student_t(rows, mixture, tree, n_folds):
    """What leaving folds out gives, in how many of them chains do not agree, and the closed form."""
    seed = np.random.SeedSequence(3)
    made, unmixed = left_out_by_folds(tree, mixture, None, n_folds, seed, None)
    folds = folds_of(np.zeros(24, dtype=int), n_folds, np.random.default_rng(np.random.SeedSequence(3).spawn(1)[0]))
    values, prior = rows.to_numpy(), mixture.priors.parts["components"]
    exact = [student_t(x, values[folds != fold], prior) for x, fold in zip(values, folds, strict=True)]
    return made, unmixed, np.array(exact)


def findings() -> list[Finding]:
    """Of one group, 4 folds of 24 rows; 4000 independent draws."""
    rows = some_rows()
    mixture = Mixture(1).resolve_priors(rows)
    tree = mixture.fit_gibbs(rows, random_seed=1, progressbar=False)
    made, _, exact = beside_student_t(rows, mixture, tree, 4)
    apart = float(np.abs(made.elpd_i.values - exact).max())
    return [Finding("K-fold of one group: elpd of a row, nats", "the closed form, a Student t", apart, 0.15)]


@pytest.mark.gate
@pytest.mark.parametrize("n_folds", [4, 24])
def test_folds_of_one_group_agree_with_the_student_t(rows, one_group, n_folds):
    made, unmixed, exact = beside_student_t(rows, *one_group, n_folds)
    # 4000 independent draws: the relative error of a mean density is a few hundredths
    np.testing.assert_allclose(made.elpd_i, exact, atol=0.15)
    assert made.elpd == pytest.approx(np.sum(exact), abs=0.3)
    assert (unmixed, made.warning, made.n_folds) == (0, False, n_folds)


def test_every_group_has_its_share_in_every_fold():
    labels = np.repeat([0, 1, 2], [47, 12, 3])
    folds = folds_of(labels, 5, np.random.default_rng(1))
    counts = np.array([np.bincount(folds[labels == label], minlength=5) for label in range(3)])
    assert (np.ptp(counts, axis=1) <= 1).all()
    assert np.ptp(counts.sum(axis=0)) <= 1
    other = folds_of(labels, 5, np.random.default_rng(2))
    assert (folds != other).any()


def test_the_seed_decides_and_the_cores_do_not(rows, one_group):
    tree = one_group[1]
    made = bm.kfold(tree, rows, n_folds=3, random_seed=1, cores=2, progressbar=False)
    again = bm.kfold(tree, n_folds=3, random_seed=1, cores=1, progressbar=False)
    np.testing.assert_array_equal(made.elpd_i, again.elpd_i)
    assert (bm.kfold(tree, n_folds=3, random_seed=2, progressbar=False).elpd_i != made.elpd_i).any()
    assert "kfold" in str(made)
    table = az.compare({"one": made, "other": again}, round_to="none")
    assert (table["elpd_diff"] == 0).all()


def test_a_number_of_groups_that_is_unknown():
    X = bm.datasets.load_galaxies()[:40]
    mixture = Mixture(bm.priors.ShiftedPoisson(1.0)).resolve_priors(X)
    tree = mixture.fit_gibbs(X, draws=200, chains=2, thin=2, random_seed=1, progressbar=False)
    made, _ = left_out_by_folds(
        tree, mixture, None, 2, np.random.SeedSequence(1), None, options={"draws": 200, "chains": 2, "thin": 2}
    )
    assert abs(made.elpd - bm.loo(tree).elpd) < 5


def test_a_comparison_has_the_folds_in_its_table_and_in_words(rows):
    made = bm.compare(rows, [1], method="gibbs", cv=4, random_seed=1, progressbar=False)
    row = made.table.iloc[0]
    assert abs(row["elpd_kfold"] - row["elpd_loo"]) < 4
    assert row["se_kfold"] == pytest.approx(row["se_loo"], rel=0.3)
    assert f"4-fold cross-validation: elpd {row['elpd_kfold']:.1f}" in row["notes"]
    assert "cv=4" in made.code
    assert made[1].kfold.n_folds == 4


def test_folds_that_contradict_loo_are_told_of(one_group):
    tree = one_group[1]
    elpd = bm.loo(tree)
    made = bm.kfold(tree, n_folds=3, random_seed=1, progressbar=False)
    made.elpd_i = elpd.elpd_i - 1.0
    told = of_folds(made, elpd, 2)
    assert "24.0 below LOO, which is more than by chance" in told[0]
    assert told[1] == "the chains of 2 of 3 folds do not agree"
    assert of_folds(None, elpd, 0) == []


@pytest.mark.parametrize(
    ("n_folds", "error", "words"),
    [(1, ValueError, "from 2 to 35"), (36, ValueError, "from 2 to 35"), (2.0, TypeError, "whole")],
)
def test_bad_numbers_of_folds_are_refused(n_folds, error, words):
    with pytest.raises(error, match=f"n_folds must be .*{words}"):
        bm.kfold(scattered(), n_folds=n_folds)


def test_rows_that_cannot_do_without_a_fold_are_named(rows):
    values = rows.to_numpy().copy()
    values[1:, 1] = values[1, 1]
    tree = Mixture(1).fit_gibbs(values, draws=50, chains=2, thin=1, random_seed=1, progressbar=False)
    with pytest.raises(ValueError, match="outside of fold"):
        bm.kfold(tree, n_folds=4, random_seed=1, progressbar=False)


def test_a_comparison_refuses_folds_it_cannot_make(rows):
    with pytest.raises(ValueError, match="cv must be from 2 to 24"):
        bm.compare(rows, [1], cv=30)
    with pytest.raises(ValueError, match="method='em' makes none"):
        bm.compare(rows, [1], cv=3, method="em")
