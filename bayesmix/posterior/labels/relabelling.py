"""Relabelling methods: which permutation of each draw, and how sure it is."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from bayesmix.posterior.labels.apply import apply_permutations
from bayesmix.posterior.labels.kullback_leibler import closest_to_their_mean
from bayesmix.posterior.labels.nearest_pivot import closest_to_pivot, highest_draw
from bayesmix.posterior.labels.permutations import agreement_matrices, best_assignments, ordering, representatives
from bayesmix.posterior.labels.quality import relabelling_quality
from bayesmix.posterior.margins import marginal_of
from bayesmix.tree import SAMPLE_DIMS, draws_of, family_of, record_of, training_rows, with_record

# Ways to match the components of the draws, beside the order of a variable.
_MATCHING = ("ecr", "pivot", "stephens")
METHODS = (*_MATCHING, "order")


def check_method(method: str, argument: str = "method") -> None:
    """Refuse a way of relabelling that nobody knows."""
    if method not in METHODS:
        *others, last = map(repr, METHODS)
        raise ValueError(f"{argument} must be {', '.join(others)} or {last}, not {method!r}.")


def relabel_draws(tree: xr.DataTree, method: str = "ecr", *, by: str | Sequence[str] | None = None) -> xr.DataTree:
    """Rename the components of every draw, as ``bayesmix.relabel`` does, without the summaries."""
    record = record_of(tree)
    check_method(method)
    if not record["exchangeable"] and training_rows(tree).log_prior is not None:
        raise ValueError(
            "The labels of this tree are known: the fit was given labels, which say what each group is called. Use "
            "them as they are."
        )
    if not record["exchangeable"]:
        raise ValueError(
            "The labels of this tree are identified by the prior, which differs between "
            "groups: renaming them would change the model. Use the labels as they are."
        )
    if method == "order":
        by = "weights" if by is None else by
        permutations = _ordered(tree, by)
        made = {"method": method, "by": by if isinstance(by, str) else list(by)}
    else:
        if by is not None:
            raise ValueError(f'by belongs to method="order"; "{method}" compares whole mixtures.')
        permutations, quality = _matched(tree, method)
        made = {"method": method, **quality}
    return with_record(apply_permutations(tree, permutations), relabelling=made)


def _matched(tree: xr.DataTree, method: str) -> tuple[np.ndarray, dict[str, float]]:
    """Permutations that match the components of all draws, and how well the names they get tell the rows apart.

    Names are those of the EM labels, whatever the method: by them the pivot is named, and Stephens' method begins.
    """
    constants = tree.children.get("constant_data")
    if constants is None or "pivot" not in constants.data_vars:
        raise ValueError(
            'The tree has no constant_data.pivot, the labels that draws are compared with. Use method="order".'
        )
    family, values, labels = family_of(tree), training_rows(tree).entries, constants.to_dataset()["pivot"].values
    weights, params = draws_of(tree)
    flat = weights.reshape(-1, weights.shape[-1])
    agreement = agreement_matrices(family, weights, params, values, labels)
    permutations = best_assignments(agreement, flat)
    if method == "stephens":
        permutations = closest_to_their_mean(family, weights, params, values, labels, permutations)
    elif method == "pivot":
        permutations = _nearest_to_highest(tree, permutations)
    quality = relabelling_quality(agreement, permutations)
    n_seen = len(representatives(labels, flat.shape[-1])[0])
    seen = {"rows": n_seen} if n_seen < len(labels) else {}
    return permutations.reshape(weights.shape), {**quality, **seen}


def _nearest_to_highest(tree: xr.DataTree, names: np.ndarray) -> np.ndarray:
    """Permutations by the draw of the highest posterior density, which has the names that it is given."""
    draws = marginal_of(tree)
    chain, draw = highest_draw(tree)
    at = chain * tree["posterior"].sizes["draw"] + draw
    pivot = {spec.name: draws.params[spec.name][at] for spec in draws.family.parameters}
    pivot |= {spec.name: pivot[spec.name][names[at]] for spec in draws.family.parameters if not spec.shared}
    return closest_to_pivot(draws.family, draws.weights, draws.params, draws.weights[at][names[at]], pivot)


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
        dim = next((str(one) for one in values.dims if str(one).endswith("feature")), None)  # of all, or of a block
        features = [] if dim is None else [str(f) for f in posterior[dim].values]
        if len(place) > 1 or place[0] not in features:
            raise ValueError(f"by=({name!r}, feature) needs one of the features {features}, not {place}.")
        # The second index of a matrix follows the first: a covariance is ordered by its variance.
        along = [one for one in (dim, f"{dim}_bis") if one in values.dims]
        values = values.isel(dict.fromkeys(along, features.index(place[0])))
    others = [dim for dim in values.dims if dim not in (*SAMPLE_DIMS, "component")]
    values = values.isel(dict.fromkeys(others, 0)).transpose(*SAMPLE_DIMS, "component")
    return ordering(values.values, descending=name == "weights")
