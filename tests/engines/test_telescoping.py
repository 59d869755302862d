"""The telescoping sampler beside another sampler of the same posterior, on real data."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

import bayesmix as bm
from tests.monte_carlo import ALLOWED, FEWEST, Estimate, Finding, effective_draws, mean_of, worst
from tests.reference.galaxies_partitions import KEPT


def findings() -> list[Finding]:
    """Galaxies: how many components, and how many of them have rows. The other's error is of four chains: at least."""
    mixture = bm.Mixture(
        bm.priors.ShiftedBetaNegativeBinomial(1, 4, 3), priors={"weights": bm.priors.DynamicDirichlet()}
    )
    tree = mixture.fit_gibbs(bm.datasets.load_galaxies(), draws=4000, thin=20, random_seed=1, progressbar=False)
    drawn = {
        "components": tree["posterior"]["n_components"].values,
        "occupied": tree["sample_stats"]["n_occupied"].values,
    }
    found = []
    for name, other in json.loads(KEPT.read_text(encoding="utf-8")).items():
        assert effective_draws(drawn[name].astype(float)) >= FEWEST
        for n, (probability, error) in enumerate(zip(other["probabilities"], other["errors"], strict=True), start=1):
            if probability > 0.01:
                own = mean_of((drawn[name] == n).astype(float))
                figure = own.errors_from(Estimate(probability, max(error, 0.001)))
                found.append(
                    Finding(f"galaxies: {n} {name}", "collapsed Gibbs sampling of partitions", figure, ALLOWED)
                )
    return found


@pytest.mark.gate
def test_galaxies():
    compared = findings()
    assert len(compared) > 10
    assert worst(compared) == ""


def test_chains_of_the_same_seed_are_the_same():
    X = np.random.default_rng(0).normal(size=(30, 1))
    mixture = bm.Mixture(bm.priors.DiscreteUniform(5))
    one, two = (mixture.fit_gibbs(X, draws=50, thin=1, cores=n, random_seed=3, progressbar=False) for n in (1, 2))
    np.testing.assert_array_equal(one["posterior"]["means"], two["posterior"]["means"])
    made = one["posterior"].attrs
    assert (made["sweeps"], made["warm_up"], made["thin"]) == (67, 17, 1)


def by_evidence(mixture: bm.Mixture, X) -> tuple[np.ndarray, np.ndarray]:
    """Posterior probabilities of 1, 2, ... components from the evidence of each number, and their standard errors."""
    found = [
        bm.log_evidence(replace(mixture, n_components=k).fit(X, random_seed=1, progressbar=False))
        for k in range(1, mixture.n_components.upper + 1)
    ]
    logs, errors = (np.array([getattr(one, name) for one in found]) for name in ("log_evidence", "se"))
    drawn = logs + np.random.default_rng(0).normal(size=(2000, logs.size)) * np.maximum(errors, 0.02)
    return softmax(logs), softmax(drawn, axis=1).std(axis=0)


@pytest.mark.slow
def test_the_number_is_that_of_the_evidences():
    """The same priors for every K: drawn with all else, and from the evidence of one K after the other."""
    X = bm.datasets.load_galaxies()
    own = bm.priors.NormalInverseWishart(scale=X.var().to_numpy() / 25)
    mixture = bm.Mixture(bm.priors.DiscreteUniform(5), "diag", priors={"components": own})
    tree = mixture.fit_gibbs(X, draws=4000, thin=10, random_seed=1, progressbar=False)
    drawn, (probabilities, errors) = tree["posterior"]["n_components"].values, by_evidence(mixture, X)
    assert effective_draws(drawn.astype(float)) >= FEWEST
    compared = [
        Finding(f"{n} components", "bridge sampling", mean_of((drawn == n) * 1.0).errors_from(Estimate(p, se)), ALLOWED)
        for n, (p, se) in enumerate(zip(probabilities, errors, strict=True), start=1)
        if p > 0.01
    ]
    assert len(compared) >= 3
    assert worst(compared) == ""


def test_what_has_no_meaning_across_numbers_is_refused():
    X = np.random.default_rng(0).normal(size=(30, 1))
    number = bm.priors.DiscreteUniform(3)
    tree = bm.Mixture(number, "diag").fit_gibbs(X, draws=100, thin=1, random_seed=1, progressbar=False)
    assert "bm.number_of_groups" in repr(bm.log_evidence(tree))
    with pytest.raises(ValueError, match="speaks of single groups"):
        bm.responsibilities(tree)
    with pytest.raises(ValueError, match="init and relabel name groups"):
        bm.Mixture(number, "diag").fit(X, init=np.zeros(30))
    with pytest.raises(ValueError, match="nothing draws a gaussian-diag mixture of an unknown number"):
        bm.Mixture(number, "diag", priors={"scales": bm.priors.LogNormal()}).fit(X)
