"""Rows whose Pareto k is high, by moment matching: beside R's loo on the same draws, closed forms and long refits."""

import functools
import json
from dataclasses import replace
from pathlib import Path

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy.special import expit

import bayesmix as bm
from bayesmix.comparison.moment_matching import MomentMatching
from bayesmix.comparison.pointwise import bad_rows
from bayesmix.comparison.refit import repair
from bayesmix.comparison.without import densities, fit_without, point_estimate
from bayesmix.tree import training_rows
from tests.comparison.test_refit import student_t_loo
from tests.monte_carlo import Finding, worst

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "moment_matching.json").read_text())
ROUNDING = 1e-6  # of draws that are kept to twelve digits, and of the search for a tail's shape


@functools.cache
def adopted(name: str) -> xr.DataTree:
    """R's draws as those of a bayesmix tree, one chain of them."""
    made, numbers = REFERENCE["models"][name], REFERENCE["prior"]
    k = made["n_components"]
    draws = np.array(made["draws"])
    first = expit(draws[:, :1]) if k == 2 else np.ones((len(draws), 1))
    weights = np.hstack([first, 1 - first])[:, :k]
    means, log_sd = draws[:, k - 1 : 2 * k - 1], draws[:, 2 * k - 1 :]
    posterior = xr.Dataset(
        {
            "weights": (("chain", "draw", "component"), weights[None]),
            "means": (("chain", "draw", "component", "feature"), means[None, :, :, None]),
            "covariances": (
                ("chain", "draw", "component", "feature", "feature_bis"),
                np.exp(2 * log_sd)[None, :, :, None, None],
            ),
        }
    )
    prior = bm.priors.NormalInverseWishart(
        mean=[numbers["mean"]], shrinkage=numbers["shrinkage"], dof=numbers["dof"], scale=[[numbers["scale"]]]
    )
    priors = {"weights": bm.priors.Dirichlet(numbers["concentration"]), "components": prior}
    mixture = bm.Mixture(k, bm.Gaussian("full"), priors=priors)
    return mixture.adopt(xr.DataTree.from_dict({"/posterior": posterior}), np.array(made["rows"])[:, None])


def findings() -> list[Finding]:
    """Of R's loo on the same draws."""
    found = []
    for name, theirs in REFERENCE["models"].items():
        matching = MomentMatching.of(adopted(name))
        for row, n_tail, before, elpd in zip(
            *(theirs[key] for key in ("bad", "n_tail", "k_before", "elpd_after")), strict=True
        ):
            ours = replace(matching, n_tail=n_tail).left_out(row, before)
            against = f"R's loo {REFERENCE['made_with']['loo']}, the same {len(theirs['draws'])} draws"
            what = f"moment matching, {name}: elpd of a row far out"
            found.append(Finding(what, against, abs(ours[0] - elpd), ROUNDING))
    rows = rows_with_outliers()
    mixture = bm.Mixture(1).resolve_priors(rows)
    tree = mixture.fit_gibbs(rows, random_seed=1, progressbar=False)
    exact = student_t_loo(rows, mixture.priors.parts["components"])[25]
    value, _ = MomentMatching.of(tree).left_out(25, bm.loo(tree).pareto_k.values[25])
    what = "moment matching, one group in two columns: elpd of a row far out, nats"
    return [*found, Finding(what, "the closed form, a Student t", abs(value - exact), 0.15)]


def test_agrees_with_r_and_the_closed_form():
    assert worst(findings()) == ""


def rows_with_outliers() -> np.ndarray:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(25, 2)) @ np.array([[1.0, 0.4], [0.0, 0.7]]) * 30 + 400
    return np.vstack([values, [[650.0, 200.0]]])


