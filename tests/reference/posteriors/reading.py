"""Stan's posteriors as ``sample.py`` wrote them, and the same quantities of bayesmix's draws."""

import functools
import json
from typing import Any

import numpy as np
import xarray as xr

import bayesmix as bm
from bayesmix import Mixture, Poisson, StudentT
from tests.reference.posteriors.sample import HERE, PARAMETERS, PRIORS, compared, in_order, rows_of
from tests.reference.stan.reading import differences_from, log_likelihoods, too_few_of

NAMES = tuple(PRIORS)


@functools.cache
def reference(name: str) -> dict[str, Any]:
    """What Stan says of one model."""
    return json.loads((HERE / f"{name}.json").read_text())


def mixture_of(name: str) -> Mixture:
    """The same model by bayesmix, its priors in the same numbers."""
    numbers = PRIORS[name]
    weights = bm.priors.Dirichlet(numbers["concentration"])
    of_rate = bm.priors.Gamma(numbers["shape"], numbers["rate"])
    if name == "poisson":
        return Mixture(2, Poisson(), priors={"weights": weights, "rates": of_rate})
    located = {
        "means": bm.priors.Normal(numbers["mean0"], numbers["sd0"]),
        "scales": bm.priors.LogNormal(numbers["log_mean"], numbers["log_sd"]),
    }
    return Mixture(2, StudentT("diag"), priors={"weights": weights, **located, "dof": of_rate})


def fit(name: str, **settings: Any) -> xr.DataTree:
    """By NUTS."""
    return mixture_of(name).fit_nuts(rows_of(name), random_seed=1, progressbar=False, **settings)


def quantities(name: str, tree: xr.DataTree) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What is compared by mean and standard deviation, and what by quantiles."""
    posterior = tree["posterior"]
    drawn = {one: posterior[one].values for one in ("weights", *PARAMETERS[name])}
    moments, quantiles = compared(name, in_order(name, drawn))
    return moments | {"log_likelihood": log_likelihoods(tree).sum(axis=-1)}, quantiles


def differences(name: str, tree: xr.DataTree) -> dict[str, float]:
    """Statistic -> distance of bayesmix from Stan in Monte Carlo errors of both sides."""
    return differences_from(reference(name), *quantities(name, tree))


def too_few_effective_draws(name: str, tree: xr.DataTree) -> list[str]:
    """Quantities that cannot be compared."""
    return too_few_of(reference(name), *quantities(name, tree))
