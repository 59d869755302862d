"""Posteriors under half and twice the prior: in closed form, by a fit under that prior, and the sentences."""

import functools

import numpy as np
import pytest
from scipy.special import gammaln

import bayesmix as bm
from bayesmix.notes import Note
from bayesmix.posterior.power_scaling import SWAYED, prior_note, sensitivity, told_sensitivity
from tests.comparison.trees import approximation, scattered
from tests.monte_carlo import ALLOWED, Estimate, Finding, worst

ROWS = np.random.default_rng(4).normal(size=(12, 2)) * [2.0, 5.0] + [10.0, -3.0]
POWERS = {"mean": 1.0, "half_prior": 0.5, "twice_prior": 2.0}


@functools.cache
def of_one_group():
    """The prior, and the posterior, of twelve rows."""
    mixture = bm.Mixture(1).resolve_priors(ROWS)
    return mixture.priors.parts["components"], mixture.fit_gibbs(ROWS, random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def one_group():
    return of_one_group()


def mean_sd(prior, rows, power):
    """Posterior mean of a column's standard deviation under a power of a normal-inverse-Wishart prior.

    The density to a power is that of another one, and an entry of the diagonal is inverse gamma.
    """
    n, d = rows.shape
    shrinkage, scale = power * prior.shrinkage, power * np.asarray(prior.scale)
    dof = power * (prior.dof + d + 2) - d - 2
    off = rows.mean(axis=0) - np.asarray(prior.mean)
    scatter = np.cov(rows.T, bias=True) * n + shrinkage * n / (shrinkage + n) * np.outer(off, off)
    shape = (dof + n - d + 1) / 2
    return np.sqrt(np.diag(scale + scatter) / 2) * np.exp(gammaln(shape - 0.5) - gammaln(shape))


def findings() -> list[Finding]:
    """Means of two standard deviations under powers of the prior."""
    prior, tree = of_one_group()
    table, found = sensitivity(tree), []
    for column, power in POWERS.items():
        exact = mean_sd(prior, ROWS, power)
        for j in range(2):
            row = table.loc[f"sd of x{j}"]
            # 4000 independent draws, whose weights waste some of them
            apart = Estimate(row[column], row["sd"] / np.sqrt(800)).errors_from(exact[j])
            what = f"one group of 12 rows, mean of a standard deviation under the prior to the power of {power:g}: x{j}"
            found.append(Finding(what, "the closed form", apart, ALLOWED))
    return found


def test_one_group_agrees_with_the_closed_form(one_group):
    assert worst(findings()) == ""
    table = sensitivity(one_group[1])
    assert (table.loc[["sd of x0", "sd of x1"], "prior"] > SWAYED).all()  # twelve rows
    assert "weight 1" not in table.index  # it is one in every draw


@pytest.fixture(scope="module")
def surplus():
    """Three groups for Old Faithful's two: how large the third is, the prior says."""
    X = bm.datasets.load_faithful()
    mixture = bm.Mixture(3).resolve_priors(X)
    return X, mixture, mixture.fit_gibbs(X, random_seed=1, progressbar=False)


def test_twice_the_prior_agrees_with_a_fit_under_it(surplus):
    X, mixture, tree = surplus
    prior = mixture.priors.parts["components"]
    twice = bm.priors.NormalInverseWishart(
        mean=prior.mean, shrinkage=2 * prior.shrinkage, dof=2 * (prior.dof + 4) - 4, scale=2 * np.asarray(prior.scale)
    )
    other = bm.Mixture(3, priors={"components": twice}).fit_gibbs(X, random_seed=2, progressbar=False)
    weights = -np.sort(-other["posterior"]["weights"].values, axis=-1)
    found = sensitivity(tree)["twice_prior"]
    for rank in range(3):
        assert found[f"weight {rank + 1}"] == pytest.approx(weights[..., rank].mean(), abs=0.01)


def test_the_note_tells_what_the_prior_sways(surplus, one_group):
    note = prior_note(told_sensitivity(surplus[2]))
    assert note is not None
    assert note.kind == "prior_sways"
    assert "the prior sways" in note.words
    table = sensitivity(surplus[2])
    powers = table.loc["weight 3", ["half_prior", "twice_prior"]]
    mean, farther = table.loc["weight 3", "mean"], (powers - table.loc["weight 3", "mean"]).abs().idxmax()
    moved = f"under {farther.removesuffix('_prior')} the prior {powers[farther]:.2g}"
    assert f"(weight 3: {mean:.2g}, {moved}; bm.sensitivity)" in note.words
    assert note.data["half_prior"] == powers["half_prior"]
    assert prior_note(told_sensitivity(one_group[1])) is None  # one group has no size to sway
    unknown_half = {**note.data, "mean": 0.06, "half_prior": None, "twice_prior": 0.02}
    assert "(weight 3: 0.06, under twice the prior 0.02; " in Note("prior_sways", unknown_half).words
    still = {**unknown_half, "twice_prior": 0.0601}
    assert "(weight 3: 0.06, under half the prior only another fit can tell; " in Note("prior_sways", still).words


def test_means_that_hardly_move_are_no_note(surplus):
    table = sensitivity(surplus[2])
    table["half_prior"], table["twice_prior"] = table["mean"] + 0.1 * table["sd"], table["mean"]
    assert prior_note(table) is None
    table.loc["weight 2", ["prior", "half_prior"]] = 0.1, np.nan
    assert prior_note(table).data["quantity"] == "weight 2"
    table.loc["weight 1", ["prior", "twice_prior"]] = 0.1, table.loc["weight 1", "mean"] - table.loc["weight 1", "sd"]
    assert prior_note(table).data["quantity"] == "weight 1"


def test_groups_that_are_apart_are_not_swayed():
    X = bm.datasets.load_faithful()
    tree = bm.Mixture(2).fit_gibbs(X, random_seed=1, progressbar=False)
    table = sensitivity(tree)
    assert (table["diagnosis"] == "").all()
    assert prior_note(told_sensitivity(tree)) is None
    assert table.loc["weight 1", "mean"] == pytest.approx(1 - table.loc["weight 2", "mean"])
    assert set(table.attrs["pareto_k"]) == {"half_prior", "twice_prior"}


def test_weights_that_cannot_be_trusted_give_no_mean(one_group):
    tree = one_group[1].copy(deep=True)
    heavy = np.random.default_rng(1).standard_cauchy(tree["log_prior"]["covariances"].shape)
    tree["log_prior"]["covariances"] = tree["log_prior"]["covariances"] + heavy
    table = sensitivity(tree)
    assert table[["half_prior", "twice_prior"]].isna().all(axis=None)
    assert min(table.attrs["pareto_k"].values()) > 0.7


def test_what_cannot_be_told_is_refused_with_the_reason(one_group):
    with pytest.raises(ValueError, match="needs 100 of them"):
        sensitivity(bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1))
    with pytest.raises(ValueError, match="draws of the posterior, and these are of an approximation"):
        sensitivity(approximation(scattered()))
    with pytest.raises(ValueError, match="does not hold the density of its prior"):
        sensitivity(scattered())
    assert prior_note(told_sensitivity(scattered())) is None
