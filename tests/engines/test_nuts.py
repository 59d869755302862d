"""NUTS: both ways into nutpie, what the sampler says of itself, starts, interruption, settings."""

import _thread
import signal
import threading
import time

import arviz as az
import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.engines import nuts
from bayesmix.engines.chains import read_chains
from bayesmix.engines.interruption import INTERRUPTED
from bayesmix.engines.laplace import approximate
from bayesmix.engines.nuts import NEAR_GAUSSIAN, NEAR_GAUSSIAN_OF_MANY, WHITENED, NutsSettings, run, tuning_for
from bayesmix.engines.whitened import whitened
from bayesmix.notes import in_words
from bayesmix.tree import record_of
from tests.engines.targets import Bananas, GaussianTarget, Walled
from tests.laws.cases import CASES, GAUSSIAN_CASES
from tests.monte_carlo import effective_draws
from tests.simulated_trees import COVARIANCES

FAITHFUL = bm.datasets.load_faithful()


class Plain:
    """A closed-form density that does not look like one: the sampler calls it through Python."""

    def __init__(self, density):
        self.density, self.size, self.variables = density, density.size, density.variables

    def logp_grad(self, q):
        return self.density.logp_grad(q)


def basin_of(case):
    em = case.mixture.fit_em(case.X, n_init=3, random_seed=1)
    return approximate(case.density, case.density.unconstrain({"weights": em.weights, **em.params}))


def assert_same_posterior(one, other, errors=4.5):
    """Means and standard deviations within so many Monte Carlo errors of both sides; there are hundreds of them."""
    for i in range(one.shape[-1]):
        for method, of in (("mean", np.mean), ("sd", np.std)):
            error = np.hypot(*(float(az.mcse(draws[..., i], method=method)) for draws in (one, other)))
            assert abs(of(one[..., i]) - of(other[..., i])) < errors * error, (i, method)


SAMPLED = [case for case in CASES if (case.n_features, case.n_components) in ((2, 1), (1, 2))]


@pytest.mark.parametrize("case", SAMPLED, ids=str)
def test_c_functions_and_python_functions_sample_one_posterior(case):
    basin = basin_of(case)
    settings = NutsSettings(draws=400, chains=4, progressbar=False)
    compiled = run(case.density, basin, settings, seed=1)
    called = run(Plain(case.density), basin, settings, seed=2)
    assert_same_posterior(compiled.unconstrained, called.unconstrained)


@pytest.mark.parametrize("python", [False, True])
@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_the_sampler_reports_the_density_of_its_draws(case, python):
    """``lp`` is the log posterior density in the units of the data, whichever way the sampler was called."""
    density = Plain(case.density) if python else case.density
    found = run(density, basin_of(case), NutsSettings(draws=20, tune=50, chains=2, progressbar=False), seed=3)
    wanted = [[case.density.logp_grad(q)[0] for q in chain] for chain in found.unconstrained]
    np.testing.assert_allclose(found.stats["lp"], wanted, rtol=1e-10)
    # the sampler's energy counts the scales that it adapted, too: near one where the posterior is near its Gaussian
    if case in GAUSSIAN_CASES:
        assert np.all(found.stats["energy"] > -found.stats["lp"] - 1e-6)


def test_a_known_gaussian():
    mean = np.array([3.0, -1.0, 0.5])
    root = np.array([[1.0, 0, 0], [0.8, 0.5, 0], [-0.3, 0.2, 0.1]])
    target = GaussianTarget(mean, root @ root.T)
    basin = approximate(target, np.zeros(3))
    assert tuning_for(whitened(target, basin), np.random.default_rng(0)) is NEAR_GAUSSIAN
    found = run(target, basin, NutsSettings(draws=1000, progressbar=False), seed=1)
    exact = mean + np.random.default_rng(1).normal(size=(4, 5000, 3)) @ root.T
    assert_same_posterior(found.unconstrained, exact)
    assert not found.stats["reached_max_treedepth"].any()
    assert not found.stats["diverging"].any()


def test_steps_are_short_where_unknowns_are_many():
    """A quarter turn then takes more of them."""
    target = GaussianTarget(np.zeros(300), np.eye(300))
    basin = approximate(target, np.zeros(300))
    assert tuning_for(whitened(target, basin), np.random.default_rng(0)) is NEAR_GAUSSIAN_OF_MANY
    found = run(target, basin, NutsSettings(draws=500, progressbar=False), seed=1)
    assert not found.stats["reached_max_treedepth"].any()
    assert min(effective_draws(found.unconstrained[..., i]) for i in range(0, 300, 30)) > 1000
    assert effective_draws(found.stats["lp"]) > 500


