"""The quantities by which two posteriors of a two-component Gaussian mixture are compared."""

from collections.abc import Mapping

import arviz as az
import numpy as np
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import multivariate_normal


def compared(weights, means, covariances, rows) -> dict[str, np.ndarray]:
    """Arrays (chain, draw) by name; the component with the shorter mean eruption comes first in every draw.

    Weights (chain, draw, 2), means (chain, draw, 2, 2), covariances (chain, draw, 2, 2, 2).
    """
    order = np.argsort(means[..., 0], axis=-1)
    weights = np.take_along_axis(weights, order, axis=-1)
    means = np.take_along_axis(means, order[..., None], axis=-2)
    covariances = np.take_along_axis(covariances, order[..., None, None], axis=-3)
    scales = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    found = {"log_weight_ratio": np.log(weights[..., 1] / weights[..., 0])}
    for k in range(2):
        for j, name in enumerate(("eruptions", "waiting")):
            found[f"mean_{k}_{name}"] = means[..., k, j]
            found[f"log_scale_{k}_{name}"] = np.log(scales[..., k, j])
            found[f"variance_{k}_{name}"] = covariances[..., k, j, j]
        r = covariances[..., k, 0, 1] / scales[..., k, :].prod(axis=-1)
        found[f"fisher_z_{k}"] = np.arctanh(r)
    found["log_likelihood"] = log_likelihood(weights, means, covariances, rows)
    return found


def log_likelihood(weights, means, covariances, rows) -> np.ndarray:
    """By SciPy, draw by draw."""
    out = np.empty(weights.shape[:-1])
    for place in np.ndindex(out.shape):
        components = zip(weights[place], means[place], covariances[place], strict=True)
        joint = [np.log(w) + multivariate_normal(mean, spread).logpdf(rows) for w, mean, spread in components]
        out[place] = logsumexp(joint, axis=0).sum()
    return out


def summaries(found: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation with their Monte Carlo errors, and effective sample sizes, of each quantity."""
    data = xr.Dataset({name: (("chain", "draw"), values) for name, values in found.items()})

    def of_each(function, **options):
        return {name: float(value) for name, value in function(data, **options).data_vars.items()}

    columns = {
        "mean": {name: float(values.mean()) for name, values in found.items()},
        "sd": {name: float(values.std(ddof=1)) for name, values in found.items()},
        "mcse_mean": of_each(az.mcse, method="mean"),
        "mcse_sd": of_each(az.mcse, method="sd"),
        "ess_bulk": of_each(az.ess, method="bulk"),
        "ess_tail": of_each(az.ess, method="tail"),
        "rhat": of_each(az.rhat),
    }
    return {name: {column: values[name] for column, values in columns.items()} for name in found}
