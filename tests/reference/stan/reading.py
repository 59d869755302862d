"""Stan's posteriors as ``sample.R`` and ``sample.py`` wrote them, and the same quantities of bayesmix's draws."""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.tree import draws_of, family_of
from tests.monte_carlo import FEWEST, Estimate, effective_draws, mean_of, quantile_of, sd_of

HERE = Path(__file__).parent
_FAITHFUL = np.asarray(bm.datasets.load_faithful(), dtype=float)
DATA = {"faithful": _FAITHFUL, "eruptions": _FAITHFUL[:50, :1]} | {
    path.stem: np.loadtxt(path, delimiter=",", skiprows=1) for path in HERE.glob("*.csv")
}
TITLES = {
    "faithful": "Old Faithful",
    "eruptions": "50 eruptions of Old Faithful",
    "three-groups": "three groups well apart",
    "small-group": "three groups, one of 8 rows in 113",
}
NAMES = sorted(path.stem for path in HERE.glob("*.json"))


@functools.cache
def reference(name: str) -> dict[str, Any]:
    """What Stan says of one model."""
    return json.loads((HERE / f"{name}.json").read_text())


def rows_of(name: str) -> np.ndarray:
    return DATA[reference(name)["data"]]


def title(name: str) -> str:
    """Model and data, for people."""
    prior = reference(name)["program"].split("_")[0]
    return f"{mixture_of(name).family}, {prior} prior, {TITLES[reference(name)['data']]}"


def made_with(name: str) -> str:
    """The programs, for people."""
    versions = reference(name)["made_with"]
    return "Stan (" + ", ".join(f"{one} {versions[one]}" for one in ("rstan", "pystan", "loo") if one in versions) + ")"


def n_components(name: str) -> int:
    return len(reference(name)["hyperparameters"]["concentration"])


def mixture_of(name: str) -> Mixture:
    """The same model by bayesmix, every hyperparameter left to its default."""
    prior, covariance = reference(name)["program"].split("_")
    priors = {"conjugate": None, "separated": {"means": bm.priors.Normal()}}[prior]
    return Mixture(n_components(name), Gaussian(covariance), priors=priors)


def ordered(tree: xr.DataTree) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and covariances of each draw, the component with the smaller first mean first."""
    weights, params = draws_of(tree)
    covariances = family_of(tree).covariance_matrices(params)
    order = np.argsort(params["means"][..., 0], axis=-1)
    return (
        np.take_along_axis(weights, order, axis=-1),
        np.take_along_axis(params["means"], order[..., None], axis=-2),
        np.take_along_axis(covariances, order[..., None, None], axis=-3),
    )


def log_likelihoods(tree: xr.DataTree) -> np.ndarray:
    """(chain, draw, row)."""
    return tree["log_likelihood"]["x"].transpose("chain", "draw", "obs").values


def quantities(tree: xr.DataTree) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What is compared by mean and standard deviation, and what by quantiles (its variance can be infinite)."""
    weights, means, covariances = ordered(tree)
    family, (n_components, n_features) = family_of(tree), means.shape[-2:]
    moments = {f"log_weight_ratio[{k}]": np.log(weights[..., k] / weights[..., 0]) for k in range(1, n_components)}
    moments["log_likelihood"] = log_likelihoods(tree).sum(axis=-1)
    quantiles = {f"mean[{k},{j}]": means[..., k, j] for k in range(n_components) for j in range(n_features)}
    for k in range(1 if family.covariance == "tied" else n_components):
        scales = np.sqrt(np.diagonal(covariances[..., k, :, :], axis1=-2, axis2=-1))
        for i in range(1 if family.covariance == "spherical" else n_features):
            moments[f"log_scale[{k},{i}]"] = np.log(scales[..., i])
            for j in range(i + 1) if family.correlated else [i]:
                quantiles[f"covariance[{k},{j},{i}]"] = covariances[..., k, j, i]
            for j in range(i) if family.correlated else []:
                r = covariances[..., k, j, i] / (scales[..., i] * scales[..., j])
                moments[f"fisher_z[{k},{j},{i}]"] = np.arctanh(r)
    return moments, quantiles


def influence_on_loo(log_lik: np.ndarray) -> np.ndarray:
    """What each draw adds to the error of ``elpd_loo``: the mean of these has its Monte Carlo error."""
    return -(_relative(-log_lik) - 1).sum(axis=-1)


def influence_on_waic(log_lik: np.ndarray) -> np.ndarray:
    """The same for ``elpd_waic``."""
    squares = (log_lik - log_lik.mean(axis=(0, 1))) ** 2
    return (_relative(log_lik) - 1 - (squares - squares.mean(axis=(0, 1)))).sum(axis=-1)


def _relative(logs: np.ndarray) -> np.ndarray:
    """Exponentials over the draws, divided by their mean."""
    values = np.exp(logs - logs.max(axis=(0, 1)))
    return values / values.mean(axis=(0, 1))


def differences(name: str, tree: xr.DataTree) -> dict[str, float]:
    """Statistic -> distance of bayesmix from Stan in Monte Carlo errors of both sides."""
    theirs = reference(name)
    found = differences_from(theirs, *quantities(tree))
    if "criteria" not in theirs:  # they are by R's loo
        return found
    log_lik, criteria = log_likelihoods(tree), theirs["criteria"]
    for criterion, elpd, influence in (
        ("loo", bm.loo(tree), influence_on_loo),
        ("waic", bm.waic(tree), influence_on_waic),
    ):
        ours = Estimate(elpd.elpd, mean_of(influence(log_lik)).error)
        other = Estimate(criteria[f"elpd_{criterion}"], criteria[f"mcse_{criterion}"])
        found[f"elpd_{criterion}"] = ours.errors_from(other)
    return found


def differences_from(
    theirs: dict[str, Any], moments: dict[str, np.ndarray], quantiles: dict[str, np.ndarray]
) -> dict[str, float]:
    """The same of means, standard deviations and quantiles."""
    found = {}
    for quantity, draws in moments.items():
        for column, estimate in (("mean", mean_of(draws)), ("sd", sd_of(draws))):
            other = theirs["moments"][quantity]
            found[f"{column} of {quantity}"] = estimate.errors_from(Estimate(other[column], other[f"mcse_{column}"]))
    for quantity, draws in quantiles.items():
        other = theirs["quantiles"][quantity]
        for p, value, error in zip(other["probs"], other["values"], other["mcse"], strict=True):
            found[f"{p:.0%} quantile of {quantity}"] = quantile_of(draws, p).errors_from(Estimate(value, error))
    return found


def too_few_effective_draws(name: str, tree: xr.DataTree) -> list[str]:
    """Quantities that cannot be compared: fewer than 1000 effective draws, in bulk or tails, on either side."""
    return too_few_of(reference(name), *quantities(tree))


def too_few_of(theirs: dict[str, Any], moments: dict[str, np.ndarray], quantiles: dict[str, np.ndarray]) -> list[str]:
    """The same of some reference and quantities."""
    others = theirs["moments"] | theirs["quantiles"]
    return [
        quantity
        for quantity, draws in (moments | quantiles).items()
        if min(effective_draws(draws), others[quantity]["ess_bulk"], others[quantity]["ess_tail"]) < FEWEST
    ]
