"""Rotations as unconstrained values: Cayley's transform of skew-symmetric matrices."""

from typing import Any

import numpy as np
import pytensor.tensor as pt

from bayesmix.pymc_model.transforms import lower_triangle_of


def skew_of(entries: Any, size: int) -> Any:
    """Skew-symmetric matrices of their strictly lower entries."""
    rows, columns = np.tril_indices(size, -1)
    lower = lower_triangle_of(entries, rows, columns, size)
    return lower - lower.mT


def cayley(matrices: Any, size: int) -> Any:
    """Of skew-symmetric matrices, and its own inverse."""
    identity = np.eye(size)
    return pt.linalg.solve(identity + matrices, identity - matrices, b_ndim=2)


def log_uniform(entries: Any, size: int) -> Any:
    """Log density of uniform rotations in the entries (..., D (D - 1) / 2): ``-(D - 1) log |I + S|``."""
    matrices = skew_of(entries, size)
    gram = pt.linalg.cholesky(np.eye(size) + matrices @ matrices.mT)  # |I + S|^2 = |I + S S'|
    return -(size - 1) * pt.log(pt.diagonal(gram, axis1=-2, axis2=-1)).sum(axis=-1)
