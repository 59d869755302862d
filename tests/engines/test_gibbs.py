"""Gibbs sampling: its draws beside NUTS, the same bits for any number of cores, when it stops, and what it says."""

import _thread
import threading
import time
from itertools import islice
from threading import Event

import numpy as np
import pymc as pm
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture, StudentT
from bayesmix.engines import gibbs
from bayesmix.engines.begin import begin
from bayesmix.engines.gibbs import Chain, Gibbs, Kept, chains_from, lengths, named
from bayesmix.engines.interruption import INTERRUPTED
from bayesmix.html.digest import Digest
from bayesmix.html.sections.reproduction import reproduction_section
from bayesmix.notes import in_words
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.tree import record_of
from tests.monte_carlo import ALLOWED, FEWEST, effective_draws, mean_of, sd_of

FAITHFUL = bm.datasets.load_faithful()
GALAXIES = bm.datasets.load_galaxies()
EM = Mixture(3).fit_em(FAITHFUL, random_seed=1).labels
COVARIANCES = ("full", "tied", "diag", "spherical", "EEI", "EII")


# What is shared by many features has a sampler of its own, which takes half a minute to compile.
EVERY_PASS = [
    pytest.param(covariance, n_features, marks=pytest.mark.slow if (covariance, n_features) == ("tied", 6) else ())
    for n_features in (1, 2, 6)
    for covariance in COVARIANCES
]


def rows_of(n_features: int) -> np.ndarray:
    """Two groups of 60 and 90 rows, which lie six standard deviations apart."""
    rng = np.random.default_rng(n_features)
    rows = rng.normal(size=(150, n_features))
    rows[:60] += 6.0 / np.sqrt(n_features)
    return rows


@pytest.mark.parametrize(("covariance", "n_features"), EVERY_PASS)
def test_the_pass_that_draws_assignments_tells_the_log_likelihood(covariance, n_features):
    """Of few features and of many, which are worked in tiles."""
    problem = Mixture(2, Gaussian(covariance))._problem(rows_of(n_features))
    [chain] = chains = chains_from(problem, begin(problem, "em", 1), 1)
    chain.extend(40, 2, Event())
    kept = [chain.draws(20, 2)]
    values = named(problem, chains, kept)
    params = {spec.name: values[spec.name] for spec in problem.family.parameters}
    wanted = problem.family.log_mixture(values["weights"], params, problem.rows.values).sum(axis=-1)[0]
    shift = wanted[0] - kept[0].log_likelihood[0]  # the columns are standardised: a constant
    np.testing.assert_allclose(kept[0].log_likelihood + shift, wanted, rtol=1e-11)
    assert np.ptp(wanted) > 1


@pytest.mark.parametrize(("covariance", "n_features"), [case for case in EVERY_PASS if case.values[1] > 1])
def test_draws_are_those_of_nuts(covariance, n_features):
    """Law 12, where NUTS can be trusted: two groups that lie apart."""
    agree(rows_of(n_features), Mixture(2, Gaussian(covariance)))


SEPARATED = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal(), "correlations": bm.priors.LKJ(2.0)}


@pytest.mark.gate
@pytest.mark.parametrize(
    "mixture",
    [
        # Each has samplers of its own, which take half a minute to compile; every part of them is in those that stay.
        pytest.param(Mixture(2, StudentT("full")), marks=pytest.mark.slow),
        Mixture(2, StudentT("tied", dof="shared")),
        pytest.param(Mixture(2, StudentT("diag", dof=5.0)), marks=pytest.mark.slow),
        pytest.param(Mixture(2, StudentT("spherical")), marks=pytest.mark.slow),
        pytest.param(Mixture(2, StudentT("EEI")), marks=pytest.mark.slow),
        Mixture(2, Gaussian("full"), priors=SEPARATED),
        pytest.param(Mixture(2, Gaussian("tied"), priors=SEPARATED), marks=pytest.mark.slow),
        Mixture(2, Gaussian("diag"), priors=SEPARATED),
        Mixture(2, Gaussian("spherical"), priors=SEPARATED),
        Mixture(2, Gaussian("EEI"), priors=SEPARATED),
        Mixture(2, Gaussian("EII"), priors=SEPARATED),
        pytest.param(Mixture(2, StudentT("full", dof="shared"), priors=SEPARATED), marks=pytest.mark.slow),
        pytest.param(Mixture(2, StudentT("spherical"), priors=SEPARATED), marks=pytest.mark.slow),
    ],
    ids=lambda mixture: f"{mixture.family}{'-separated' * ('scales' in str(mixture.priors))}",
)
def test_draws_are_those_of_nuts_where_nothing_is_conjugate(mixture):
    agree(rows_of(2), mixture)


