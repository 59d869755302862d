"""What a picture is made of: a tree, or an EM result."""

from typing import Any

import xarray as xr

from bayesmix.em import EMResult
from bayesmix.tree import record_of


def as_tree(result: Any) -> xr.DataTree:
    """Return a tree as it is, and an EM result as its tree of one draw.

    Raises
    ------
    TypeError
        When it is neither.
    ValueError
        When the tree was not made by bayesmix.
    """
    if isinstance(result, EMResult):
        return result.to_tree()
    record_of(result)
    return result
