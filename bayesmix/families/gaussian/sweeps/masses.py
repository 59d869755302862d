"""Rows may have a mass, in a column behind those of the data; see :mod:`bayesmix.families.gaussian.sweeps.dense`."""

import numba as nb

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def mass_of(columns, i, n_features):
    """The mass of row i: one, unless there is such a column."""
    return columns[n_features, i] if columns.shape[0] > n_features else 1.0