def agree(rows, mixture):
    """Label-free quantities by both samplers, within their Monte Carlo errors."""
    settings = {"draws": 2000, "random_seed": 1, "progressbar": False}
    drawn, by_nuts = mixture.fit_gibbs(rows, thin=6, **settings), mixture.fit_nuts(rows, **settings)
    for name, ours in label_free(drawn).items():
        theirs = label_free(by_nuts)[name]
        for place in np.ndindex(ours.shape[2:]):
            one, other = ours.values[(..., *place)], theirs.values[(..., *place)]
            assert min(effective_draws(one), effective_draws(other)) >= FEWEST
            assert mean_of(one).errors_from(mean_of(other)) < ALLOWED, (name, place)
            if name != "total_covariance":  # whose fourth moments are too heavy for an error
                assert sd_of(one).errors_from(sd_of(other)) < ALLOWED, (name, place)


def test_the_same_bits_for_any_number_of_cores():
    trees = [
        Mixture(4).fit_gibbs(GALAXIES, draws=200, cores=cores, random_seed=7, progressbar=False) for cores in (1, 2, 4)
    ]
    for tree in trees[1:]:
        for name, values in trees[0]["posterior"].items():
            np.testing.assert_array_equal(values, tree["posterior"][name])


@pytest.mark.parametrize("n_components", [3, 4, 5, 6])
def test_more_components_than_the_data_can_tell_apart(n_components):
    """Where NUTS reaches an R-hat of 1.02 to 1.07 with 40 to 200 effective draws."""
    diagnosis = bm.diagnose(Mixture(n_components).fit_gibbs(GALAXIES, random_seed=1))
    assert diagnosis.passed
    assert diagnosis.max_rhat <= 1.01
    assert diagnosis.min_ess >= 400


@pytest.mark.parametrize("covariance", ["tied", "EEI"])
def test_a_component_that_has_all_rows_splits(covariance):
    """Moves integrate out the covariance that all components share: held, it would be that of all rows."""
    problem = Mixture(3, Gaussian(covariance))._problem(FAITHFUL)
    chains = [Chain(problem, problem.sweeps, labels, np.random.SeedSequence(1)) for labels in (np.zeros(272, int), EM)]
    for chain in chains:
        chain.extend(1200, 1, Event())
    assert chains[0].draws(1200, 1).moves[:, 0, 1].sum() > 0
    split, wanted = (chain.draws(1000, 1) for chain in chains)
    assert abs(split.log_likelihood.mean() - wanted.log_likelihood.mean()) < 2


def test_statistics_of_a_run():
    tree = Mixture(6).fit_gibbs(GALAXIES, random_seed=1)
    stats, density = tree["sample_stats"], Mixture(6)._problem(GALAXIES).closed_form()
    assert set(stats.data_vars) >= {"lp", "n_occupied", "accepted_splits", "accepted_merges", "accepted_exchanges"}
    occupied = stats["n_occupied"].values
    assert occupied.min() >= 1
    assert occupied.max() <= 6
    assert np.ptp(occupied) > 0
    assert min(stats[f"accepted_{kind}"].values.sum() for kind in ("splits", "merges", "exchanges", "recalls")) > 0
    one = tree["posterior"].isel(chain=0, draw=3)
    q = density.unconstrain({name: one[name].values for name in ("weights", "means", "covariances")})
    np.testing.assert_allclose(stats["lp"].values[0, 3], density.logp_grad(q)[0], rtol=1e-10)


def test_how_far_apart_draws_are():
    looks = list(islice(lengths(), 9))
    assert [thin for thin, _ in looks] == [1, 2, 3, 4, 6, 8, 12, 16, 24]
    for (thin, stride), (_, before) in zip(looks[1:], looks, strict=False):
        assert thin % stride == 0
        assert stride % before == 0
        assert thin <= 3 * stride


def test_draws_further_apart_are_the_last_ones_and_moves_add_up():
    n = np.arange(10)
    kept = Kept(n[:, None], n[:, None], n, n, np.ones((10, 4, 2), int), np.ones(10))
    every = kept.every(4)
    assert every.log_likelihood.tolist() == [5, 9]
    assert (every.moves == 4).all()
    assert kept.last(3).states[:, 0].tolist() == [7, 8, 9]


@pytest.mark.parametrize("seed", [1, 5, 13])
def test_a_small_mode_is_in_every_fit(seed):
    """Long chains have a second weight above 0.2 in about one draw of forty, by visits that last some fifty sweeps."""
    weights = np.sort(Mixture(4).fit_gibbs(GALAXIES, random_seed=seed, progressbar=False)["posterior"]["weights"])
    assert 0.01 < (weights[..., 1] > 0.2).mean() < 0.05


