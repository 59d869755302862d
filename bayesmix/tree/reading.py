"""What later rooms need from a tree, as plain arrays."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from bayesmix.data import Column, Rows, Subjects
from bayesmix.families import Family, family_from_name
from bayesmix.progress import turns
from bayesmix.threads import Threads
from bayesmix.tree.building import ERRORS, LOG_PRIOR, SAMPLE_DIMS, SUBJECTS, WEIGHTS
from bayesmix.tree.record import record_of

# Numbers (draws times rows) of one block: 32 MB.
MAX_VALUES = 4e6


def family_of(tree: xr.DataTree) -> Family:
    """Return the component family of a bayesmix tree."""
    return family_from_name(record_of(tree)["family"]).on(columns_of(tree))


def draws_of(tree: xr.DataTree) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the draws of the weights and of the family's parameters.

    Returns
    -------
    weights : array, (chain, draw, K)
    params : dict of array, (chain, draw, ...)
        One entry per parameter of the family, contiguous float64. Where their number varies, those that a draw does not
        have are copies of another one, without weight.

    Raises
    ------
    ValueError
        When a variable is missing.
    """
    needed = {"weights": ("component",)} | {spec.name: tuple(spec.dims) for spec in family_of(tree).parameters}
    values = {name: _values(tree, "posterior", name, (*SAMPLE_DIMS, *dims)) for name, dims in needed.items()}
    weights = values.pop("weights")
    return _without_gaps(weights, values, family_of(tree)) if number_varies(tree) else (weights, values)


def number_varies(tree: xr.DataTree) -> bool:
    """Whether the number of components is unknown, so that it varies from draw to draw."""
    return not isinstance(record_of(tree)["mixture"]["n_components"], int)


def concentration_varies(tree: xr.DataTree) -> bool:
    """Whether the concentration of the weights' prior is unknown, so that it is a variable of the posterior."""
    return isinstance(record_of(tree)["mixture"]["priors"]["weights"].get("concentration"), Mapping)


def _without_gaps(
    weights: np.ndarray, params: dict[str, np.ndarray], family: Family
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draws in which components that are not there, and have no weight, have the parameters of the first one."""
    for spec in family.parameters:
        if not spec.shared:
            values = params[spec.name]
            params[spec.name] = np.where(np.isnan(values), values[:, :, :1], values)
    return weights, params


def training_rows(tree: xr.DataTree) -> Rows:
    """Return the rows on which the tree was fitted.

    Raises
    ------
    ValueError
        When ``observed_data.x`` or its labels are missing.
    """
    values = _values(tree, "observed_data", "x", ("obs", "feature"))
    values.flags.writeable = False
    coordinates = tree["observed_data"]["x"].coords
    if "obs" not in coordinates:
        raise ValueError("The tree has no observed_data.obs, the labels of its rows.")
    known = {
        "weights": _beside(tree, WEIGHTS, ("obs",)),
        "log_prior": _beside(tree, LOG_PRIOR, ("obs", "component")),
        "errors": _beside(tree, ERRORS, ("obs", "feature", "feature_bis")),
    }
    told = {"classes": classes_of(tree), "subjects": _subjects_of(tree)}
    return Rows(values, columns_of(tree), coordinates["obs"].values, **known, **told)


def classes_of(tree: xr.DataTree) -> tuple[str, ...]:
    """Return the names of the first groups, where known labels gave them names."""
    return tuple(record_of(tree).get("classes", ()))


def _beside(tree: xr.DataTree, name: str, dims: tuple[str, ...]) -> np.ndarray | None:
    """What is known of the training rows beside their values; None where nothing is."""
    if "constant_data" not in tree.children or name not in tree["constant_data"].data_vars:
        return None
    found = _values(tree, "constant_data", name, dims)
    found.flags.writeable = False
    return found


def _subjects_of(tree: xr.DataTree) -> Subjects | None:
    """Which training rows belong together; None where no two do."""
    if "constant_data" not in tree.children or SUBJECTS not in tree["constant_data"].data_vars:
        return None
    return Subjects.of(_values(tree, "constant_data", SUBJECTS, ("obs",)).astype(np.int64))


def log_likelihood_blocks(
    tree: xr.DataTree, rows: np.ndarray | None = None, threads: Threads | None = None
) -> Iterator[tuple[slice | np.ndarray, np.ndarray]]:
    """Blocks of training rows with their log-likelihood (chain, draw, b): its weight times its log density.

    Taken from the group ``log_likelihood`` where it is stored, else computed in passing: draws
    times rows are then never held at once. Where rows belong together, it is of subjects, of which
    ``rows`` are then positions, and blocks.

    Parameters
    ----------
    tree : xarray.DataTree
    rows : array of int, optional
        Positions of the rows that are asked for; by default all.
    threads : Threads, optional
        What blocks are worked on by, side by side.

    Returns
    -------
    iterator of (slice or positions among the rows asked for, array)
    """
    stored = tree.children.get("log_likelihood")
    if stored is not None and "x" in stored.data_vars:
        values = stored["x"].transpose(*SAMPLE_DIMS, ...).values
        values = values if rows is None else values[..., rows]
        size = max(1, int(MAX_VALUES // (values.shape[0] * values.shape[1])))
        turn = turns("row")
        for start in range(0, values.shape[-1], size):
            turn(start)
            block = slice(start, min(start + size, values.shape[-1]))
            yield block, values[..., block]
        return
    weights, params = draws_of(tree)
    family, training = family_of(tree), training_rows(tree)
    training = training if rows is None else training.chosen(training.of_subjects(rows))
    values, known = training.entries, training.beforehand
    if not np.isnan(values).any():
        for block, found in family.log_mixture_blocks(weights, params, values, MAX_VALUES, threads, known):
            found = found.reshape(*weights.shape[:2], -1)
            yield block, found if training.weights is None else training.chosen(block).weighed(found)
        return
    size = max(1, int(MAX_VALUES // weights.size))
    for start in range(0, len(values), size):  # in the order of the rows, which blocks of patterns are not in
        block = slice(start, min(start + size, len(values)))
        some = training.chosen(block)
        yield block, some.weighed(family.log_mixture(weights, params, some.entries, beforehand=some.beforehand))


def columns_of(tree: xr.DataTree) -> tuple[Column, ...]:
    """Return the columns of the rows on which the tree was fitted."""
    record = record_of(tree)
    features = record["features"]
    units = record.get("units", [""] * len(features))
    described = record.get("columns", [{"kind": "real"}] * len(features))  # files of real columns have no such entry
    return tuple(
        Column(name, kept["kind"], tuple(kept.get("levels", ())), unit, tuple(kept["span"]) if "span" in kept else None)
        for name, kept, unit in zip(features, described, units, strict=True)
    )


def _values(tree: xr.DataTree, group: str, name: str, dims: tuple[str, ...]) -> np.ndarray:
    if group not in tree.children or name not in tree.children[group].data_vars:
        raise ValueError(f"The tree has no {group}.{name}: predictions need it.")
    array = tree.children[group].data_vars[name]
    if set(array.dims) != set(dims) or array.dtype.kind not in "fiu":
        raise ValueError(f"{group}.{name} must hold numbers along {', '.join(dims)}.")
    return np.array(array.transpose(*dims).values, dtype=np.float64, order="C")
