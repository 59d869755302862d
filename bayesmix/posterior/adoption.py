"""Draws of the PyMC model, or of an extension of it, from any sampler: read into plain arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.problem import Problem
from bayesmix.tree.names import with_visible_names

# other samplers' names of the statistics -> ArviZ's
_ARVIZ_NAMES = {
    "logp": "lp",
    "mean_tree_accept": "acceptance_rate",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
}
_KEPT = ("lp", "acceptance_rate", "tree_depth", "reached_max_treedepth", "n_steps", "step_size", "energy", "diverging")


def read_posterior(idata: Any, problem: Problem) -> dict[str, Any]:
    """Every variable of the posterior group; the weights and the family's parameters checked, as plain arrays.

    Raises
    ------
    TypeError, ValueError
        If ``idata`` has no posterior group, a variable is missing or has another shape, or the tree's observed ``x``
        holds other rows.
    """
    if not isinstance(idata, xr.DataTree) or "posterior" not in idata.children:
        raise TypeError("idata must be a DataTree with a posterior group, as pm.sample returns it")
    family, n_components, rows = problem.family, problem.n_components, problem.rows
    _check_rows(idata, rows)
    posterior = with_visible_names(idata["posterior"].to_dataset())
    named: dict[str, Any] = {str(name): posterior[name] for name in posterior.data_vars}
    sizes = posterior.sizes["chain"], posterior.sizes["draw"]
    if n_components == 1 and "weights" not in named:
        named["weights"] = np.ones((*sizes, 1))
    shapes = {"weights": (n_components,)}
    shapes |= family.shapes(n_components, rows.n_features)
    for name, shape in shapes.items():
        if name not in named:
            raise ValueError(f"idata's posterior has no {name!r}: draw it from a model of Mixture.build_model(X)")
        named[name] = np.asarray(named[name])
        if named[name].shape != (*sizes, *shape):
            raise ValueError(f"{name} has shape {named[name].shape[2:]} a draw, but this mixture and X need {shape}")
    return {**named, **{name: value for name, value in family.complete(named).items() if name not in named}}


def _check_rows(idata: xr.DataTree, rows: Rows) -> None:
    """Refuse draws that were made given other rows than these, where the tree tells."""
    if "observed_data" not in idata.children or "x" not in idata["observed_data"].data_vars:
        return
    drawn = np.asarray(idata["observed_data"]["x"])
    if not np.array_equal(drawn, rows.values, equal_nan=True):
        raise ValueError(
            f"idata was drawn given other rows than X (its observed x has shape {drawn.shape}, X {rows.values.shape}): "
            "give the rows that the model was built on"
        )


def read_statistics(idata: xr.DataTree) -> Mapping[str, np.ndarray]:
    """The sampler's statistics under ArviZ's names, those of one number a draw."""
    if "sample_stats" not in idata.children:
        return {}
    stats = idata["sample_stats"].to_dataset()
    renamed = {_ARVIZ_NAMES.get(str(name), str(name)): stats[name] for name in stats.data_vars}
    return {name: np.asarray(renamed[name]) for name in _KEPT if name in renamed and renamed[name].ndim == 2}
