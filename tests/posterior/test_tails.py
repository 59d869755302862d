"""Rows that fit badly: by the chi-squared and F distributions, by sums over all rows there are, and by simulation."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, f, kstest

import bayesmix as bm
from bayesmix.tree import training_rows
from tests.monte_carlo import ALLOWED, Finding, worst
from tests.problems import problem_of
from tests.simulated_trees import discrete_tree, simulated_tree

FAITHFUL = bm.datasets.load_faithful()
N_NEW = 10_000
LEAST_P = 1e-4  # of a test of something right


def squares(em, rows):
    """Squared distances from the one component."""
    centred = rows - em.params["means"][0]
    return np.einsum("ij,ij->i", centred @ np.linalg.inv(em.params["covariances"][0]), centred)


def of_one_component(n_features, dof):
    """Tail probabilities by simulation, and by the chi-squared or the F distribution."""
    rows = np.random.default_rng(n_features).standard_normal((200, n_features))
    family = bm.Gaussian("full") if dof is None else bm.StudentT("full", dof=dof)
    em = bm.Mixture(1, family).fit_em(rows, random_seed=1)
    X = np.zeros((40, n_features))
    X[:, 0] = np.linspace(0.1, 8, 40)
    far = squares(em, X)
    exact = chi2.sf(far, n_features) if dof is None else f.sf(far / n_features, n_features, dof)
    return bm.outliers(em, X, n=N_NEW, random_seed=1)["probability"].values, exact


def near_ones(exact):
    """Where new rows reach, and the Monte Carlo error."""
    return exact > 20 / N_NEW, np.sqrt(exact * (1 - exact) / N_NEW) + 1 / N_NEW


def findings() -> list[Finding]:
    """Of one component, in Monte Carlo standard errors."""
    lines = []
    for dof, n_features in product((None, 4.0), (1, 2, 10)):
        found, exact = of_one_component(n_features, dof)
        near, error = near_ones(exact)
        kind, law = ("normal", "chi-squared distribution") if dof is None else ("Student t", "F distribution")
        apart = float((np.abs(found - exact) / error)[near].max())
        lines.append(Finding(f"outliers of {kind} rows, D = {n_features}: tail probability", law, apart, ALLOWED))
    return lines


def test_one_component_has_a_known_tail_where_rows_reach():
    assert worst(findings()) == ""


@pytest.mark.parametrize("n_features", [1, 2, 10])
@pytest.mark.parametrize("dof", [None, 4.0])
def test_one_component_has_a_known_tail(n_features, dof):
    """Of the same order of magnitude where no new row reaches."""
    found, exact = of_one_component(n_features, dof)
    assert near_ones(exact)[0].sum() >= 3
    beyond = (exact < 0.1 / N_NEW) & (exact > 1e-8)  # what a million rows ask for
    assert dof or beyond.sum() >= 2
    assert (np.abs(np.log10(found) - np.log10(exact)) < 1.2)[beyond].all()


def test_of_zeros_and_ones_it_is_a_sum_over_all_rows_there_are():
    tree = discrete_tree("binary")
    every = pd.DataFrame(list(product([0, 1], repeat=4)), columns=training_rows(tree).features)
    chances = np.exp(bm.log_density(tree, every)["log_density"].values)
    exact = np.array([min(chances[chances <= one * (1 + 1e-9)].sum(), 1.0) for one in chances])
    found = bm.outliers(tree, every, n=N_NEW, random_seed=1)["probability"].values
    assert (np.abs(found - exact) < ALLOWED * np.sqrt(exact * (1 - exact) / N_NEW) + 2 / N_NEW).all()
    assert found.max() == pytest.approx(1)


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_of_rows_of_the_model_it_is_uniform(covariance):
    tree = simulated_tree(covariance, separation=2.0, spread=0.2)
    X = bm.sample_predictive(tree, 2000, random_seed=3)["predictions"]["x"].values
    found = bm.outliers(tree, X, n=N_NEW, random_seed=4)["probability"].values
    assert kstest(found, "uniform").pvalue > LEAST_P


@pytest.mark.parametrize("kind", ["count", "binary", "categorical"])
def test_of_discrete_rows_of_the_model_it_is_uniform_where_it_can_be(kind):
    """Below every value that it takes lies that share of the rows, and below others no more."""
    tree = discrete_tree(kind)
    size = 2000
    codes = bm.sample_predictive(tree, size, random_seed=3)["predictions"]["x"].values.astype(int)
    columns = training_rows(tree).columns
    X = pd.DataFrame({c.name: np.array(c.levels)[v] if c.levels else v for c, v in zip(columns, codes.T, strict=True)})
    found = bm.outliers(tree, X, n=N_NEW, random_seed=4)["probability"].values
    assert kstest(found, "uniform", alternative="greater").pvalue > LEAST_P
    for value in np.unique(found):
        error = np.sqrt(value * (1 - value) * (1 / size + 1 / N_NEW)) + 2 / N_NEW
        assert abs(np.mean(found <= value) - value) < ALLOWED * error


def over_data_sets(family, n_sets, *, plugged_in=False):
    """Of the last of a few rows, from parameters of the prior, for a fit to the others: many times."""
    rng = np.random.default_rng(5)
    wild = rng.normal(size=(60, 2)) if family.takes == "real" else rng.poisson(6.0, (60, 2))
    problem = problem_of(wild, family, 2)
    mixture = bm.Mixture(2, family, priors=problem.priors)
    found = np.empty(n_sets)
    for i in range(n_sets):
        weights = rng.dirichlet(problem.priors.weights.concentrations(2))
        params = problem.family.prior_draws(problem.priors, 2, 2, 1, rng)
        rows, _ = family.sample(weights, {name: value[0] for name, value in params.items()}, 13, rng)
        if plugged_in:
            fit = mixture.fit_em(rows[:-1], n_init=2, random_seed=i)
        else:
            fit = mixture.fit_gibbs(rows[:-1], draws=200, chains=1, random_seed=i, progressbar=False)
        found[i] = bm.outliers(fit, rows[-1:], n=400, random_seed=i)["probability"].values[0]
    return found


@pytest.mark.gate
@pytest.mark.filterwarnings("ignore::bayesmix.UntrustedWarning")
def test_over_data_sets_it_is_uniform():
    """Of a row that was not fitted, the parameters and their uncertainty from twelve others."""
    assert kstest(over_data_sets(bm.Gaussian("full"), 40), "uniform").pvalue > LEAST_P


@pytest.mark.slow  # 200 fits each
@pytest.mark.filterwarnings("ignore::bayesmix.UntrustedWarning")
@pytest.mark.parametrize("family", [bm.Gaussian("full"), bm.Gaussian("diag"), bm.Poisson()], ids=str)
def test_over_many_data_sets_it_is_uniform(family):
    found = over_data_sets(family, 200)
    alternative = "two-sided" if family.measure == "density" else "greater"
    assert kstest(found, "uniform", alternative=alternative).pvalue > LEAST_P


@pytest.mark.slow
def test_without_the_uncertainty_of_the_parameters_it_is_not():
    """The point estimate in the place of the posterior, which is too sure: the test above sees it."""
    found = over_data_sets(bm.Gaussian("full"), 200, plugged_in=True)
    assert kstest(found, "uniform").pvalue < LEAST_P


def test_false_discoveries_are_few():
    """Of 4 % planted rows most are flagged, and of the flagged ones at most the level are ordinary, on average."""
    tree = simulated_tree(separation=2.0, spread=0.05)
    ordinary, discovered, false = 480, 0, []
    for seed in range(5):
        X = bm.sample_predictive(tree, ordinary, random_seed=seed)["predictions"]["x"].values
        X = np.concatenate([X, np.random.default_rng(seed).normal([20.0, -20.0], 1.0, (20, 2))])
        flag = bm.outliers(tree, X, level=0.1, n=20_000, random_seed=seed)["outlier"].values
        discovered += flag[ordinary:].sum()
        false.append(flag[:ordinary].sum() / max(flag.sum(), 1))
    assert discovered == 100
    assert np.mean(false) < 0.1 + ALLOWED * np.sqrt(0.1 / 100)


def test_what_is_adjusted_is_that_of_benjamini_and_hochberg():
    """By hand: the least over higher ranks of p times N over the rank."""
    tree = simulated_tree(n_rows=80)
    found = bm.outliers(tree, random_seed=1, level=0.2)
    p = np.sort(found["probability"].values)
    wanted = np.minimum.accumulate((p * 80 / np.arange(1, 81))[::-1])[::-1]
    np.testing.assert_allclose(np.sort(found["adjusted"].values), np.minimum(wanted, 1), rtol=1e-12)
    np.testing.assert_array_equal(found["outlier"], found["adjusted"] <= 0.2)
    assert found.attrs["level"] == 0.2
    assert found.identical(bm.outliers(tree, random_seed=1, level=0.2))
    assert found["obs"].equals(tree["observed_data"]["obs"])


def test_missing_cells_are_not_judged():
    tree = simulated_tree(separation=2.0)
    first, _ = training_rows(tree).features
    X = np.array([[3.0, np.nan], [40.0, np.nan], [np.nan, np.nan], [3.0, 3.0]])
    found = bm.outliers(tree, X, n=N_NEW, random_seed=1)
    alone = 1 - bm.highest_density(tree, X[:2, :1], features=first, n=N_NEW, random_seed=1)["probability"]
    np.testing.assert_allclose(found["probability"][:2], alone, atol=2 / N_NEW)
    assert float(found["probability"][2]) == 1
    assert found.attrs["missing_cells"] == 4


def test_it_is_what_lies_outside_of_the_smallest_region():
    tree = simulated_tree(separation=2.0)
    X = training_rows(tree).values
    inside = bm.highest_density(tree, X, n=N_NEW, random_seed=1)["probability"]
    np.testing.assert_allclose(bm.outliers(tree, X, n=N_NEW, random_seed=1)["probability"], 1 - inside, atol=2 / N_NEW)


def test_rows_out_of_reach_and_refusals():
    tree = simulated_tree()
    far = bm.outliers(tree, [[1e200, 0.0], [0.0, 0.0]], random_seed=1)
    assert far["probability"].values[0] == 0
    assert far["outlier"].values.tolist() == [True, False]
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        bm.outliers(tree, level=5)
    with pytest.raises(ValueError, match="n must be an integer"):
        bm.outliers(tree, n=0)
    with pytest.raises(ValueError, match="X has 3 columns"):
        bm.outliers(tree, np.zeros((2, 3)))
