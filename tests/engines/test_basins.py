"""Which basins the chains start from, and how many each gets."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesmix import Mixture
from bayesmix.engines import nuts_over_basins
from bayesmix.engines.basins import allocate, find_basins
from bayesmix.engines.interruption import INTERRUPTED, most_draws
from bayesmix.engines.laplace import Laplace, approximate
from bayesmix.engines.nuts import NutsSettings
from tests.engines.targets import Target
from tests.laws.cases import CASES


def basin_of_mass(log_mass):
    return Laplace(np.zeros(1), np.eye(1), 0.0, log_mass, True)


@pytest.mark.parametrize(
    ("masses", "chains", "wanted"),
    [
        ([1.0], 4, [4]),
        ([0.5, 0.5], 4, [2, 2]),
        ([0.9, 0.1], 4, [4, 0]),
        ([0.7, 0.3], 4, [3, 1]),
        ([0.6, 0.3, 0.1], 4, [3, 1, 0]),
        ([0.4, 0.35, 0.25], 1, [1, 0, 0]),
    ],
)
def test_chains_in_proportion_to_mass(masses, chains, wanted):
    assert allocate([basin_of_mass(500 + np.log(mass)) for mass in masses], chains) == wanted


@settings(deadline=None, max_examples=50)
@given(
    log_masses=st.lists(st.floats(-700, 700), min_size=1, max_size=8).map(lambda values: sorted(values, reverse=True)),
    chains=st.integers(1, 16),
)
def test_every_chain_has_a_basin(log_masses, chains):
    counts = allocate([basin_of_mass(log_mass) for log_mass in log_masses], chains)
    assert sum(counts) == chains
    assert counts == sorted(counts, reverse=True)
    share = np.exp(np.array(log_masses) - max(log_masses))
    assert np.all(np.abs(np.array(counts) - chains * share / share.sum()) < 1)


@dataclass
class Top:
    weights: np.ndarray
    params: dict
    objective: float


class PlainFamily:
    def complete(self, params):
        return params


@dataclass
class Tops:
    optima: tuple
    family: PlainFamily = field(default_factory=PlainFamily)


class TwoPeaks(Target):
    """A narrow high peak at -4 and a broad low one at 4: more mass in the lower."""

    size = 1

    def logp_grad(self, q):
        places, deviations, weights = np.array([-4.0, 4.0]), np.array([0.05, 0.6]), np.array([0.2, 0.8])
        z = (q[0] - places) / deviations
        terms = np.log(weights / deviations) - 0.5 * np.log(2 * np.pi) - 0.5 * z**2
        value = np.logaddexp.reduce(terms)
        return float(value), np.array([np.sum(np.exp(terms - value) * -z / deviations)])

    def unconstrain(self, values):
        return np.atleast_1d(values["means"])


def tops(*places):
    points = [np.array([place]) for place in places]
    return Tops(tuple(Top(np.ones(1), {"means": q}, TwoPeaks().logp_grad(q)[0]) for q in points))


def test_basins_by_mass_and_not_by_height():
    basins = find_basins(TwoPeaks(), tops(-4.01, 4.2, 3.9))
    assert [round(basin.mode[0], 2) for basin in basins] == [4.0, -4.0]  # 4.2 and 3.9 lead to one basin
    np.testing.assert_allclose(np.exp([basin.log_mass for basin in basins]), [0.8, 0.2], rtol=1e-3)
    assert allocate(basins, 5) == [4, 1]


def test_permuted_tops_are_one_basin():
    """EM's optima that differ by the names of the components have one log density."""
    case = next(case for case in CASES if str(case) == "full-conjugate-D2-K3")
    em = case.mixture.fit_em(case.X, n_init=2, random_seed=0)
    other = {name: value[::-1] for name, value in em.params.items()}
    twice = replace(em, optima=(em.optima[0], replace(em.optima[0], weights=em.weights[::-1], params=other)))
    assert len(find_basins(case.density, twice)) == 1


def test_chains_of_every_basin_are_joined():
    settings = NutsSettings(draws=200, tune=200, chains=5, progressbar=False)
    found = nuts_over_basins.over_basins(TwoPeaks(), tops(-4.0, 4.0), settings, [1, 2])
    assert found.unconstrained.shape == (5, 200, 1)
    assert np.sign(found.unconstrained.mean(axis=(1, 2))).tolist() == [1, 1, 1, 1, -1]
    assert all(values.shape == (5, 200) for values in found.stats.values())


