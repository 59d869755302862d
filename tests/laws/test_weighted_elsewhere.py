"""Rows with weights in the samplers and in PyMC, beside repeated rows; flexmix's weighted fits."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from tests.monte_carlo import ALLOWED, Finding, mean_of, worst

FOLDER = Path(__file__).parents[1] / "reference"


def flexmix_findings() -> list[Finding]:
    X = pd.read_csv(FOLDER / "three-counts.csv")
    times = np.resize([1, 2, 3, 4], len(X))
    found = []
    for theirs in json.loads((FOLDER / "weighted.json").read_text())["fits"]:
        mixture = bm.Mixture(theirs["K"], bm.Poisson())
        em = mixture.fit_em(X, sample_weight=times, estimate="ml", n_init=20, tol=1e-13, random_seed=1)
        order, against = np.argsort(em.params["rates"][:, 0]), f"flexmix, K = {theirs['K']}"
        for name, ours, wanted in (
            ("log-likelihood", em.log_likelihood, theirs["loglik"]),
            ("BIC", em.bic, theirs["bic"]),
        ):
            found.append(Finding(f"rows with weights: {name}", against, abs(ours / wanted - 1), 1e-9))
        for name, ours in (("weights", em.weights), ("rates", em.params["rates"])):
            difference = float(np.abs(np.array(theirs[name]) - ours[order]).max())
            found.append(Finding(f"rows with weights: {name}", against, difference, 1e-4))
    return found


def findings() -> list[Finding]:
    """The worst of each comparison, for the page of evidence."""
    return flexmix_findings()


def test_flexmix_has_the_same_fits():
    found = flexmix_findings()
    assert not worst(found), worst(found)


def rows_and_copies():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"n": np.r_[rng.poisson(2.0, 25), rng.poisson(9.0, 25)]})
    times = rng.integers(1, 4, len(X))
    return X, times, X.loc[X.index.repeat(times)].reset_index(drop=True)


def far_apart(one, other, name, of):
    ours, theirs = (mean_of(of(tree["posterior"][name].values)) for tree in (one, other))
    return ours.errors_from(theirs)


@pytest.mark.parametrize("engine", ["fit_gibbs", "fit_nuts"])
def test_draws_are_those_of_repeated_rows(engine):
    X, times, copies = rows_and_copies()
    fit = getattr(bm.Mixture(2, bm.Poisson()), engine)
    weighted = fit(X, sample_weight=times, draws=500, random_seed=1, progressbar=False)
    repeated = fit(copies, draws=500, random_seed=2, progressbar=False)
    assert far_apart(weighted, repeated, "weights", lambda w: np.sort(w)[..., 0]) < ALLOWED
    assert far_apart(weighted, repeated, "rates", lambda r: r[..., 0].max(axis=-1)) < ALLOWED
    ours, theirs = (bm.log_evidence(tree) for tree in (weighted, repeated))
    assert abs(ours.log_evidence - theirs.log_evidence) < ALLOWED * np.hypot(ours.se, theirs.se) + 1e-3


def test_the_number_of_groups_is_that_of_repeated_rows():
    X, times, copies = rows_and_copies()
    mixture = bm.Mixture(bm.priors.ShiftedBetaNegativeBinomial(), bm.Poisson())
    weighted = mixture.fit(X, sample_weight=times, random_seed=1, progressbar=False)
    repeated = mixture.fit(copies, random_seed=2, progressbar=False)
    ours, theirs = (mean_of(tree["sample_stats"]["n_occupied"].values.astype(float)) for tree in (weighted, repeated))
    assert ours.errors_from(theirs) < ALLOWED


def test_a_model_of_pymc_is_that_of_repeated_rows():
    X, times, copies = rows_and_copies()
    mixture = bm.Mixture(2, bm.Poisson()).resolve_priors(X, sample_weight=times)
    weighted, repeated = mixture.build_model(X, sample_weight=times), mixture.build_model(copies)
    point = repeated.initial_point(random_seed=1)
    ours, theirs = (float(model.compile_logp()(point)) for model in (weighted, repeated))
    assert ours == pytest.approx(theirs, rel=1e-10)