def test_an_acceptance_that_is_asked_for_gets_full_trajectories():
    """Of three steps that were made small a Gaussian would be explored slowly."""
    target = GaussianTarget(np.zeros(3), np.eye(3))
    settings = NutsSettings(draws=1000, target_accept=0.98, progressbar=False)
    found = run(target, approximate(target, np.zeros(3)), settings, seed=1)
    assert found.stats["acceptance_rate"].mean() > 0.95
    assert found.stats["tree_depth"].max() > 2
    assert min(effective_draws(found.unconstrained[..., i]) for i in range(3)) > 2000


@pytest.mark.gate
def test_bananas_get_long_trajectories():
    target = Bananas(2)
    basin = approximate(target, np.zeros(4))
    assert tuning_for(whitened(target, basin), np.random.default_rng(0)) is WHITENED
    found = run(target, basin, NutsSettings(draws=1500, tune=1000, progressbar=False, target_accept=0.95), seed=1)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 5000, 2))
    exact = np.stack([x, x**2 + np.sqrt(0.1) * rng.normal(size=x.shape)], axis=-1).reshape(4, 5000, 4)
    assert_same_posterior(found.unconstrained, exact)
    assert found.stats["tree_depth"].max() > 2


def test_steps_and_divergences_on_the_way_to_a_draw_are_its_own():
    target = Walled(np.zeros(2), np.eye(2))
    target.wall = 1.5
    model = whitened(target, approximate(target, np.zeros(2))).nutpie_model()
    settings = NutsSettings(draws=300, chains=2, progressbar=False)
    traces = [nuts._sample(model, settings, NEAR_GAUSSIAN, 1)[0] for _ in range(2)]
    for every, kept in zip(read_chains(traces[0], 2, 1), read_chains(traces[1], 2, 2), strict=True):
        assert len(every.q) == 600
        np.testing.assert_array_equal(kept.q, every.q[1::2])
        np.testing.assert_array_equal(kept.stats["lp"], every.stats["lp"][1::2])
        np.testing.assert_array_equal(kept.stats["n_steps"], every.stats["n_steps"].reshape(300, 2).sum(axis=1))
        np.testing.assert_array_equal(kept.stats["diverging"], every.stats["diverging"].reshape(300, 2).any(axis=1))
        assert every.stats["diverging"].any()


def test_where_the_density_is_not_finite():
    """A wall is a divergence at worst, never an exception or a draw beyond it."""
    target = Walled(np.zeros(2), np.eye(2))
    found = run(target, approximate(target, np.zeros(2)), NutsSettings(draws=500, progressbar=False), seed=1)
    assert np.isfinite(found.unconstrained).all()
    assert np.abs(found.unconstrained[..., 0]).max() <= 4


def test_start_of_a_chain_depends_on_its_seed_alone():
    """Chains that run at once ask for their starts in any order."""
    target = GaussianTarget(np.zeros(3), np.eye(3))
    start = whitened(target, approximate(target, np.zeros(3))).starts()
    first = {seed: start(seed) for seed in (11, 12, 13)}
    again = {seed: start(seed) for seed in (13, 11, 12)}
    for seed in first:
        np.testing.assert_array_equal(first[seed], again[seed])
    assert not np.array_equal(first[11], first[12])
    assert np.all(start(11) != 0)  # the mode itself has a gradient of zero, which nutpie refuses


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (1, 2), (2, 1)])
def test_edges(covariance, n_components, n_features):
    X = FAITHFUL.iloc[:, :n_features]
    tree = Mixture(n_components, Gaussian(covariance)).fit_nuts(
        X, draws=100, tune=100, chains=2, random_seed=1, progressbar=False
    )
    weights = tree["posterior"]["weights"].values
    assert weights.shape == (2, 100, n_components)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    if n_components == 1:
        assert np.all(weights == 1)
    assert not tree["sample_stats"]["diverging"].values.any()


@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_fewer_rows_than_features(covariance):
    X = np.random.default_rng(0).normal(size=(4, 5))
    tree = Mixture(1, Gaussian(covariance)).fit_nuts(X, draws=100, tune=200, random_seed=1, progressbar=False)
    assert np.isfinite(tree["posterior"]["covariances"].values).all()


