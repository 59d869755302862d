"""Which sampler is taken, and that the tree says so."""

import warnings

import pytest

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.engines import nuts_over_basins
from bayesmix.engines.nuts_over_basins import Nuts
from bayesmix.notes import in_words
from bayesmix.registry import ENGINES
from bayesmix.tree import record_of

FAITHFUL = bm.datasets.load_faithful()


@pytest.mark.parametrize(
    ("mixture", "method", "because"),
    [
        (Mixture(1), "nuts", "one top, around which the posterior is close to a Gaussian"),
        (Mixture(2), "nuts", "one top, around which the posterior is close to a Gaussian"),
        (Mixture(4), "gibbs", "the posterior has several tops, between which NUTS does not walk"),
        (Mixture(2, "VEV"), "nuts", "nothing else draws under these priors"),
    ],
    ids=lambda given: given if isinstance(given, str) else f"{given.family}-{given.n_components}",
)
def test_the_sampler_that_can_be_trusted(mixture, method, because):
    tree = mixture.fit(FAITHFUL, draws=500, random_seed=1, progressbar=False)
    record = record_of(tree)
    assert record["method"] == method
    assert f"by {ENGINES[method].name}: {because}" in in_words(record["notes"])
    assert record["settings"] == {"draws": 500, "chains": 4}


@pytest.mark.gate
@pytest.mark.parametrize("n_components", [2, 4])
def test_draws_are_those_of_the_sampler_itself(n_components):
    settings = {"draws": 200, "random_seed": 5, "progressbar": False}
    chosen = Mixture(n_components).fit(FAITHFUL, **settings)
    method = record_of(chosen)["method"]
    asked = getattr(Mixture(n_components), f"fit_{method}")(FAITHFUL, **settings)
    assert chosen["posterior"]["weights"].equals(asked["posterior"]["weights"])


class Apart(Nuts):
    """NUTS, one chain of which is elsewhere."""

    def run(self, problem, start):
        draws = super().run(problem, start)
        draws.unconstrained[0] += 0.3
        return draws


def test_gibbs_goes_on_where_nuts_was_taken_and_does_not_pass(monkeypatch):
    monkeypatch.setattr(nuts_over_basins, "Nuts", Apart)
    with warnings.catch_warnings():
        warnings.simplefilter("error", bm.UntrustedWarning)
        tree = Mixture(2).fit(FAITHFUL, random_seed=1, progressbar=False)
    record = record_of(tree)
    assert record["method"] == "gibbs"
    assert bm.diagnose(tree).passed
    [said, *_] = in_words(record["notes"])
    assert said.startswith("by Gibbs sampling: NUTS was tried first and did not pass: the chains ")
    assert set(record["seconds"]) == {"em", "choosing", "tried", "sampling"}


def test_few_draws_that_were_asked_for_are_no_fault_of_nuts():
    with pytest.warns(bm.UntrustedWarning, match="effective draws"):
        tree = Mixture(2).fit(FAITHFUL, draws=60, random_seed=1, progressbar=False)
    assert record_of(tree)["method"] == "nuts"


@pytest.mark.parametrize("method", [*(name for name in ENGINES if name != "auto")])
def test_every_method_by_its_name(method):
    tree = Mixture(2).fit(FAITHFUL, method=method, draws=100, random_seed=1, progressbar=False)
    assert record_of(tree)["method"] == method


@pytest.mark.parametrize(("method", "remedy"), [("em", "fit_em gives the point estimate"), ("mcmc", "'nuts', 'gibbs'")])
def test_no_such_method(method, remedy):
    with pytest.raises(ValueError, match=remedy):
        Mixture(2).fit(FAITHFUL, method=method)
