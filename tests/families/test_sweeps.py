"""What Gibbs sampling draws given assignments, and what its moves predict, next to SciPy's closed forms."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from bayesmix.families import dirichlet_categorical, gamma_poisson
from bayesmix.families.sweeps import draw_weights
from tests.engines.test_gibbs_exact import MODELS, Model
from tests.exact.enumeration import Enumeration
from tests.monte_carlo import ALLOWED, mean_of, quantile_of

LABELS = np.array([0, 1, 1, 0, 1, 1])  # the third component is empty
WEIGHTS = np.array([0.5, 0.3, 0.2])
N_DRAWS = 20_000
PROBABILITIES = (0.05, 0.5, 0.95)
ROUNDING = 1e-10  # of a log density
OF_RATES = {"poisson": gamma_poisson, "bernoulli": dirichlet_categorical, "categorical": dirichlet_categorical}
# The others draw what has no closed form given assignments.
CLOSED = [name for name in MODELS if name in OF_RATES or hasattr(MODELS[name].family, "structure")]


def function(model: Model, name: str) -> Callable:
    """A compiled function of the model's sweeps, the one that pools what is shared where there is one."""
    module = OF_RATES[str(model)] if str(model) in OF_RATES else model.family.structure.sweeps
    pooled = model.family.parameters[-1].shared and hasattr(module, f"{name}_pooled")
    return getattr(module, f"{name}_pooled" if pooled else name)


class Drawn:
    """Independent draws given LABELS: parameters (4, S, ...) in the units of the data, states, and the last form."""

    def __init__(self, model: Model):
        problem = model.problem(3)
        self.family, units = problem.family, problem.standardised
        state, found = self.family.gathered(units.columns, LABELS, 3)
        form = tuple(np.ascontiguousarray(part)[None] for part in found.form)
        numbers, rng = problem.sweeps.numbers, np.random.default_rng(1)
        counts, sums = function(model, "sums_of")(LABELS, units.columns, 3, form)
        states = np.tile(np.concatenate([part.ravel() for part in state]), (N_DRAWS, 1))
        for one in states:
            self.form = function(model, "draw")(rng, WEIGHTS, counts, sums, form, numbers, one)
        ends = np.cumsum([part.size for part in state])[:-1]
        parts = zip(np.split(states, ends, axis=1), state, strict=True)
        self.states = tuple(values.reshape(N_DRAWS, *part.shape) for values, part in parts)
        params = units.to_params(self.states)
        self.values = {name: value.reshape(4, -1, *value.shape[1:]) for name, value in params.items()}


def posterior(model: Model) -> tuple[np.ndarray, list]:
    """Concentrations of the weights and the groups given LABELS, by closed forms."""
    exact = model.exact(3)
    [place] = np.flatnonzero((exact.assignments == LABELS).all(axis=1))
    return exact.posteriors[place]


@pytest.mark.parametrize("name", CLOSED)
def test_draws_given_assignments_are_of_the_closed_form(name):
    model, (_, groups) = MODELS[name], posterior(MODELS[name])
    drawn = Drawn(model)
    first, *spreads = (spec.name for spec in drawn.family.parameters)
    for p in PROBABILITIES:
        wanted = np.concatenate([one.quantiles_of_means(p) for one in groups])
        for place in np.ndindex(wanted.shape):
            assert quantile_of(drawn.values[first][(..., *place)], p).errors_from(wanted[place]) < ALLOWED
    for spread in spreads:
        wanted = np.array([one.mean_of_spread() for one in groups])
        values = drawn.values[spread].reshape(4, -1, *wanted.shape)
        for place in np.ndindex(wanted.shape):
            assert mean_of(values[(..., *place)]).errors_from(wanted[place]) < ALLOWED
    of_last = drawn.family.form(WEIGHTS, tuple(part[-1] for part in drawn.states))
    for found, wanted in zip(drawn.form, of_last, strict=True):
        np.testing.assert_allclose(found[0], wanted, rtol=1e-9)


def test_weights_given_assignments_are_dirichlet():
    concentrations, counts = np.array([1.0, 2.0, 0.5]), np.array([2.0, 4.0, 0.0])
    rng = np.random.default_rng(1)
    drawn = np.array([draw_weights(rng, concentrations, counts) for _ in range(N_DRAWS)]).reshape(4, -1, 3)
    np.testing.assert_allclose(drawn.sum(axis=-1), 1, rtol=1e-14)
    a = concentrations + counts
    for k in range(3):
        for p in PROBABILITIES:
            assert quantile_of(drawn[..., k], p).errors_from(stats.beta.ppf(p, a[k], a.sum() - a[k])) < ALLOWED


def predicted_in_turn(model: Model, order: np.ndarray) -> float:
    """Log density of all rows, in the units of the data, as a product of predictive densities."""
    problem = model.problem(1)
    units, sweeps = problem.standardised, problem.sweeps
    _, found = problem.family.gathered(units.columns, np.zeros(len(order), dtype=int), 1)
    form = tuple(np.ascontiguousarray(part)[None] for part in found.form)
    known, shared, total = np.empty(sweeps.n_known), sweeps.shared.copy(), units.log_likelihood_shift
    function(model, "begin")(known, sweeps.numbers, form, 0)
    for i in order:
        total += function(model, "predictive")(known, shared, units.columns, i, sweeps.numbers, form, 0)
        function(model, "add")(known, shared, units.columns, i, sweeps.numbers, form, 0)
    return total


@pytest.mark.parametrize("name", CLOSED)
def test_predictive_densities_multiply_to_the_evidence_in_any_order(name):
    wanted = Enumeration(MODELS[name].rows, MODELS[name].groups(1), (1.0,)).log_evidence
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(MODELS[name].rows))
        assert predicted_in_turn(MODELS[name], order) == pytest.approx(wanted, rel=ROUNDING)