@pytest.fixture
def interruptible():
    """A shell starts what runs in its background deaf to interrupts, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.gate
@pytest.mark.parametrize("chains", [1, 2, 4])
def test_an_interrupted_run_keeps_what_finished(chains, interruptible, monkeypatch):
    """A run of hours, interrupted two seconds after the sampler has started."""
    import nutpie

    start_sampler, timers = nutpie.sample, []

    def start_and_interrupt_later(*arguments, **settings):
        sampler = start_sampler(*arguments, **settings)
        timers.append(threading.Timer(2.0, _thread.interrupt_main))
        timers[-1].start()
        return sampler

    monkeypatch.setattr(nutpie, "sample", start_and_interrupt_later)
    settings = {"draws": 10_000_000, "tune": 100, "chains": chains, "cores": 2, "log_likelihood": False}
    began = time.perf_counter()
    try:
        tree = Mixture(2).fit_nuts(FAITHFUL, random_seed=1, progressbar=False, **settings)
    finally:
        for timer in timers:
            timer.cancel()
    assert time.perf_counter() - began < 100
    assert INTERRUPTED.to_dict() in record_of(tree)["notes"]
    sizes = tree["posterior"].sizes
    assert 0 < sizes["draw"] < 10_000_000
    assert 1 <= sizes["chain"] <= chains
    for name in ("weights", "means", "covariances"):
        assert np.isfinite(tree["posterior"][name].values).all()
    assert np.isfinite(tree["sample_stats"]["lp"].values).all()
    assert tree["posterior"]["means"].values[..., 0].mean(axis=(0, 1)).round().tolist() == [4, 2]


def test_an_interrupt_before_the_first_draw_is_passed_on(monkeypatch):
    class Stopped:
        def wait(self):
            raise KeyboardInterrupt

        def abort(self):
            # what was recorded by then: draws of the tuning alone
            return start_sampler(*self.arguments, **self.settings | {"draws": 0, "tune": 5, "blocking": True})

        def __init__(self, *arguments, **settings):
            self.arguments, self.settings = arguments, settings

    import nutpie

    start_sampler = nutpie.sample
    monkeypatch.setattr(nutpie, "sample", Stopped)
    target = GaussianTarget(np.zeros(1), np.eye(1))
    with pytest.raises(KeyboardInterrupt):
        run(target, approximate(target, np.zeros(1)), NutsSettings(progressbar=False), seed=1)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"draws": 0}, "draws must be an integer of at least 1, not 0"),
        ({"draws": 10.0}, "draws must be an integer"),
        ({"draws": None}, "draws must be an integer"),
        ({"tune": -1}, "tune must be an integer of at least 0"),
        ({"chains": True}, "chains must be an integer"),
        ({"cores": 0}, "cores must be an integer of at least 1"),
        ({"target_accept": 1.0}, "target_accept must be between 0 and 1"),
        ({"relabel": "sjw"}, "relabel must be 'ecr', 'pivot', 'stephens' or 'order', not 'sjw'"),
        ({"init": "best"}, "init must be 'em', an EMResult, labels .* not 'best'$"),
        ({"init": "kmeans"}, r"not 'kmeans': start from EM's result, init=mixture.fit_em\(X, init='kmeans'\)"),
    ],
)
def test_impossible_settings(setting, message):
    with pytest.raises(ValueError, match=message):
        Mixture(2).fit_nuts(FAITHFUL, progressbar=False, **setting)


def test_start_from_an_em_result():
    mixture = Mixture(2)
    em = mixture.fit_em(FAITHFUL, random_seed=3)
    tree = mixture.fit_nuts(FAITHFUL, init=em, draws=100, tune=100, random_seed=1, progressbar=False)
    assert tree["posterior"].sizes["draw"] == 100
    with pytest.raises(ValueError, match="gaussian-full with 2 groups, but the mixture is gaussian-full with 3"):
        Mixture(3).fit_nuts(FAITHFUL, init=em, progressbar=False)


def test_labels_identified_by_the_prior_are_left_alone():
    priors = {"weights": bm.priors.Dirichlet((1.0, 3.0))}
    tree = Mixture(2, priors=priors).fit_nuts(FAITHFUL, draws=100, tune=200, random_seed=1, progressbar=False)
    assert any("identified by the prior" in note for note in in_words(record_of(tree)["notes"]))
    permutation = tree["sample_stats"]["permutation"].values
    assert np.all(permutation == np.arange(2))
