"""Names that others gave: of variables, dims and coordinates, made visible."""

import numpy as np
import xarray as xr

from bayesmix.data.words import visible


def with_visible_names(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset with names and textual coordinates that show what they hold; mostly the same one."""
    hidden = [name for name in {*dataset.variables, *dataset.dims} if visible(str(name)) != name]
    renamed = dataset.rename({name: visible(str(name)) for name in hidden}) if hidden else dataset
    texts = {name: array for name, array in renamed.coords.items() if array.dtype.kind in "OUT"}
    changed = {}
    for name, array in texts.items():
        entries = [visible(entry) if isinstance(entry, str) else entry for entry in array.values.ravel()]
        if entries != array.values.ravel().tolist():
            changed[name] = (array.dims, np.array(entries, dtype=object).reshape(array.shape))
    return renamed.assign_coords(changed) if changed else renamed
