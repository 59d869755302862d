"""What a picture is made of: a tree, or an EM result."""

import xarray as xr

from bayesmix.em import EMResult


def as_tree(result: xr.DataTree | EMResult) -> xr.DataTree:
    """Return a tree as it is, and an EM result as its tree of one draw."""
    return result.to_tree() if isinstance(result, EMResult) else result
