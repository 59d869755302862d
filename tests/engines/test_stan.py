"""Law 9: NUTS against Stan, with the priors written out there once more, and errors planted that must be caught."""

import functools

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.data import read_rows
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.engines.laplace import approximate
from bayesmix.engines.nuts import NutsSettings, run
from bayesmix.tree import build_tree
from tests.monte_carlo import ALLOWED, Finding
from tests.problems import density_of
from tests.reference.stan.reading import (
    NAMES,
    differences,
    made_with,
    mixture_of,
    n_components,
    quantities,
    reference,
    rows_of,
    title,
    too_few_effective_draws,
)

SMALL = "one-feature-full-conjugate"  # fifty rows, of which the prior is a part that shows


@functools.cache
def tree_of(name: str):
    return mixture_of(name).fit_nuts(rows_of(name), draws=1500, random_seed=1, progressbar=False)


def findings() -> list[Finding]:
    """The largest difference of each model's statistics."""
    found = []
    for name in NAMES:
        apart = differences(name, tree_of(name))
        n_criteria = sum(what.startswith("elpd") for what in apart)
        what = f"{title(name)}: {len(apart) - n_criteria} summaries{', elpd_loo and elpd_waic' if n_criteria else ''}"
        found.append(Finding(what, made_with(name), max(apart.values()), ALLOWED))
    return found


def test_every_model_is_there():
    """So that a missing file cannot pass for agreement."""
    of_two_features = {"full-conjugate", "tied-conjugate", "diag-conjugate", "spherical-conjugate", "full-separated"}
    assert of_two_features | {
        "diag-separated",
        "one-feature-tied-conjugate",
        "one-feature-diag-separated",
        SMALL,
    } <= set(NAMES)
    of_three_components = {
        f"{data}-full-{prior}" for data in ("three-groups", "small-group") for prior in ("conjugate", "separated")
    }
    assert of_three_components <= set(NAMES)
    assert {n_components(name) for name in of_three_components} == {3}


@pytest.mark.parametrize("name", NAMES)
def test_default_priors_are_those_written_for_stan(name):
    numbers, priors = reference(name)["hyperparameters"], mixture_of(name).resolve_priors(rows_of(name)).priors
    ours = {"concentration": priors.weights.concentrations(n_components(name))}
    if "scale" in numbers:
        prior = priors.parts["components"]
        ours |= {"mean0": prior.mean, "shrinkage": prior.shrinkage, "dof": prior.dof, "scale": prior.scale}
    else:
        means, scales = priors.parts["means"], priors.parts["scales"]
        ours |= {"mean0": means.mean, "sd0": means.sd, "eta": priors.parts["correlations"].eta}
        ours |= {"log_mean": scales.log_mean, "log_sd": scales.log_sd}
    assert set(ours) == set(numbers)
    for key, value in numbers.items():
        np.testing.assert_allclose(ours[key], value, rtol=1e-10, err_msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_stan(name):
    tree = tree_of(name)
    moments, quantiles = quantities(tree)
    assert set(moments) == set(reference(name)["moments"])
    assert set(quantiles) == set(reference(name)["quantiles"])
    assert reference(name)["divergences"] == 0
    assert too_few_effective_draws(name, tree) == []
    assert {key: value for key, value in differences(name, tree).items() if not value < ALLOWED} == {}


@pytest.mark.parametrize("wrong", [{"dof": 4.0}, {"shrinkage": 0.03}], ids=["dof", "shrinkage"])
def test_a_slightly_wrong_prior_is_caught(wrong):
    """One degree of freedom more, or three times the shrinkage; of many draws, since little changes."""
    priors = {"components": bm.priors.NormalInverseWishart(**wrong)}
    tree = Mixture(2, priors=priors).fit_nuts(rows_of(SMALL), draws=8000, random_seed=1, progressbar=False)
    assert max(differences(SMALL, tree).values()) > ALLOWED


class WithoutJacobian:
    """The posterior density of the parameters themselves, taken for one of the unconstrained vector."""

    def __init__(self, density: ClosedFormDensity):
        self.logp_grad, self.size, self.variables = density.map_logp_grad, density.size, density.variables


def test_a_dropped_jacobian_is_caught():
    rows, mixture = read_rows(rows_of(SMALL)), mixture_of(SMALL).resolve_priors(rows_of(SMALL))
    density = density_of(mixture, rows)
    em = mixture.fit_em(rows_of(SMALL), random_seed=1)
    wrong = WithoutJacobian(density)
    basin = approximate(wrong, density.unconstrain({"weights": em.weights, **em.params}))
    draws = run(wrong, basin, NutsSettings(draws=1500, progressbar=False), seed=1).unconstrained
    assert max(differences(SMALL, tree_from(draws, density, mixture, rows)).values()) > 4 * ALLOWED


def test_the_control_is_right_but_for_the_jacobian():
    """The same way round with the right density agrees, so that it is the Jacobian that was caught."""
    rows, mixture = read_rows(rows_of(SMALL)), mixture_of(SMALL).resolve_priors(rows_of(SMALL))
    density = density_of(mixture, rows)
    em = mixture.fit_em(rows_of(SMALL), random_seed=1)
    basin = approximate(density, density.unconstrain({"weights": em.weights, **em.params}))
    draws = run(density, basin, NutsSettings(draws=1500, progressbar=False), seed=1).unconstrained
    apart = differences(SMALL, tree_from(draws, density, mixture, rows))
    assert {key: value for key, value in apart.items() if not value < ALLOWED} == {}


def tree_from(draws, density, mixture, rows):
    """A tree of unconstrained draws (chain, draw, size)."""
    named = [[density.constrain(q) for q in chain] for chain in draws]
    family = mixture.family
    names = ["weights", *(spec.name for spec in family.parameters)]
    posterior = {name: np.array([[one[name] for one in chain] for chain in named]) for name in names}
    params = {name: posterior[name] for name in names[1:]}
    log_likelihood = family.log_mixture(posterior["weights"], params, rows.values)
    record = {"method": "nuts", "mixture": mixture.to_dict()}
    return build_tree(family=family, rows=rows, posterior=posterior, record=record, log_likelihood=log_likelihood)
