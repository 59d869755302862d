"""LOO and WAIC against R's loo on one matrix: Stan's draws with Stan's log-likelihood, adopted and scored here."""

import functools

import numpy as np
import xarray as xr

import bayesmix as bm
from tests.monte_carlo import Finding, worst
from tests.reference.stan.reading import NAMES, log_likelihoods, mixture_of, reference, rows_of, title

KEPT = [name for name in NAMES if "kept" in reference(name)]
ROUNDING = 1e-8  # nats a row: the draws are kept to twelve digits
# R's loo gives every row its own relative efficiency, ArviZ one for all: they smooth tails of other lengths.
SMOOTHING = 0.005  # nats a row
SMOOTHING_OF_SUM = 0.01  # nats: below a tenth of the Monte Carlo error of a sum over 500 draws


@functools.cache
def adopted(name: str) -> xr.DataTree:
    """The draws that ``sample.R`` kept, as bayesmix takes those of any sampler."""
    variables = reference(name)["kept"]["variables"]
    n_features = rows_of(name).shape[1]

    def stacked(name_at, *shape: int) -> np.ndarray:
        values = np.array([variables[name_at(*place)] for place in np.ndindex(*shape)])  # ..., draw, chain
        return np.moveaxis(values.reshape(*shape, *values.shape[1:]), (-1, -2), (0, 1))

    def covariance_at(k: int, i: int, j: int) -> str:
        return f"covariance[{k},{min(i, j)},{max(i, j)}]"

    covariances = stacked(covariance_at, 2, n_features, n_features)
    weights = stacked(lambda k: f"weight[{k}]", 2)
    means = stacked(lambda k, j: f"mean[{k},{j}]", 2, n_features)
    posterior = xr.Dataset(
        {
            "weights": (("chain", "draw", "component"), weights),
            "means": (("chain", "draw", "component", "feature"), means),
            "covariances": (("chain", "draw", "component", "feature", "feature_bis"), covariances),
        }
    )
    return mixture_of(name).adopt(xr.DataTree.from_dict({"/posterior": posterior}), rows_of(name))


def largest(ours, theirs) -> float:
    return float(np.max(np.abs(np.asarray(ours) - np.asarray(theirs))))


def findings() -> list[Finding]:
    """Differences in nats."""
    found = []
    for name in KEPT:
        tree, theirs = adopted(name), reference(name)["kept"]
        against = f"R's loo {reference(name)['made_with']['loo']}, the same {4 * 125} draws"
        log_likelihood = log_likelihoods(tree).sum(axis=-1).T
        waic, loo = bm.waic(tree), bm.loo(tree)
        rows = {
            "log-likelihood of each draw": (largest(log_likelihood, theirs["log_likelihood"]), 100 * ROUNDING),
            "elpd_waic of each row": (largest(waic.elpd_i, theirs["elpd_waic"]), ROUNDING),
            "p_waic of each row": (largest(waic.p_waic_i, theirs["p_waic"]), ROUNDING),
            "standard error of WAIC": (largest(waic.se, theirs["se_waic"]), ROUNDING * 100),
            "elpd_loo of each row": (largest(loo.elpd_i, theirs["elpd_loo"]), SMOOTHING),
            "elpd_loo": (largest(loo.elpd, np.sum(theirs["elpd_loo"])), SMOOTHING_OF_SUM),
            "standard error of LOO": (largest(loo.se, theirs["se_loo"]), SMOOTHING_OF_SUM),
        }
        found += [Finding(f"{title(name)}: {what}", against, *pair) for what, pair in rows.items()]
    return found


def test_agrees_with_r():
    assert KEPT
    assert worst(findings()) == ""
