"""Relabelling methods: which permutation of each draw, and how sure it is."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from bayesmix.posterior.labels.apply import apply_permutations
from bayesmix.posterior.labels.permutations import agreement_matrices, best_assignments, ordering
from bayesmix.posterior.labels.quality import relabelling_quality
from bayesmix.tree import SAMPLE_DIMS, draws_of, family_of, record_of, training_rows, with_record


def relabel_draws(tree: xr.DataTree, method: str = "ecr", *, by: str | Sequence[str] | None = None) -> xr.DataTree:
    """Rename the components of every draw, as ``bayesmix.relabel`` does, without the summaries."""
    record = record_of(tree)
    if not record["exchangeable"]:
        raise ValueError(
            "The labels of this tree are identified by the prior, which differs between "
            "groups: renaming them would change the model. Use the labels as they are."
        )
    if method == "ecr":
        if by is not None:
            raise ValueError('by belongs to method="order"; "ecr" compares whole allocations.')
        permutations, quality = _equivalence_classes(tree)
        made = {"method": method, **quality}
    elif method == "order":
        by = "weights" if by is None else by
        permutations = _ordered(tree, by)
        made = {"method": method, "by": by if isinstance(by, str) else list(by)}
    else:
        raise ValueError(f'method must be "ecr" or "order", not {method!r}.')
    return with_record(apply_permutations(tree, permutations), relabelling=made)


def _equivalence_classes(tree: xr.DataTree) -> tuple[np.ndarray, dict[str, float]]:
    constants = tree.children.get("constant_data")
    if constants is None or "pivot" not in constants.data_vars:
        raise ValueError(
            'The tree has no constant_data.pivot, the labels that draws are compared with. Use method="order".'
        )
    weights, params = draws_of(tree)
    pivot = constants.to_dataset()["pivot"].values
    agreement = agreement_matrices(family_of(tree), weights, params, training_rows(tree).values, pivot)
    permutations = best_assignments(agreement, weights.reshape(-1, weights.shape[-1]))
    quality = relabelling_quality(agreement, permutations)
    return permutations.reshape(weights.shape), quality


def _ordered(tree: xr.DataTree, by: str | Sequence[str]) -> np.ndarray:
    name, *place = (by,) if isinstance(by, str) else tuple(by)
    posterior = tree["posterior"].to_dataset()
    eligible = [str(v) for v in posterior.data_vars if "component" in posterior[v].dims]
    if name not in eligible:
        raise ValueError(
            f"by must name a posterior variable with a component dim ({', '.join(eligible)}), not {name!r}."
        )
    values = posterior[name]
    if place:
        features = [str(f) for f in posterior["feature"].values] if "feature" in values.dims else []
        if len(place) > 1 or place[0] not in features:
            raise ValueError(f"by=({name!r}, feature) needs one of the features {features}, not {place}.")
        values = values.isel(feature=features.index(place[0]))
        # The second index of a matrix follows the first: a covariance is ordered by its variance.
        if "feature_bis" in values.dims:
            values = values.isel(feature_bis=features.index(place[0]))
    others = [dim for dim in values.dims if dim not in (*SAMPLE_DIMS, "component")]
    values = values.isel(dict.fromkeys(others, 0)).transpose(*SAMPLE_DIMS, "component")
    return ordering(values.values, descending=name == "weights")
