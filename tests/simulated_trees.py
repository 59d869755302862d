"""Trees with known truth: draws scattered tightly around the parameters that made the rows."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix import Bernoulli, Categorical, Gaussian, Mixture, Poisson
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


def tree_of(family: Any, X: Any, draws: dict[str, np.ndarray]) -> xr.DataTree:
    """A tree of these rows with these draws (chain, draw, ...) of the weights and the family's parameters."""
    rows, n_components = read_rows(X, takes=family.takes), draws["weights"].shape[-1]
    mixture = describe(family, n_components, resolve_priors(default_priors(family), rows, family, n_components))
    return build_tree(
        family=family, rows=rows, posterior=draws, record={"method": "gibbs", "seed": 0, "mixture": mixture}
    )


def made_by(method: str, tree: xr.DataTree) -> dict[str, Any]:
    """The record of other draws of the mixture that a tree is of."""
    return {"method": method, "mixture": record_of(tree)["mixture"]}


def shared_names(family: Gaussian) -> tuple[str, ...]:
    return tuple(spec.name for spec in family.parameters if "component" not in spec.dims)


def discrete_data(kind: str, n_rows: int = 240) -> pd.DataFrame:
    """Counts, zeros and ones, or levels of two groups that are far apart, the larger of them the first."""
    rng = np.random.default_rng(4)
    labels = (np.arange(n_rows) % 5 > 2).astype(int)
    if kind == "count":
        return pd.DataFrame(rng.poisson(np.array([[2.0, 30.0], [9.0, 12.0]])[labels]), columns=["calls", "visits"])
    if kind == "binary":
        ones = rng.random((n_rows, 4)) < np.array([[0.9, 0.8, 0.2, 0.6], [0.1, 0.3, 0.7, 0.5]])[labels]
        return pd.DataFrame(ones.astype(int), columns=["walks", "swims", "drives", "sleeps"])
    chances = {"often": [[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]], "colour": [[0.9, 0.1], [0.2, 0.8]]}
    levels = {"often": ["never", "at times", "always"], "colour": ["red", "blue"]}
    drawn = {
        name: pd.Categorical.from_codes([rng.choice(len(p[k]), p=p[k]) for k in labels], levels[name], ordered=True)
        for name, p in chances.items()
    }
    return pd.DataFrame(drawn)


@cache
def discrete_tree(kind: str, shape: tuple[int, int] = (2, 30)) -> xr.DataTree:
    """A tree of two groups of counts ("count"), zeros and ones ("binary") or levels ("categorical")."""
    family = {"count": Poisson(), "binary": Bernoulli(), "categorical": Categorical()}[kind]
    point = Mixture(2, family).fit_em(discrete_data(kind), random_seed=1)
    rng = np.random.default_rng(9)
    weights = rng.dirichlet(point.rows.n_rows * point.weights, size=shape)
    ((name, value),) = point.params.items()
    if kind == "count":
        drawn = rng.gamma(400, value / 400, size=(*shape, *value.shape))
    elif kind == "binary":
        drawn = rng.beta(1 + 90 * value, 1 + 90 * (1 - value), size=(*shape, *value.shape))
    else:
        blocks = np.split(value, [3], axis=-1)
        gammas = [rng.gamma(1 + 90 * block, size=(*shape, *block.shape)) for block in blocks]
        drawn = np.concatenate([one / one.sum(axis=-1, keepdims=True) for one in gammas], axis=-1)
    return build_tree(
        family=point.family,
        rows=point.rows,
        posterior={"weights": weights, name: drawn},
        record={"method": "nuts", "seed": 9, "mixture": describe(point.family, 2, point.priors)},
        constant_data={"pivot": point.labels},
    )
