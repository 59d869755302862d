"""Rotations as unconstrained values, for any number of them at once: Cayley's transform of skew-symmetric matrices."""

import numpy as np


def skew_of(entries, size):
    """Skew-symmetric matrices (..., D, D) of their strictly lower entries (..., D (D - 1) / 2), row by row."""
    rows, columns = np.tril_indices(size, -1)
    out = np.zeros((*entries.shape[:-1], size, size))
    out[..., rows, columns] = entries
    return out - np.swapaxes(out, -1, -2)


def skew_entries(matrices):
    """The inverse of :func:`skew_of`."""
    rows, columns = np.tril_indices(matrices.shape[-1], -1)
    return matrices[..., rows, columns]


def cayley(matrices):
    """``(I - M) (I + M)^-1``: of a skew-symmetric matrix a rotation, and its own inverse."""
    identity = np.eye(matrices.shape[-1])
    return np.linalg.solve(identity + matrices, identity - matrices)


def with_signs(axes, wanted):
    """Axes (..., D, D), as columns, pointing where the ``wanted`` ones do, and turned into these by a rotation.

    Where the signs alone would need a reflection, the axis that is furthest from its own is turned round.
    """
    along = (wanted * axes).sum(axis=-2)  # cosines of each axis and its own
    signs = np.where(along < 0, -1.0, 1.0)
    mirrored = np.linalg.det(axes) * np.linalg.det(wanted) * signs.prod(axis=-1) < 0
    least = np.arange(axes.shape[-1]) == np.argmin(np.abs(along), axis=-1)[..., None]
    return axes * np.where(mirrored[..., None] & least, -signs, signs)[..., None, :]
