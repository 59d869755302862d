"""Law 9 on Old Faithful: NUTS against the textbook ``pm.Mixture`` model, and its own diagnostics."""

import functools
import json

import arviz as az
import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.tree import record_of
from tests.monte_carlo import ALLOWED, Estimate, Finding
from tests.reference.faithful_nuts import FILE, draws_of_textbook
from tests.reference.quantities import compared, summaries

FAITHFUL = np.asarray(bm.datasets.load_faithful(), dtype=float)
REFERENCE = json.loads(FILE.read_text())
# Standard deviations of variances are left out: their fourth moments are too heavy for a Monte Carlo error.
WITHOUT_SD = ("variance",)
SEEDS = (1, 2, 3)


def draws_of(tree):
    posterior = tree["posterior"]
    return {name: posterior[name].values for name in ("weights", "means", "covariances")}


def distances(found, reference) -> dict[str, float]:
    """What is compared, and how many Monte Carlo errors of both sides together it is apart."""
    apart = {}
    for name, one in found.items():
        other = reference[name]
        for column in ("mean", "sd"):
            if column == "sd" and name.startswith(WITHOUT_SD):
                continue
            ours, theirs = (Estimate(side[column], side[f"mcse_{column}"]) for side in (one, other))
            apart[f"{column} of {name}"] = ours.errors_from(theirs)
    return apart


def disagreements(found, reference) -> dict[str, float]:
    """Those that are too far apart."""
    return {name: errors for name, errors in distances(found, reference).items() if not errors <= ALLOWED}


@functools.cache
def fitted(seed: int):
    return Mixture(2).fit_nuts(FAITHFUL, random_seed=seed, progressbar=False)


def findings() -> list[Finding]:
    """The largest distance from the textbook model for each seed."""
    found = []
    for seed in SEEDS:
        apart = distances(summaries(compared(**draws_of(fitted(seed)), rows=FAITHFUL)), REFERENCE)
        what = f"gaussian-full, conjugate prior, Old Faithful: {len(apart)} summaries, seed {seed}"
        found.append(Finding(what, "pm.Mixture over pm.MvNormal, by PyMC", max(apart.values()), ALLOWED))
    return found


def assert_long_enough(found):
    for name, one in found.items():
        assert min(one["ess_bulk"], one["ess_tail"]) >= 1000, name
        assert one["rhat"] < 1.01, name


@pytest.fixture(params=SEEDS)
def tree(request):
    return fitted(request.param)


def test_diagnostics(tree):
    assert tree["posterior"].sizes == {"chain": 4, "draw": 1000, "component": 2, "feature": 2, "feature_bis": 2}
    assert not tree["sample_stats"]["diverging"].values.any()
    own = tree["posterior"].to_dataset()[["weights", "means", "covariances", "scales"]]
    for part in (own, label_free(tree)):
        for name, rhat in az.rhat(part).data_vars.items():
            assert float(rhat.max()) < 1.01, name
        for method in ("bulk", "tail"):
            for name, ess in az.ess(part, method=method).data_vars.items():
                assert float(ess.min()) >= 2000, (name, method)
    assert tree["posterior"].attrs["multimodal"] == 0
    assert record_of(tree)["notes"] == []


def test_agrees_with_the_textbook(tree):
    found = summaries(compared(**draws_of(tree), rows=FAITHFUL))
    assert set(found) == set(REFERENCE)
    assert_long_enough(found)
    assert_long_enough(REFERENCE)
    assert disagreements(found, REFERENCE) == {}


@pytest.mark.parametrize(
    "priors",
    [
        {"weights": bm.priors.Dirichlet(15.0)},
        {"components": bm.priors.NormalInverseWishart(dof=8.0)},
        {"components": bm.priors.NormalInverseWishart(shrinkage=4.0)},
    ],
)
def test_a_slightly_wrong_prior_is_caught(priors):
    """The negative control of law 9."""
    tree = Mixture(2, priors=priors).fit_nuts(FAITHFUL, random_seed=1, progressbar=False)
    assert disagreements(summaries(compared(**draws_of(tree), rows=FAITHFUL)), REFERENCE)


@pytest.mark.slow
def test_the_textbook_sampled_again():
    """The committed file is what its script gives, from another seed."""
    found = summaries(compared(**draws_of_textbook(FAITHFUL, draws=2500, random_seed=5), rows=FAITHFUL))
    assert_long_enough(found)
    assert disagreements(found, REFERENCE) == {}
