"""Quantities that do not change when components are renamed."""

import numpy as np
import xarray as xr

from bayesmix.posterior.marginal import marginal_of
from bayesmix.tree import SAMPLE_DIMS, draws_of, log_likelihood_blocks

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
        ``sorted_weights (chain, draw, rank)``: largest first;
        ``total_covariance (chain, draw, feature, feature_bis)``: of the whole mixture,
        ``sum_k w_k (Sigma_k + (mu_k - m)(mu_k - m)')`` with ``m = sum_k w_k mu_k``.
    """
    weights, _ = draws_of(tree)
    posterior = tree["posterior"].to_dataset()
    features = _entries(tree)
    return xr.Dataset(
        {
            "log_likelihood": (SAMPLE_DIMS, sum(values.sum(axis=-1) for _, values in log_likelihood_blocks(tree))),
            "sorted_weights": ((*SAMPLE_DIMS, "rank"), -np.sort(-weights, axis=-1)),
            "total_covariance": (
                (*SAMPLE_DIMS, "feature", "feature_bis"),
                _total_covariance(tree),
            ),
        },
        coords={
            "chain": posterior["chain"].values,
            "draw": posterior["draw"].values,
            "rank": np.arange(weights.shape[-1]),
            "feature": features,
            "feature_bis": features,
        },
    )


def _total_covariance(tree: xr.DataTree) -> np.ndarray:
    every, size = marginal_of(tree), len(_entries(tree))
    total = np.empty((every.n_draws, size, size))
    step = max(1, _MAX_VALUES // (every.n_components * size**2))
    for start in range(0, every.n_draws, step):
        draws = slice(start, start + step)
        means, within = every.family.moments({name: v[draws] for name, v in every.params.items()})
        shares = every.weights[draws]
        centred = means - np.einsum("sk,skd->sd", shares, means)[:, None]
        total[draws] = np.einsum("sk,ski,skj->sij", shares, centred, centred, optimize=True)
        total[draws] += np.einsum("sk,skij->sij", shares, within)
    sizes = tree["posterior"].to_dataset().sizes
    return total.reshape(sizes["chain"], sizes["draw"], size, size)


def _entries(tree: xr.DataTree) -> list[str]:
    """What the moments of a component run over: features, or their levels."""
    posterior = tree["posterior"].to_dataset()
    return [str(name) for name in posterior["level" if "level" in posterior.dims else "feature"].values]
