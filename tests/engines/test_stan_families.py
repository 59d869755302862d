"""Law 9 for counts and heavy tails: NUTS against Stan, where the same model is written in another language."""

import functools

import pytest

import bayesmix as bm
from bayesmix import Mixture
from tests.monte_carlo import ALLOWED, Finding
from tests.reference.posteriors.reading import (
    NAMES,
    differences,
    fit,
    mixture_of,
    quantities,
    reference,
    rows_of,
    too_few_effective_draws,
)

# Under these priors the density of Student's t is compiled from PyMC's model, which takes a minute.
SLOW = [pytest.param(one, marks=pytest.mark.slow) for one in NAMES if one != "poisson"]


@functools.cache
def tree_of(name: str):
    return fit(name, draws=1500)


def findings() -> list[Finding]:
    """The largest difference of each model's statistics."""
    found = []
    for name in NAMES:
        apart = differences(name, tree_of(name))
        what = f"{mixture_of(name).family}, K = 2: {len(apart)} summaries"
        against = f"Stan (pystan {reference(name)['made_with']['pystan']})"
        found.append(Finding(what, against, max(apart.values()), ALLOWED))
    return found


@pytest.mark.parametrize("name", ["poisson", *SLOW])
def test_agrees_with_stan(name):
    moments, quantiles = quantities(name, tree_of(name))
    assert set(moments) == set(reference(name)["moments"])
    assert set(quantiles) == set(reference(name)["quantiles"])
    assert too_few_effective_draws(name, tree_of(name)) == []
    assert {key: value for key, value in differences(name, tree_of(name)).items() if not value < ALLOWED} == {}


def test_a_slightly_wrong_prior_is_caught():
    """Of the rates: a shape of 4 in the place of 2, which moves the smallest rate by a third of its deviation."""
    right = mixture_of("poisson").priors
    wrong = {"weights": right.weights, "rates": bm.priors.Gamma([4.0, 1.0], [0.5, 0.1])}
    tree = Mixture(2, bm.Poisson(), priors=wrong).fit_nuts(
        rows_of("poisson"), draws=1500, random_seed=1, progressbar=False
    )
    assert max(differences("poisson", tree).values()) > ALLOWED
