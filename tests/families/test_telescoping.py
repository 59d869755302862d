"""The telescoping sampler's parts: K given a partition, moves of partitions, and states carried from K to K."""

import functools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp

from bayesmix.families import concentration, split_merge, telescoping
from bayesmix.passes.urn import occupied_places
from bayesmix.priors import DiscreteUniform, ShiftedBetaNegativeBinomial, ShiftedPoisson
from tests.exact.partitions import log_urn, partitions
from tests.monte_carlo import ALLOWED, FEWEST, effective_draws, mean_of

N_ROWS = 6


def of_number(prior) -> np.ndarray:
    """Log probabilities, and logs of what lies beyond, as the sampler takes them."""
    probabilities = prior.probabilities()
    with np.errstate(divide="ignore"):
        return np.log([probabilities, np.append(probabilities[:0:-1].cumsum()[::-1], 0.0)])


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("concentration", [0.05, 1.0, 4.0])
@pytest.mark.parametrize("sizes", [[3.0], [1.0, 1.0, 2.0], [40.0, 30.0, 1.0, 1.0, 10.0], list(range(1, 41))], ids=len)
def test_number_given_a_partition(sizes, concentration, dynamic):
    """Drawn as by the whole table of probabilities, whose sum the draw itself never makes."""
    prior, sizes = ShiftedBetaNegativeBinomial(1, 4, 3), np.array(sizes)
    k, n_rows = np.arange(1, prior.most + 1.0), sizes.sum()
    share = concentration / k if dynamic else np.full(k.size, concentration)
    with np.errstate(invalid="ignore"):
        logs = np.log(prior.probabilities()) + gammaln(k + 1) - gammaln(k - sizes.size + 1)
    logs += gammaln(share * k) - gammaln(share * k + n_rows) + (gammaln(sizes[:, None] + share) - gammaln(share)).sum(0)
    logs[k < sizes.size] = -np.inf
    up_to = np.exp(logs - logsumexp(logs)).cumsum()
    numbers, draws = of_number(prior), np.random.default_rng(0).random(30)
    for u in [*draws, 1e-12, 1 - 1e-4]:
        given = SimpleNamespace(random=lambda u=u: u)
        drawn = draw_number(given, numbers, concentration, dynamic, sizes, n_rows)
        nearest = np.abs(up_to - u).min()
        assert drawn == np.searchsorted(up_to, u) + 1 or nearest < 1e-11


def in_python(replaced: dict[str, str]) -> SimpleNamespace:
    """The functions of the modules of moves, not compiled, with errors planted in their text."""
    space: dict = {"nb": SimpleNamespace(njit=lambda **_: lambda function: function)}
    for module in (concentration, split_merge, telescoping):
        lines = Path(str(module.__file__)).read_text(encoding="utf-8").split("\n")
        left_out = ("import numba", "from bayesmix.families.split_merge", "from bayesmix.families.concentration")
        text = "\n".join(line for line in lines if not line.startswith(left_out))
        for right, wrong in replaced.items():
            text = text.replace(right, wrong)
        exec(compile(text, str(module.__file__), "exec"), space)
    return SimpleNamespace(**space)


draw_number = in_python({}).draw_number


def nothing_begun(known, numbers, form, k): ...


def no_density(known, shared, columns, i, numbers, form, k):
    return 0.0


def nothing_added(known, shared, columns, i, numbers, form, k): ...


def kind_of(labels) -> int:
    """How many groups have rows, and the rows of the largest."""
    counts = np.bincount(labels)
    return 10 * int((counts > 0).sum()) + int(counts.max())


