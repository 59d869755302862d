"""The door for results: a tree as it is, and a point estimate as its tree of one draw."""

from typing import Protocol

import xarray as xr

from bayesmix.tree.record import record_of


class PointEstimate(Protocol):
    """What becomes a tree of one chain and one draw: an EMResult."""

    def to_tree(self) -> xr.DataTree:
        """Make the tree."""
        ...


def as_tree(result: xr.DataTree | PointEstimate) -> xr.DataTree:
    """Return a tree as it is, and an EMResult as its tree of one draw.

    Every public function that takes a tree begins with it.

    Raises
    ------
    TypeError
        When it is neither.
    ValueError
        When the tree was not made by bayesmix.
    """
    to_tree = getattr(result, "to_tree", None)
    if to_tree is not None:
        return to_tree()
    if not isinstance(result, xr.DataTree):
        # a model of a comparison
        hint = "; it has both, as .tree and .em" if hasattr(result, "tree") and hasattr(result, "em") else ""
        if hasattr(result, "candidates"):  # a comparison
            hint = (
                ": take one model, such as comparison[3].tree, or what the comparison averages over its models, "
                "comparison.log_density(X), .similarity() and .sample_predictive(n)"
            )
        raise TypeError(f"tree must be an xarray.DataTree or an EMResult, not {type(result).__name__}{hint}.")
    record_of(result)
    return result
