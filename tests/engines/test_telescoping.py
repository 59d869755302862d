"""The telescoping sampler beside another sampler of the same posterior, on real data."""

import json

import numpy as np

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


def test_galaxies():
    compared = findings()
    assert len(compared) > 10
    assert worst(compared) == ""


def test_chains_of_the_same_seed_are_the_same():
    X = np.random.default_rng(0).normal(size=(30, 1))
    mixture = bm.Mixture(bm.priors.DiscreteUniform(5))
    one, two = (mixture.fit_gibbs(X, draws=50, thin=1, cores=n, random_seed=3, progressbar=False) for n in (1, 2))
    np.testing.assert_array_equal(one["posterior"]["means"], two["posterior"]["means"])