@pytest.mark.parametrize("fit", ["fit_gibbs", "fit_nuts"])
def test_one_group_has_the_predictive_density_of_the_closed_form(fit):
    rows = rows_with_outliers()
    mixture = bm.Mixture(1).resolve_priors(rows)
    tree = getattr(mixture, fit)(rows, random_seed=1, progressbar=False)
    plain = bm.loo(tree)
    assert bad_rows(plain).tolist() == [25]
    exact = student_t_loo(rows, mixture.priors.parts["components"])[25]
    value, k = MomentMatching.of(tree).left_out(25, plain.pareto_k.values[25])
    assert k < 0.7
    assert abs(plain.elpd_i.values[25] - exact) > 1.0  # there is something to repair
    assert abs(value - exact) < 0.15


def test_rows_that_belong_together_are_left_out_together():
    rows = rows_with_outliers()
    mixture = bm.Mixture(1).resolve_priors(rows)
    tree = mixture.fit_gibbs(rows, groups=[*range(25), 0], random_seed=1, progressbar=False)
    plain = bm.loo(tree)
    assert bad_rows(plain).tolist() == [0]
    value, _ = MomentMatching.of(tree).left_out(0, plain.pareto_k.values[0])
    prior = mixture.priors.parts["components"]
    # the last row given all others, and the first one given those without the last
    exact = student_t_loo(rows, prior)[25] + student_t_loo(rows[:25], prior)[0]
    assert abs(value - exact) < 0.2


def test_rows_of_a_mixture_are_repaired_without_a_refit():
    """Beside draws without the row, of a longer run."""
    X = bm.datasets.load_galaxies()
    mixture = bm.Mixture(4).resolve_priors(X)
    tree = mixture.fit_gibbs(X, random_seed=1, progressbar=False, thin=10)
    plain = bm.loo(tree)
    row = int(np.argmax(plain.pareto_k.values))
    plain.pareto_k.values[row] = 0.9  # whatever it is on this processor
    em = point_estimate(tree, mixture)
    mended = repair(plain, tree, mixture, em, seed=np.random.SeedSequence(1), max_refits=0)
    assert row in mended.matched
    assert mended.refitted == mended.remaining == ()
    assert not mended.spent
    assert len(bad_rows(mended.elpd)) == 0
    assert mended.elpd.elpd + mended.elpd.p == pytest.approx(plain.elpd + plain.p)
    without = fit_without(np.array([row]), tree, mixture, em, 2, {"thin": 10, "cores": 1})
    density = np.exp(densities(without, training_rows(tree).chosen([row])).reshape(4, -1))
    error = density.std() / density.mean() / np.sqrt(float(az.ess(density, method="mean")))
    assert abs(mended.elpd.elpd_i.values[row] - np.log(density.mean())) < 4 * np.hypot(error, 0.03)


def test_draws_whose_density_is_not_known_are_not_moved():
    X = bm.datasets.load_galaxies()
    run = {"draws": 100, "random_seed": 1, "progressbar": False}
    assert MomentMatching.of(bm.Mixture(1).fit_laplace(X, draws=100, random_seed=1)) is None
    assert MomentMatching.of(bm.Mixture(bm.priors.ShiftedPoisson(1.0)).fit_gibbs(X, **run)) is None
    assert MomentMatching.of(bm.Mixture(1).fit_gibbs(X, **run)) is not None


def test_a_comparison_says_what_was_repaired_and_what_is_left(monkeypatch):
    rows = rows_with_outliers()

    def compared(**options):
        return bm.compare(rows, 1, random_seed=1, progressbar=False, **options)

    of_one = compared().table.iloc[0]
    assert of_one["n_bad_k"] == 0
    assert "1 row with Pareto k > 0.7, repaired by moment matching" in of_one["notes"]
    monkeypatch.setattr(MomentMatching, "of", lambda tree: None)
    without = compared(refits=0)
    assert without.table["n_bad_k"].iloc[0] == 1
    assert "not repaired (no refit was allowed: refits=1 is enough)" in without.table["notes"].iloc[0]
    assert "refits=0" in without.code
    with pytest.raises(ValueError, match="refits must not be negative"):
        compared(refits=-1)