def test_sweeps_that_are_spent():
    """Two narrow modes of galaxies with two components: a thousand sweeps do not visit both."""
    with pytest.warns(bm.UntrustedWarning):
        tree = Mixture(2).fit_gibbs(GALAXIES, max_sweeps=2000, random_seed=1)
    [said] = [words for words in in_words(record_of(tree)["notes"]) if words.startswith("Gibbs sampling stopped")]
    assert "before the chains agreed" in said
    assert "max_sweeps=" in said
    assert tree["posterior"].sizes["draw"] == 1000
    made = tree["posterior"].attrs
    assert made["sweeps"] <= 2000
    assert made["sweeps"] - made["warm_up"] == 1000 * made["thin"]


def test_a_thinning_that_is_asked_for():
    tree = Mixture(2).fit_gibbs(FAITHFUL, draws=300, thin=3, chains=2, random_seed=1)
    assert dict(tree["posterior"].sizes)["draw"] == 300
    assert record_of(tree)["settings"] == {"draws": 300, "chains": 2, "thin": 3}
    made = tree["posterior"].attrs
    assert (made["sweeps"], made["warm_up"], made["thin"]) == (1200, 300, 3)


def test_how_many_sweeps_there_were_is_told_where_they_passed(monkeypatch):
    """The draws of a chain are the last, so many sweeps apart; a user who gives this ``thin`` gets their like."""
    sweeps = []
    extend = Chain.extend
    monkeypatch.setattr(Chain, "extend", lambda chain, n, *others: (extend(chain, n, *others), sweeps.append(n))[0])
    tree = Mixture(3).fit_gibbs(GALAXIES, random_seed=1, progressbar=False)
    made = tree["posterior"].attrs
    assert made["sweeps"] == max(sweeps) >= 20_000
    assert made["thin"] == (made["sweeps"] - made["warm_up"]) / tree["posterior"].sizes["draw"]
    assert 0.24 < made["warm_up"] / made["sweeps"] < 0.26
    facts = dict(reproduction_section(Digest(tree)).facts)
    assert f"one for every {made['thin']} of {made['sweeps']:,} sweeps" in facts["draws"]


@pytest.fixture
def interrupted_soon():
    """An interruption in two seconds."""
    timer = threading.Timer(2.0, _thread.interrupt_main)
    timer.start()
    yield
    timer.cancel()


def test_interrupted_before_the_chains_were_looked_at(interrupted_soon):
    problem = Mixture(3)._problem(FAITHFUL)
    start = begin(problem, "em", 1)
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        Gibbs(draws=10_000_000).run(problem, start)
    assert time.perf_counter() - began < 20


def test_interrupted_later_keeps_what_there_is(monkeypatch):
    """Soon after the first look at the chains, which finds that they do not agree."""
    timers = []

    def passes(*arguments):
        if not timers:
            timers.append(threading.Timer(0.3, _thread.interrupt_main))
            timers[0].start()
        return False

    monkeypatch.setattr(gibbs, "passes", passes)
    problem = Mixture(4)._problem(FAITHFUL)
    start = begin(problem, "em", 1)
    draws = Gibbs(draws=500, max_sweeps=10**9).run(problem, start)
    assert draws.notes == (INTERRUPTED,)
    assert draws.unconstrained.shape[:2] == (4, 500)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"draws": 0}, "draws must be an integer of at least 1, not 0"),
        ({"thin": 0}, "thin must be an integer of at least 1, not 0"),
        ({"max_sweeps": 1.5}, "max_sweeps must be an integer of at least 1, not 1.5"),
        ({"chains": True}, "chains must be an integer"),
        ({"relabel": "sjw"}, "relabel must be 'ecr', 'pivot', 'stephens' or 'order', not 'sjw'"),
        ({"init": "random"}, "init must be 'em', an EMResult, labels"),
    ],
)
def test_impossible_settings(setting, message):
    with pytest.raises(ValueError, match=message):
        Mixture(2).fit_gibbs(FAITHFUL, progressbar=False, **setting)


def test_what_nothing_draws_from_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r"nothing draws the parameters of a gaussian-VEV mixture .* method='nuts'"):
        Mixture(2, "VEV").fit_gibbs(FAITHFUL)
    with pytest.raises(ValueError, match=r"nothing draws the parameters of a gaussian-VEI mixture .* method='nuts'"):
        Mixture(2, "VEI").fit_gibbs(FAITHFUL)
    with pytest.raises(ValueError, match=r"no closed form under these priors: use method='nuts'$"):
        Mixture(2, "VEV").fit_gibbs(FAITHFUL)  # whose default prior helps no more


@pytest.mark.gate
@pytest.mark.parametrize("part", ["weights", "scales"])
def test_a_prior_that_only_pymc_knows_is_refused(part):
    prior = {
        "weights": lambda: pm.Dirichlet.dist(np.full(2, 3.0)),
        "scales": lambda: pm.LogNormal.dist(0.0, 1.0),
    }[part]()
    with pytest.raises(ValueError, match=r"under these priors: .* or the family's default prior$"):
        Mixture(2, "diag", priors={part: prior}).fit_gibbs(FAITHFUL)
