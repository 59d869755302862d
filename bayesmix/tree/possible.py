"""Whether the arrays of a tree are those of such a mixture: the dims that the record says, and values that can be."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.data import read_errors
from bayesmix.families.parts import ParameterSpec
from bayesmix.tree.building import SAMPLE_DIMS
from bayesmix.tree.reading import draws_of, family_of, training_rows

# Weights sum to one, and matrices are symmetric, up to what a file of single precision would lose.
_ROUNDING = 1e-6


def check_possible(tree: xr.DataTree, record: Mapping[str, Any]) -> None:
    """Refuse arrays that are not those of such a mixture.

    Raises
    ------
    ValueError
        Names the variable.
    """
    family, n_components = family_of(tree), record["n_components"]
    rows = training_rows(tree)
    for column, numbers in zip(rows.columns, rows.values.T, strict=True):
        possible = not column.wrong(numbers).any()
        _demand(f"observed_data.x of {column.name!r:.40}", f"such as a {column.kind} column has", possible)
    if rows.log_prior is not None:
        holds = bool((rows.log_prior <= 0).all() and (rows.log_prior.max(axis=1) == 0).all())
        _demand("constant_data.label_log_prior", "numbers of which the largest of each row is 0", holds)
    if rows.weights is not None:
        holds = bool(np.isfinite(rows.weights).all() and (rows.weights >= 0).all() and rows.weights.any())
        _demand("constant_data.sample_weight", "numbers of at least 0, not all 0", holds)
    if rows.errors is not None:
        read_errors(rows.errors, rows, "constant_data.error_covariances")
    weights, params = draws_of(tree)
    sizes = {"chain": weights.shape[0], "draw": weights.shape[1], "component": n_components}
    sizes |= {
        "subject": rows.n_subjects,
        "feature": len(record["features"]),
        "feature_bis": len(record["features"]),
        "obs": rows.n_rows,
    }
    for group in ("posterior", "sample_stats", "log_likelihood", "log_prior", "observed_data", "responsibilities"):
        _check_dims(tree, group, sizes, record["features"])
    if 0 in weights.shape:
        raise ValueError("posterior.weights has no draws")
    _demand("posterior.weights", "shares that sum to one", _is_simplex(weights))
    for spec in family.parameters:
        _check_support(spec, params[spec.name])
    _check_labels(tree, n_components)


def _check_dims(tree: xr.DataTree, group: str, sizes: Mapping[str, int], features: list[str]) -> None:
    if group not in tree.children:
        return
    dataset = tree.children[group].to_dataset(inherit=False)
    for dim, size in dataset.sizes.items():
        if sizes.get(str(dim), size) != size:
            raise ValueError(f"{group} has {size} entries along {dim}, where there must be {sizes[str(dim)]}")
    for dim in {"feature", "feature_bis"} & set(dataset.coords):
        if list(map(str, dataset[dim].values)) != features:
            raise ValueError(f"{group} names other features than the record")


def _check_support(spec: ParameterSpec, values: np.ndarray) -> None:
    place = f"posterior.{spec.name}"
    _demand(place, "finite", bool(np.isfinite(values).all()))
    if spec.support == "positive":
        _demand(place, "positive", bool((values > 0).all()))
    elif spec.support == "nonnegative":
        _demand(place, "positive or zero", bool((values >= 0).all()))
    elif spec.support in ("probability", "simplex"):
        _demand(place, "probabilities", bool(((values >= 0) & (values <= 1)).all()))
    elif spec.support == "covariance":
        _demand(place, "symmetric and positive definite", _is_covariance(values))


def _is_covariance(values: np.ndarray) -> bool:
    variances = np.diagonal(values, axis1=-2, axis2=-1)
    if not (variances > 0).all():
        return False
    deviations = np.sqrt(variances)
    correlations = values / deviations[..., :, None] / deviations[..., None, :]
    if not np.allclose(correlations, np.swapaxes(correlations, -1, -2), rtol=0, atol=_ROUNDING):
        return False
    try:
        np.linalg.cholesky(correlations)
    except np.linalg.LinAlgError:  # nearly collinear columns, whose smallest eigenvalue is rounding, or worse
        return bool(np.linalg.eigvalsh(correlations).min() > -_ROUNDING)
    return True


def _is_simplex(values: np.ndarray) -> bool:
    return bool((values >= 0).all() and np.allclose(values.sum(axis=-1), 1, rtol=0, atol=_ROUNDING))


def _check_labels(tree: xr.DataTree, n_components: int) -> None:
    """What names components: the permutations, the labels of EM, and who belongs where."""
    every = np.arange(n_components)
    noise = _variable(tree, "responsibilities", "noise_probability")
    labels_there = every if noise is None and "noise_weight" not in tree["posterior"] else np.arange(-1, n_components)
    for group, name in (("constant_data", "pivot"), ("responsibilities", "label")):
        if (labels := _variable(tree, group, name)) is not None:
            _demand(f"{group}.{name}", "labels of components", bool(np.isin(labels.values, labels_there).all()))
    if (permutation := _variable(tree, "sample_stats", "permutation")) is not None:
        ordered = np.sort(permutation.transpose(*SAMPLE_DIMS, "component").values, axis=-1)
        holds = bool((ordered == every).all())
        _demand("sample_stats.permutation", "permutations of the components", holds)
    if (probability := _variable(tree, "responsibilities", "probability")) is not None:
        shares = probability.transpose("obs", "component").values
        shares = shares if noise is None else np.column_stack([shares, noise.values])
        _demand("responsibilities.probability", "shares that sum to one", _is_simplex(shares))


def _variable(tree: xr.DataTree, group: str, name: str) -> xr.DataArray | None:
    if group not in tree.children or name not in tree.children[group].data_vars:
        return None
    return tree.children[group].to_dataset(inherit=False)[name]


def _demand(place: str, what: str, holds: bool) -> None:
    if not holds:
        raise ValueError(f"{place} must be {what}, and is not")
