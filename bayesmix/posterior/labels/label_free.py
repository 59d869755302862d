"""Quantities that do not change when components are renamed."""

import numpy as np
import xarray as xr

from bayesmix.families.protocol import MOST_WATCHED
from bayesmix.posterior.margins import marginal_of
from bayesmix.threads import Threads
from bayesmix.tree import (
    SAMPLE_DIMS,
    columns_of,
    concentration_varies,
    draws_of,
    family_of,
    log_likelihood_blocks,
    number_varies,
)

_MAX_VALUES = 4_000_000


def label_free(tree: xr.DataTree) -> xr.Dataset:
    """Compute what every draw says whatever its components are called.

    R-hat and effective sample sizes of these quantities judge the sampler; those of component
    parameters also judge the relabelling.

    Parameters
    ----------
    tree : xarray.DataTree

    Returns
    -------
    xarray.Dataset
        ``log_likelihood (chain, draw)``: of all training rows;
        ``sorted_weights (chain, draw, rank)``: largest first; in its place where the number of components varies
        ``n_components`` and ``n_occupied (chain, draw)``;
        ``concentration (chain, draw)``, where that of the weights' prior is unknown;
        ``noise_weight (chain, draw)``, where there is noise;
        ``total_covariance (chain, draw, feature, feature_bis)``: of the whole mixture,
        ``sum_k w_k (Sigma_k + (mu_k - m)(mu_k - m)')`` with ``m = sum_k w_k mu_k``; of more than 30 features its
        diagonal alone, ``total_variance (chain, draw, feature)``.
    """
    weights, params = draws_of(tree)
    with Threads() as threads:
        log_likelihood = sum(values.sum(axis=-1) for _, values in log_likelihood_blocks(tree, threads=threads))
    posterior = tree["posterior"].to_dataset()
    features = _entries(tree)
    numbers: dict[str, tuple[tuple[str, ...], np.ndarray]]
    if number_varies(tree):
        numbers = {
            "n_components": (SAMPLE_DIMS, posterior["n_components"].values.astype(float)),
            "n_occupied": (SAMPLE_DIMS, tree["sample_stats"].to_dataset()["n_occupied"].values.astype(float)),
        }
    else:
        numbers = {"sorted_weights": ((*SAMPLE_DIMS, "rank"), -np.sort(-weights, axis=-1))}
    if concentration_varies(tree):
        numbers["concentration"] = (SAMPLE_DIMS, posterior["concentration"].values)
    if family_of(tree).has_noise:
        numbers["noise_weight"] = (SAMPLE_DIMS, params["noise_weight"])
    return xr.Dataset(
        {
            "log_likelihood": (SAMPLE_DIMS, log_likelihood),
            **numbers,
            **_totals(tree),
        },
        coords={
            "chain": posterior["chain"].values,
            "draw": posterior["draw"].values,
            "rank": np.arange(weights.shape[-1]),
            "feature": features,
            "feature_bis": features,
        },
    )


def _totals(tree: xr.DataTree) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Covariance of the whole mixture, or variances, by its name."""
    every, size = marginal_of(tree), len(_entries(tree))
    few = size <= MOST_WATCHED
    entries, dims = ((size, size), ("feature", "feature_bis")) if few else ((size,), ("feature",))
    compute = every.family.total_covariance if few else every.family.total_variances
    total = np.empty((every.n_draws, *entries))
    step = max(1, _MAX_VALUES // (every.n_components * size**2))
    for start in range(0, every.n_draws, step):
        draws = slice(start, start + step)
        params = {name: values[draws] for name, values in every.params.items()}
        total[draws] = compute(every.weights[draws], params)
    sizes = tree["posterior"].to_dataset().sizes
    total = total.reshape(sizes["chain"], sizes["draw"], *entries)
    return {"total_covariance" if few else "total_variance": ((*SAMPLE_DIMS, *dims), total)}


def _entries(tree: xr.DataTree) -> list[str]:
    """What the moments of a component run over: features, or their levels."""
    columns = columns_of(tree)
    feature_of = family_of(tree).features_of_moments(len(columns)).tolist()
    names, level = [], dict.fromkeys(feature_of, 0)
    for j in feature_of:
        alone = feature_of.count(j) == 1 and not columns[j].levels
        names.append(columns[j].name if alone else f"{columns[j].name}={columns[j].levels[level[j]]}")
        level[j] += 1
    return names
