"""Apply permutations to a tree: components are renamed, values are never edited."""

import numpy as np
import xarray as xr

from bayesmix.tree import SAMPLE_DIMS

# Raw records of the sampler: renaming them would be a lie about what it did.
_RAW_GROUPS = ("warmup_", "unconstrained_")


def apply_permutations(tree: xr.DataTree, permutations: np.ndarray) -> xr.DataTree:
    """Rename the components of every draw, in every group that has draws and components.

    ``new[k] = old[permutation[k]]``; ``sample_stats.permutation`` is renamed like everything else
    and so keeps pointing at the raw indices. The group ``responsibilities`` summarises over draws
    and cannot be renamed draw by draw: it is left out.

    Parameters
    ----------
    tree : xarray.DataTree
    permutations : int array, (chain, draw, K)

    Returns
    -------
    xarray.DataTree
        A new tree; the old one is unchanged.
    """
    sizes = tree["posterior"]["weights"].sizes
    order = xr.Variable((*SAMPLE_DIMS, "component"), permutations)
    groups = {}
    for name, node in tree.children.items():
        if name == "responsibilities":
            continue
        dataset = node.to_dataset()
        same_draws = all(dataset.sizes.get(dim) == sizes[dim] for dim in SAMPLE_DIMS)
        if same_draws and not str(name).startswith(_RAW_GROUPS):
            dataset = _renamed(dataset, order)
        groups[f"/{name}"] = dataset
    renamed = xr.DataTree.from_dict(groups)
    renamed.attrs = dict(tree.attrs)
    return renamed


def undo(tree: xr.DataTree) -> xr.DataTree:
    """Return the tree with the raw labels of the sampler."""
    return apply_permutations(tree, np.argsort(permutations_of(tree), axis=-1))


def permutations_of(tree: xr.DataTree) -> np.ndarray:
    """Return ``sample_stats.permutation`` as an array (chain, draw, K)."""
    return tree["sample_stats"]["permutation"].transpose(*SAMPLE_DIMS, "component").values


def _renamed(dataset: xr.Dataset, order: xr.Variable) -> xr.Dataset:
    changed = {}
    for name, array in dataset.data_vars.items():
        if set(order.dims) <= set(array.dims):
            ordered = array.variable.transpose(*order.dims, ...)
            index = order.values.reshape(order.shape + (1,) * (ordered.ndim - order.ndim))
            values = np.take_along_axis(ordered.values, index, axis=order.dims.index("component"))
            changed[name] = ordered.copy(data=values).transpose(*array.dims)
    return dataset.assign(changed)
