"""Trees with known truth: draws scattered tightly around the parameters that made the rows."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix import Gaussian
from bayesmix.data import Rows, read_rows
from bayesmix.priors.sets import default_priors, resolve_priors
from bayesmix.tree import build_tree, record_of
from bayesmix.tree.record import describe

COVARIANCES = ("full", "tied", "diag", "spherical")


def truth(
    covariance: str, n_components: int, n_features: int, separation: float, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Weights and parameters whose means are `separation` apart along every axis."""
    weights = np.arange(1.0, n_components + 1) + 2
    means = separation * np.arange(n_components)[:, None] * np.ones(n_features)
    roots = rng.normal(size=(n_components, n_features, n_features)) * 0.3 + np.eye(n_features)
    covariances = roots @ roots.swapaxes(-1, -2)
    second = {
        "full": ("covariances", covariances),
        "tied": ("covariances", covariances[0]),
        "diag": ("variances", np.diagonal(covariances, axis1=-2, axis2=-1).copy()),
        "spherical": ("variances", covariances[:, 0, 0].copy()),
    }[covariance]
    return weights / weights.sum(), {"means": means, second[0]: second[1]}


def draws_around(
    weights: np.ndarray,
    params: dict[str, np.ndarray],
    shape: tuple[int, int],
    spread: float,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Posterior variables of shape (chain, draw, ...): weights and params with noise."""
    noisy = weights * np.exp(spread * rng.normal(size=(*shape, len(weights))))
    posterior = {"weights": noisy / noisy.sum(-1, keepdims=True)}
    for name, value in params.items():
        if name == "means":
            posterior[name] = value + spread * rng.normal(size=(*shape, *value.shape))
        else:
            factor = np.exp(spread * rng.normal(size=(*shape, *(1,) * value.ndim)))
            posterior[name] = value * factor
    return posterior


def permuted(posterior: dict[str, Any], permutations: np.ndarray, shared: tuple[str, ...]) -> dict:
    """Rename the components of each draw, one index at a time: new[k] = old[permutation[k]]."""
    out = {}
    for name, value in posterior.items():
        out[name] = value.copy()
        if name in shared:
            continue
        for chain, draw in np.ndindex(permutations.shape[:2]):
            for k, old in enumerate(permutations[chain, draw]):
                out[name][chain, draw, k] = value[chain, draw, old]
    return out


def random_permutations(shape: tuple[int, int], n_components: int, seed: int) -> np.ndarray:
    identity = np.broadcast_to(np.arange(n_components), (*shape, n_components))
    return np.random.default_rng(seed).permuted(identity, axis=-1)


def simulated_tree(
    covariance: str = "full",
    *,
    n_rows: int = 60,
    n_components: int = 3,
    n_features: int = 2,
    shape: tuple[int, int] = (2, 12),
    separation: float = 12.0,
    spread: float = 0.05,
    permutations: np.ndarray | None = None,
    seed: int = 0,
    obs: Any = None,
    record: dict[str, Any] | None = None,
    sample_stats: dict[str, Any] | None = None,
) -> xr.DataTree:
    """A tree of the family; `permutations` rename the components of each draw."""
    rng = np.random.default_rng(seed)
    family = Gaussian(covariance)
    weights, params = truth(covariance, n_components, n_features, separation, rng)
    values, labels = family.sample(weights, params, n_rows, rng)
    names = ["eruptions / minutes", "Wartezeit µ", "高さ", "d", "e"][:n_features]
    rows: Rows = read_rows(pd.DataFrame(values, columns=names, index=obs))
    posterior = draws_around(weights, params, shape, spread, rng)
    if permutations is not None:
        posterior = permuted(posterior, permutations, shared=shared_names(family))
    mixture = describe(family, n_components, resolve_priors(default_priors(family), rows, family, n_components))
    return build_tree(
        family=family,
        rows=rows,
        posterior=posterior,
        record={"method": "nuts", "seed": seed, "mixture": mixture, **(record or {})},
        sample_stats=sample_stats,
        constant_data={"pivot": labels},
    )


def made_by(method: str, tree: xr.DataTree) -> dict[str, Any]:
    """The record of other draws of the mixture that a tree is of."""
    return {"method": method, "mixture": record_of(tree)["mixture"]}


def shared_names(family: Gaussian) -> tuple[str, ...]:
    return tuple(spec.name for spec in family.parameters if "component" not in spec.dims)