class TwoEqualPeaks(TwoPeaks):
    """Two peaks of one shape and one mass, at -40 and 40: a basin is the other one moved."""

    def logp_grad(self, q):
        place = 40.0 if q[0] > 0 else -40.0
        return float(-0.5 * (q[0] - place) ** 2), place - q


def test_every_chain_of_every_basin_has_randomness_of_its_own():
    """Chains that shared a seed would be each other's copies, moved from basin to basin, and R-hat would trust them."""
    tops = Tops(tuple(Top(np.ones(1), {"means": np.array([place])}, 0.0) for place in (-40.0, 40.0)))
    # of one height and mass, they would be taken for one basin under two names
    basins = [approximate(TwoEqualPeaks(), np.array([place])) for place in (-40.0, 40.0)]
    settings = NutsSettings(draws=400, tune=200, chains=4, progressbar=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nuts_over_basins, "find_basins", lambda density, em: basins)
        found = nuts_over_basins.over_basins(TwoEqualPeaks(), tops, settings, [1, 2])
    chains = found.unconstrained[..., 0]
    assert sorted(np.sign(chains[:, 0])) == [-1, -1, 1, 1]
    correlations = np.corrcoef(np.abs(chains))[np.triu_indices(4, 1)], np.corrcoef(chains)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(400 / 4)


@pytest.mark.parametrize(
    ("lengths", "chains", "draws"),
    [
        ([10, 10, 10], [0, 1, 2], 10),
        ([10, 3, 9], [0, 2], 9),
        ([0, 5, 0], [1], 5),
        ([2, 2, 2, 5], [0, 1, 2, 3], 2),
        ([1, 1, 1, 5], [3], 5),
    ],
)
def test_what_is_kept_of_unequal_chains(lengths, chains, draws):
    kept, n = most_draws(lengths)
    assert (kept.tolist(), n) == (chains, draws)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0]])
def test_nothing_to_keep(lengths):
    with pytest.raises(KeyboardInterrupt):
        most_draws(lengths)


def draws_of(chains, draws, notes=()):
    from bayesmix.engines import Draws

    return Draws(np.ones((chains, draws, 1)), {"lp": np.ones((chains, draws))}, {"sampling": 1.0}, notes)


@pytest.mark.parametrize(
    ("second", "shape"),
    [
        (draws_of(1, 90, (INTERRUPTED,)), (5, 90, 1)),
        (draws_of(1, 10, (INTERRUPTED,)), (4, 100, 1)),
        (KeyboardInterrupt(), (4, 100, 1)),
    ],
)
def test_an_interrupted_basin_does_not_cost_the_others(monkeypatch, second, shape):
    answers = iter([draws_of(4, 100), second])

    def answer(*arguments):
        one = next(answers)
        if isinstance(one, KeyboardInterrupt):
            raise one
        return one

    monkeypatch.setattr(nuts_over_basins, "run_in_basin", answer)
    settings = NutsSettings(draws=100, chains=5, progressbar=False)
    found = nuts_over_basins.over_basins(TwoPeaks(), tops(-4.0, 4.0), settings, [1, 2])
    assert found.unconstrained.shape == shape
    assert found.stats["lp"].shape == shape[:2]
    assert found.notes == (INTERRUPTED,)


def test_no_basin_starts_after_an_interrupt(monkeypatch):
    called = []

    def answer(*arguments):
        called.append(arguments)
        return draws_of(4, 50, (INTERRUPTED,))

    monkeypatch.setattr(nuts_over_basins, "run_in_basin", answer)
    nuts_over_basins.over_basins(TwoPeaks(), tops(-4.0, 4.0), NutsSettings(chains=5), [1, 2])
    assert len(called) == 1


def test_several_optima_of_a_real_mixture():
    case = next(case for case in CASES if str(case) == "full-conjugate-D2-K3")
    em = Mixture(3).fit_em(case.X, n_init=10, init="random", random_seed=0)
    basins = find_basins(case.density, em)
    masses = [basin.log_mass for basin in basins]
    assert masses == sorted(masses, reverse=True)
    heights = np.array([basin.log_density for basin in basins])
    assert np.all(np.abs(np.subtract.outer(heights, heights))[~np.eye(len(heights), dtype=bool)] > 1e-3)