@functools.cache
def kinds_of(n_steps: int, *planted: tuple[str, str]) -> np.ndarray:
    """Kinds of partition, (chain, step), along moves and draws of K that see no data."""
    code, number, dynamic, concentration = in_python(dict(planted)), of_number(ShiftedPoisson(3.0)), True, 4.0
    found = np.empty((4, n_steps), dtype=int)
    for chain in range(4):
        rng, labels, n_components = np.random.default_rng(chain), np.arange(N_ROWS) % (chain + 1), chain + 1
        columns, known, moves = np.empty((0, N_ROWS)), (), np.zeros((3, 2), dtype=int)
        no_rows = (0, np.empty(0))
        functions = (nothing_begun, no_density, nothing_added)
        for step in range(n_steps):
            form, counts = (np.zeros((1, n_components)),), np.bincount(labels, minlength=n_components).astype(float)
            code.move(
                *functions, rng, columns, number, concentration, dynamic, known, no_rows, form, labels, counts, moves
            )
            counts = np.bincount(labels, minlength=n_components + 1).astype(float)
            order = code.occupied_first(labels, counts)
            n_components = code.draw_number(rng, number, concentration, dynamic, counts[order], N_ROWS)
            found[chain, step] = kind_of(labels)
    return found


def errors_of(found: np.ndarray) -> float:
    """How far the shares of each kind of partition are from the prior's, in Monte Carlo errors: the worst of them."""
    prior, every = ShiftedPoisson(3.0).probabilities(), list(partitions(N_ROWS))
    exact = np.zeros(100)
    for n_components, probability in enumerate(prior, start=1):
        for labels in every:
            n_groups = max(labels) + 1
            if n_groups <= n_components:
                names = np.exp(gammaln(n_components + 1) - gammaln(n_components - n_groups + 1))
                exact[kind_of(labels)] += (
                    probability * names * np.exp(log_urn(labels, 4.0 / n_components, n_components))
                )
    assert exact.sum() == pytest.approx(1, abs=1e-9)
    often = np.flatnonzero(exact > 0.01)
    return max(mean_of((found == n).astype(float)).errors_from(exact[n]) for n in often)


def test_without_data_partitions_are_the_priors():
    found = kinds_of(8000)
    assert effective_draws(found.astype(float)) >= FEWEST
    assert errors_of(found) <= ALLOWED


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("number[0, n_then - 1] +", ""),
        ("n_then, share_of(concentration, dynamic, n_then)", "n_then, concentration"),
        ("q_now = math.log(0.5)", "q_now = 0.0"),
        ("MERGE if rng.random() < 0.5", "MERGE if rng.random() < 0.8"),
        ("math.lgamma(n_components - n_occupied + 1.0)", "0.0"),
    ],
)
def test_errors_planted_in_the_moves_are_caught(right, wrong):
    assert errors_of(kinds_of(8000, (right, wrong))) > 2 * ALLOWED


@pytest.mark.parametrize("concentration", [0.3, 2.0])
@pytest.mark.parametrize("n_places", [1, 2, 5, 9])
def test_occupied_places(n_places, concentration):
    exact = np.zeros(n_places + 1)
    for labels in partitions(N_ROWS):
        n_groups = max(labels) + 1
        if n_groups <= n_places:
            names = np.exp(gammaln(n_places + 1) - gammaln(n_places - n_groups + 1))
            exact[n_groups] += names * np.exp(log_urn(labels, concentration, n_places))
    np.testing.assert_allclose(occupied_places(n_places, concentration, N_ROWS), exact, rtol=1e-12)


def test_a_state_is_carried():
    """Means of two features and a shared pair: the second and the first component, and a blank one."""
    layout = np.array([[2, 0], [2, 1]])
    state = np.array([1.0, 2.0, 3.0, 4.0, 8.0, 9.0])
    carried = telescoping.carried(state, 2, layout, np.array([-1.0, -2.0]), np.array([1, 0]), 3)
    assert carried.tolist() == [3.0, 4.0, 1.0, 2.0, -1.0, -2.0, 8.0, 9.0]


def test_only_the_numbers_of_the_prior():
    """No draw leaves the prior's numbers, however many groups have rows."""
    numbers = of_number(DiscreteUniform(3))
    drawn = {
        draw_number(SimpleNamespace(random=lambda u=u: u), numbers, 1.0, True, np.ones(2), 2)
        for u in np.linspace(0, 1 - 1e-9, 200)
    }
    assert drawn == {2, 3}
