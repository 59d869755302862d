"""The only builder of DataTrees: engines hand over plain arrays, here they get names and dims."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.families import Family
from bayesmix.tree.record import ATTRIBUTE, FORMAT_VERSION, encode, installed_versions

SAMPLE_DIMS = ("chain", "draw")
LOG_PRIOR = "label_log_prior"
WEIGHTS = "sample_weight"
ERRORS = "error_covariances"
SUBJECTS = "subject_of_row"


def build_tree(
    *,
    family: Family,
    rows: Rows,
    posterior: Mapping[str, Any],
    record: Mapping[str, Any],
    sample_stats: Mapping[str, Any] | None = None,
    constant_data: Mapping[str, Any] | None = None,
    log_likelihood: np.ndarray | None = None,
    log_prior: Mapping[str, Any] | None = None,
    posterior_attrs: Mapping[str, Any] | None = None,
) -> xr.DataTree:
    """Assemble the result of a fit.

    Parameters
    ----------
    family : Family
        Gives the dims of its parameters.
    rows : Rows
        The training rows: ``observed_data.x`` and the ``obs`` and ``feature`` coordinates; where something is known of
        their components, ``constant_data.label_log_prior (obs, component)``, and where they have weights,
        ``constant_data.sample_weight (obs)``.
    posterior : mapping of str to array, (chain, draw, ...)
        Draws in raw units. ``weights``, the family's parameters, ``scales`` and ``correlations``
        have known dims; an ``xarray.DataArray`` of any other name keeps its own dims and
        coordinates; other arrays have ``<name>_dim_<i>``.
    record : mapping
        How the result came about; see ``record_of``. The format version, family, number of
        components, features and data hash are filled in here, versions where absent.
    sample_stats : mapping of str to array, (chain, draw, ...), optional
        ``permutation`` is the identity unless given.
    constant_data : mapping of str to array, optional
        ``pivot (obs)`` and the resolved priors as plain numbers.
    log_likelihood : array, (chain, draw, N), optional
        One number per row, its weight times its log density, stored as ``log_likelihood.x``.
    log_prior : mapping of str to array, (chain, draw, ...), optional
    posterior_attrs : mapping, optional
        Attributes of the posterior group; True and False become 1 and 0, which netCDF can hold.

    Returns
    -------
    xarray.DataTree
        Groups as ArviZ names them, dims ``chain, draw, component, feature, feature_bis, obs``.

    Raises
    ------
    ValueError
        When an array does not have the shape of its dims; names the variable.
    """
    n_chains, n_draws, n_components = np.shape(posterior["weights"])
    described = _described(rows)
    features = np.array(rows.features, dtype=str)
    coords = {
        "chain": np.arange(n_chains),
        "draw": np.arange(n_draws),
        "component": np.arange(n_components),
        "feature": features,
        "feature_bis": features,
        "obs": np.asarray(rows.obs),
        "subject": np.arange(rows.n_subjects),
    }
    coords |= {dim: np.array(labels, dtype=str) for dim, labels in family.coords(rows).items()}
    known = _known_dims(family)

    def group(variables: Mapping[str, Any], sample_dims: tuple[str, ...]) -> xr.Dataset:
        return _dataset(variables, sample_dims, known, coords)

    identity = np.broadcast_to(np.arange(n_components), (n_chains, n_draws, n_components))
    groups = {"posterior": group(posterior, SAMPLE_DIMS)}
    groups["posterior"].attrs = {k: portable(v) for k, v in (posterior_attrs or {}).items()}
    groups["sample_stats"] = group({"permutation": identity, **(sample_stats or {})}, SAMPLE_DIMS)
    if log_likelihood is not None:
        pointwise = {"x": (*SAMPLE_DIMS, "obs" if rows.subjects is None else "subject")}
        groups["log_likelihood"] = _dataset({"x": log_likelihood}, (), pointwise, coords)
    if log_prior:
        groups["log_prior"] = group(log_prior, SAMPLE_DIMS)
    groups["observed_data"] = group({"x": rows.values}, ())
    subjects = None if rows.subjects is None else rows.subjects.of_rows
    beside = {LOG_PRIOR: rows.log_prior, WEIGHTS: rows.weights, SUBJECTS: subjects, ERRORS: rows.errors}
    beside = {name: one for name, one in beside.items() if one is not None}
    if constant_data or beside:
        groups["constant_data"] = group({**(constant_data or {}), **beside}, ())
    tree = xr.DataTree.from_dict({f"/{name}": dataset for name, dataset in groups.items()})
    tree.attrs[ATTRIBUTE] = encode(
        {
            "exchangeable": True,
            "versions": installed_versions(),
            "notes": [],
            **record,
            "format_version": FORMAT_VERSION,
            "family": str(family),
            "n_components": n_components,
            "features": list(rows.features),
            **({"units": list(rows.units)} if any(rows.units) else {}),
            **({"classes": list(rows.classes)} if rows.classes else {}),
            **({"columns": described} if any(one != {"kind": "real"} for one in described) else {}),
            "data_sha256": rows.sha256,
        }
    )
    return tree


def _described(rows: Rows) -> list[dict[str, Any]]:
    """Kinds, levels and spans of the columns, as the record keeps them."""
    return [
        {
            "kind": column.kind,
            **({"levels": list(column.levels)} if column.levels else {}),
            **({"span": list(column.span)} if column.span else {}),
        }
        for column in rows.columns
    ]


def portable(value: Any) -> Any:
    """Make an attribute one that netCDF can hold: it knows no booleans."""
    return int(value) if isinstance(value, bool | np.bool_) else value


def _known_dims(family: Family) -> dict[str, tuple[str, ...]]:
    dims: dict[str, tuple[str, ...]] = {
        "weights": ("component",),
        "permutation": ("component",),
        "pivot": ("obs",),
        LOG_PRIOR: ("obs", "component"),
        WEIGHTS: ("obs",),
        SUBJECTS: ("obs",),
        ERRORS: ("obs", "feature", "feature_bis"),
        "x": ("obs", "feature"),
    }
    return dims | {spec.name: tuple(spec.dims) for spec in family.variables}


def _dataset(
    variables: Mapping[str, Any],
    sample_dims: tuple[str, ...],
    known: Mapping[str, tuple[str, ...]],
    coords: Mapping[str, np.ndarray],
) -> xr.Dataset:
    data: dict[str, xr.Variable] = {}
    used = dict(coords)
    for name, value in variables.items():
        if isinstance(value, xr.DataArray):
            value = value.transpose(*(dim for dim in sample_dims if dim in value.dims), ...)
            if name not in known:
                data[name] = value.variable
                own = {dim: value.indexes[dim] for dim in value.dims if dim in value.indexes}
                used |= {str(dim): index for dim, index in own.items() if dim not in coords}
                continue
        array = np.asarray(value)
        dims = _dims(name, array.ndim - len(sample_dims), known)
        data[name] = xr.Variable((*sample_dims, *dims), array)
        for dim, size in data[name].sizes.items():
            if dim in coords and size != len(coords[str(dim)]):
                raise ValueError(
                    f"{name} has shape {array.shape}, which does not fit its dims "
                    f"{data[name].dims}: {dim} has {len(coords[str(dim)])} entries."
                )
    present = {dim for variable in data.values() for dim in variable.dims}
    return xr.Dataset(data, coords={dim: used[dim] for dim in used if dim in present})


def _dims(name: str, n_dims: int, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Dims by name; a log prior lacks the last ones, over which its density is joint."""
    if name in known and n_dims <= len(known[name]):
        return known[name][:n_dims]
    return tuple(f"{name}_dim_{i}" for i in range(n_dims))
