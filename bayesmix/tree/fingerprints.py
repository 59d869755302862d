"""Fingerprints of what a file holds: one for each variable, for the attributes of each group, and for the record."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

# The entry of a group that stands for its attributes; no variable is called so.
_ATTRIBUTES = ""
# The entry that stands for the record itself, among the groups.
_RECORD = "/"

Fingerprints = dict[str, dict[str, str | None]]


def fingerprints_of(tree: xr.DataTree, record: Mapping[str, Any]) -> Fingerprints:
    """Fingerprint every group of a tree, and its record.

    They depend on names, dims, shapes, kinds and values, and not on how a format stores them. Objects that are not all
    texts, which a format may change, have None.
    """
    groups = {node.path: _of_group(node.to_dataset(inherit=False)) for node in tree.subtree if node.path != "/"}
    return {**groups, _RECORD: {_ATTRIBUTES: _sha256(json.dumps(record, sort_keys=True))}}


def first_difference(kept: Fingerprints, found: Fingerprints) -> str | None:
    """Name what is missing, new or other than it was when it was saved; None where all is as it was."""
    for group in sorted({*kept, *found}):
        if group not in found:
            return f"the group {group} is missing"
        if group not in kept:
            return f"the group {group} was not saved with it"
        for name in sorted({*kept[group], *found[group]}):
            place = "the record" if group == _RECORD else f"{group}/{name}" if name else f"the attributes of {group}"
            if name not in found[group]:
                return f"{place} is missing"
            if name not in kept[group]:
                return f"{place} was not saved with it"
            if kept[group][name] not in (None, found[group][name]):
                return f"{place} is not what was saved"
    return None


def _of_group(dataset: xr.Dataset) -> dict[str, str | None]:
    found: dict[str, str | None] = {str(name): _of_variable(array) for name, array in dataset.variables.items()}
    return {**found, _ATTRIBUTES: _of_attributes(dataset.attrs)}


def _of_variable(variable: xr.Variable) -> str | None:
    values = variable.values
    head = [list(map(str, variable.dims)), list(values.shape)]
    if values.dtype.kind in "OUT":
        texts = values.ravel().tolist()
        return _sha256(json.dumps([head, texts])) if all(isinstance(text, str) for text in texts) else None
    if values.dtype.kind == "M":
        values = values.astype("datetime64[ns]")
    elif values.dtype.kind not in "biuf":
        return None
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return _sha256(json.dumps([head, little.dtype.str]), little.reshape(-1).view(np.uint8).data)


def _of_attributes(attributes: Mapping[str, Any]) -> str:
    """Texts and single numbers, which every format gives back."""
    kept = {}
    for name, value in attributes.items():
        if np.size(value) != 1:
            continue
        single = np.asarray(value).reshape(()).item()
        if isinstance(single, str | int | float):
            kept[str(name)] = single if isinstance(single, str) else float(single)
    return _sha256(json.dumps(kept, sort_keys=True))


def _sha256(text: str, content: memoryview | bytes = b"") -> str:
    digest = hashlib.sha256(text.encode())
    digest.update(content)
    return digest.hexdigest()
