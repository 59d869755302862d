"""Draws of the PyMC model, or of an extension of it, from any sampler: read into plain arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.families import Family

# other samplers' names of the statistics -> ArviZ's
_ARVIZ_NAMES = {
    "logp": "lp",
    "mean_tree_accept": "acceptance_rate",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
}
_KEPT = ("lp", "acceptance_rate", "tree_depth", "reached_max_treedepth", "n_steps", "step_size", "energy", "diverging")


def read_posterior(idata: Any, family: Family, n_components: int, rows: Rows) -> dict[str, Any]:
    """Every variable of the posterior group; the weights and the family's parameters checked, as plain arrays.

    Raises
    ------
    TypeError, ValueError
        If ``idata`` has no posterior group, or a variable is missing or has another shape.
    """
    if not isinstance(idata, xr.DataTree) or "posterior" not in idata.children:
        raise TypeError("idata must be a DataTree with a posterior group, as pm.sample returns it")
    posterior = idata["posterior"].to_dataset()
    named: dict[str, Any] = {str(name): posterior[name] for name in posterior.data_vars}
    sizes = posterior.sizes["chain"], posterior.sizes["draw"]
    if n_components == 1 and "weights" not in named:
        named["weights"] = np.ones((*sizes, 1))
    shapes = {"weights": (n_components,)}
    shapes |= {spec.name: spec.shape(n_components, rows.n_features) for spec in family.parameters}
    for name, shape in shapes.items():
        if name not in named:
            raise ValueError(f"idata's posterior has no {name!r}: draw it from a model that Mixture.build_model(X) made")
        named[name] = np.asarray(named[name])
        if named[name].shape != (*sizes, *shape):
            raise ValueError(f"{name} has shape {named[name].shape[2:]} a draw, but this mixture and X need {shape}")
    return {**named, "scales": family.scales(named)}


def read_statistics(idata: xr.DataTree) -> Mapping[str, np.ndarray]:
    """The sampler's statistics under ArviZ's names, those of one number a draw."""
    if "sample_stats" not in idata.children:
        return {}
    stats = idata["sample_stats"].to_dataset()
    renamed = {_ARVIZ_NAMES.get(str(name), str(name)): stats[name] for name in stats.data_vars}
    return {name: np.asarray(renamed[name]) for name in _KEPT if name in renamed and renamed[name].ndim == 2}
