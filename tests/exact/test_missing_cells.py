"""Few rows with missing cells: every assignment and every partition enumerated, cells being left out in closed form."""

import functools

import numpy as np
import pytest

import bayesmix as bm
from tests.exact.conjugate_rates import Chances, Rates
from tests.exact.enumeration import Enumeration
from tests.exact.partitions import Partitions
from tests.monte_carlo import ALLOWED, mean_of

NAN = np.nan
ROWS = {
    "poisson": np.array([[1.0, NAN], [0.0, 6.0], [NAN, 7.0], [9.0, 2.0], [7.0, NAN], [NAN, 1.0], [8.0, 0.0]]),
    "bernoulli": np.array(
        [[1.0, 1, NAN], [1, NAN, 1], [NAN, 1, 1], [0, 0, NAN], [0, NAN, NAN], [NAN, 0, 0], [0, 0, 1]]
    ),
}
PRIORS = {
    "poisson": ({"rates": bm.priors.Gamma(1.5, 0.4)}, Rates(np.full(2, 1.5), np.full(2, 0.4))),
    "bernoulli": ({"probabilities": bm.priors.Beta(1.5, 1.0)}, Chances(np.full(3, 1.5), np.full(3, 1.0))),
}


def mixture_of(name, n_components):
    return bm.Mixture(n_components, name, priors={"weights": bm.priors.Dirichlet(1.0), **PRIORS[name][0]})


@functools.cache
def exact(name):
    return Enumeration(ROWS[name], [PRIORS[name][1]] * 2, (1.0, 1.0))


@pytest.mark.gate
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("engine", ["fit_gibbs", "fit_nuts"])
def test_who_belongs_with_whom_is_the_sum_over_assignments(name, engine):
    mixture = mixture_of(name, 2)
    more = {"target_accept": 0.9} if engine == "fit_nuts" else {}
    tree = getattr(mixture, engine)(ROWS[name], draws=2000, random_seed=1, progressbar=False, **more)
    shares = bm.responsibility_draws(tree).values  # (chain, draw, obs, component)
    together = np.einsum("cdik,cdjk->cdij", shares, shares)
    wanted = exact(name).co_clustering
    for i, j in np.argwhere(np.triu(np.ones_like(wanted), 1)):
        assert mean_of(together[..., i, j]).errors_from(wanted[i, j]) < ALLOWED


@pytest.mark.gate
@pytest.mark.parametrize("name", ROWS)
def test_the_number_of_components_is_the_sum_over_partitions(name):
    number = bm.priors.DiscreteUniform(4)
    tree = mixture_of(name, number).fit(ROWS[name], draws=3000, random_seed=1, progressbar=False)
    sums = Partitions(
        ROWS[name], lambda n: [PRIORS[name][1]] * n, np.full(4, 0.25), (np.ones(1), np.ones(1)), dynamic=False
    )
    found, occupied = tree["posterior"]["n_components"].values, tree["sample_stats"]["n_occupied"].values
    for n in range(1, 5):
        assert mean_of((found == n).astype(float)).errors_from(sums.components[n - 1]) < ALLOWED
        assert mean_of((occupied == n).astype(float)).errors_from(sums.occupied[n - 1]) < ALLOWED
