r"""Covariances of one shape: a volume, an orientation, or both, of every component's own.

.. math:: \Sigma_k = \lambda_k O_k A O_k^\top, \qquad |A| = 1

(mclust's VEE, EEV and VEV; Celeux and Govaert 1995).

**Unconstrained values.** The first matrix as a free one is, then :math:`\log (\lambda_k / \lambda_1)` and the
rotation :math:`R_k = O_k O_1^\top` by Cayley's transform, :math:`R = (I - S)(I + S)^{-1}` with S skew-symmetric, whose
uniform measure is :math:`|I + S|^{-(D - 1)} dS`; of these what the components do not share. Given the first matrix
:math:`O_k` is uniform where :math:`R_k` is, so that the measure of the prior (see ``restricted``) is
:math:`d\Sigma_1 \prod_{k > 1} |\Sigma_k|^{(D + 1) / 2} \, d\log(\lambda_k / \lambda_1) \, dR_k`.
"""

import numba as nb
import numpy as np

from bayesmix.density import transforms
from bayesmix.families.gaussian.covariance import dense
from bayesmix.families.gaussian.covariance.axes import principal_axes
from bayesmix.families.gaussian.covariance.restricted import Restricted, in_units
from bayesmix.families.gaussian.covariance.rotations import cayley, skew_entries, skew_of, with_signs
from bayesmix.families.gaussian.covariance.volumes import variances_of
from bayesmix.passes.blocks import COMPILED


class OneShape(Restricted):
    """``A`` in common; the factor is (K, D, D), lower triangular."""

    geometry = "one_shape"

    def _places(self, n_components, n_features):
        """Where the values of the first matrix end, and those of the ratios of volumes."""
        n_first = n_features * (n_features + 1) // 2
        return n_first, n_first + self.n_volumes(n_components) - 1

    def fitted(self, factor, scatters, totals):
        """Every matrix along the axes of its own scatter, in the order of their lengths."""
        return _along_own_axes(factor, scatters, totals, self.n_volumes(len(totals)))

    def free_shape(self, n_components, n_features):
        """The first matrix, ratios of volumes, and rotations, in one vector: see the head of this module."""
        return (self.n_free(n_components, n_features),)

    def chart_numbers(self, n_components, n_features):
        """Numbers of ratios of volumes and of rotations."""
        turns = n_components - 1 if self.code[2] == "V" else 0
        return [self.n_volumes(n_components) - 1.0, float(turns)]

    def factor_from_free(self, free, n_components, n_features):
        """The factors of matrices that share the first one's shape."""
        first, ratios, entries = np.split(free, self._places(n_components, n_features), axis=-1)
        one = transforms.lower_triangle(first, n_features)[..., None, :, :]
        half = np.broadcast_to(one, (*free.shape[:-1], n_components - 1, n_features, n_features))
        if ratios.shape[-1]:
            half = np.exp(0.5 * ratios)[..., None, None] * half
        if entries.shape[-1]:
            packed = entries.reshape((*half.shape[:-2], -1))
            half = cayley(skew_of(packed, n_features)) @ half
            half = dense.cholesky(half @ np.swapaxes(half, -1, -2))
        return np.concatenate([one, half], axis=-3)

    def factor_to_free(self, factor):
        """The inverse; of the rotations that do, those that turn each axis least."""
        parts = [transforms.lower_triangle_inverse(factor[..., 0, :, :])]
        if self.code[0] == "V":
            logs = 2 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).mean(axis=-1)
            parts.append(logs[..., 1:] - logs[..., :1])
        if self.code[2] == "V":
            orientations = np.linalg.svd(factor)[0][..., ::-1]
            one, others = orientations[..., :1, :, :], orientations[..., 1:, :, :]
            skew = cayley(with_signs(others, one) @ np.swapaxes(one, -1, -2))
            parts.append(skew_entries(skew).reshape((*factor.shape[:-3], -1)))
        return np.concatenate(parts, axis=-1)

    def free_constant(self, n_components, n_features):
        """As for the first matrix alone."""
        return n_features * np.log(2)


@nb.njit(**COMPILED)
def _along_own_axes(factor, scatters, totals, n_volumes):
    """Factors of matrices of one shape along the axes of scatters."""
    matrices = in_units(factor, scatters)
    n_components, size = totals.shape[0], matrices.shape[1]
    spreads, variances = np.empty((n_components, size)), np.empty((n_components, size))
    axes = np.empty(matrices.shape)
    for k in range(n_components):
        principal_axes(matrices[k], spreads[k], axes[k])
        for j in range(size):
            if spreads[k, j] < 0.0:  # by rounding
                spreads[k, j] = 0.0
    variances_of(spreads, totals, n_volumes, 1, variances)
    for k in range(n_components):
        for i in range(size):
            for j in range(size):
                matrices[k, i, j] = 0.0
                for h in range(size):
                    matrices[k, i, j] += axes[k, i, h] * variances[k, h] * axes[k, j, h]
    return dense.factors_of(matrices)
