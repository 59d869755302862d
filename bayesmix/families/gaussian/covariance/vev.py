r"""Covariances of one shape: every component has a volume and an orientation of its own.

.. math:: \Sigma_k = \lambda_k O_k A O_k^\top, \qquad |A| = 1,

with volumes :math:`\lambda_k`, orthogonal :math:`O_k` and a common diagonal :math:`A` (mclust's VEV; Celeux and Govaert
1995). A change of the columns keeps this only where it turns, moves or scales all of them together.

**Prior.** The inverse-Wishart densities of unrestricted matrices, :math:`\prod_k p(\Sigma_k)`, with respect to

.. math:: \prod_k \lambda_k^{D (D + 1) / 2} \, d\log\lambda_k \, dO_k \; \prod_{i < j} |a_i - a_j| \, d\log A,

:math:`dO` being uniform. For one component this is Lebesgue's measure of symmetric matrices but for a constant, and
the prior is the inverse-Wishart itself. It is proper: in :math:`\lambda_k` the density has the integral
:math:`\Gamma(\nu D / 2) (\text{tr}(\Lambda O_k A^{-1} O_k^\top) / 2)^{-\nu D / 2}`, at most a constant times
:math:`\text{tr}(A^{-1})^{-\nu D / 2}`, and that is integrable for one component, more so for several. Its integral is
not known otherwise: log priors are up to a constant.

**Unconstrained values.** The first matrix as a free one is, then :math:`\log (\lambda_k / \lambda_1)` and the
rotation :math:`R_k = O_k O_1^\top` by Cayley's transform, :math:`R = (I - S)(I + S)^{-1}` with S skew-symmetric, whose
uniform measure is :math:`|I + S|^{-(D - 1)} dS`. Given the first matrix :math:`O_k` is uniform where :math:`R_k` is, so
that the measure above is
:math:`d\Sigma_1 \prod_{k > 1} \lambda_k^{D (D + 1) / 2} \, d\log(\lambda_k / \lambda_1) \, dR_k`.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density import transforms
from bayesmix.families.gaussian.covariance import dense
from bayesmix.families.gaussian.covariance.correlated import Correlated
from bayesmix.families.gaussian.covariance.structure import root_mean_square
from bayesmix.families.parts import ParameterSpec
from bayesmix.passes.blocks import COMPILED

_MOST_ROUNDS, _SAME = 10_000, 1e-14


class VEV(Correlated):
    """``Sigma_k = lambda_k O_k A O_k'``; the factor is (K, D, D), lower triangular."""

    name = "VEV"
    code = "VEV"
    words = "all of one shape, each with a size and direction of its own"
    geometry = "one_shape"
    affine = False
    restricted = True
    parameter = ParameterSpec("covariances", ("component", "feature", "feature_bis"), "covariance", "factor")

    def n_free(self, n_components, n_features):
        """K volumes, the shape, and K orientations."""
        return n_components + n_features - 1 + n_components * n_features * (n_features - 1) // 2

    def common_scale(self, scale):
        """One scale for all columns: another one would change the shapes."""
        return root_mean_square(scale)

    def m_step(self, means, factor, counts, masses, first, second, prior):
        """Means and factors that maximise the expected objective.

        With ``W_k`` the scatter and ``c_k`` its count (see ``dense.m_step``) it is, but for a constant,
        ``-sum_k [c_k log |Sigma_k| + tr(Sigma_k^-1 W_k)] / 2``: the eigenvectors of ``W_k`` in the order of the
        eigenvalues are the orientation (Celeux and Govaert 1995), and the rest is concave in the logs of volumes and
        shape.
        """
        if prior is None:
            prior = dense.no_prior(means.shape[-1])
        moved, scatters, totals = dense.scatters_about_the_mode(means, factor, counts, masses, first, second, *prior)
        scatters += np.swapaxes(np.tril(scatters, -1), 1, 2)
        scatters = factor @ scatters @ np.swapaxes(factor, 1, 2)
        if not np.isfinite(scatters).all():
            return moved, np.full_like(factor, np.nan)
        eigenvalues, orientations = np.linalg.eigh(scatters)
        volumes, shape = _volumes_and_shape(np.maximum(eigenvalues, 0.0), totals)
        half = orientations * np.sqrt(volumes[:, None] * shape)[:, None, :]
        return moved, dense.cholesky(half @ np.swapaxes(half, 1, 2))

    def free_shape(self, n_components, n_features):
        """The first matrix, ratios of volumes, and rotations, in one vector: see the head of this module."""
        n_angles = n_features * (n_features - 1) // 2
        return (n_features + n_angles + (n_components - 1) * (1 + n_angles),)

    def factor_from_free(self, free, n_components, n_features):
        """The factors of matrices that share the first one's shape."""
        n_first, n_others = n_features * (n_features + 1) // 2, n_components - 1
        first, ratios, angles = np.split(free, [n_first, n_first + n_others], axis=-1)
        rows, columns = np.tril_indices(n_features, -1)
        skew = np.zeros((*free.shape[:-1], n_others, n_features, n_features))
        skew[..., rows, columns] = angles.reshape((*skew.shape[:-2], rows.size))
        skew -= np.swapaxes(skew, -1, -2)
        one = transforms.lower_triangle(first, n_features)[..., None, :, :]
        half = np.exp(0.5 * ratios)[..., None, None] * (_cayley(skew) @ one)
        return np.concatenate([one, dense.cholesky(half @ np.swapaxes(half, -1, -2))], axis=-3)

    def factor_to_free(self, factor):
        """The inverse; of the rotations that do, those that turn each axis least."""
        size = factor.shape[-1]
        logs = 2 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).mean(axis=-1)
        orientations = np.linalg.svd(factor)[0][..., ::-1]
        one, others = orientations[..., :1, :, :], orientations[..., 1:, :, :]
        along = (one * others).sum(axis=-2)  # cosines of each axis and its own in the first
        signs = np.where(along < 0, -1.0, 1.0)
        mirrored = np.linalg.det(others) * np.linalg.det(one) * signs.prod(axis=-1) < 0
        least = np.arange(size) == np.argmin(np.abs(along), axis=-1)[..., None]
        signs = np.where(mirrored[..., None] & least, -signs, signs)
        skew = _cayley((others * signs[..., None, :]) @ np.swapaxes(one, -1, -2))
        rows, columns = np.tril_indices(size, -1)
        angles = skew[..., rows, columns].reshape((*factor.shape[:-3], -1))
        first = transforms.lower_triangle_inverse(factor[..., 0, :, :])
        return np.concatenate([first, logs[..., 1:] - logs[..., :1], angles], axis=-1)

    def free_constant(self, n_components, n_features):
        """As for the first matrix alone."""
        return n_features * np.log(2)


@nb.njit(**COMPILED)
def _volumes_and_shape(eigenvalues, totals):
    """Volumes (K,) and shape (D,), each given the other in turn, from the scatters' eigenvalues (K, D) and counts."""
    n_components, n_features = eigenvalues.shape
    volumes, shape, pooled = np.empty(n_components), np.ones(n_features), np.empty(n_features)
    for _ in range(_MOST_ROUNDS):
        for k in range(n_components):
            volumes[k] = 0.0
            for j in range(n_features):
                volumes[k] += eigenvalues[k, j] / shape[j]
            volumes[k] /= n_features * totals[k]
        level = 0.0
        for j in range(n_features):
            pooled[j] = 0.0
            for k in range(n_components):
                pooled[j] += eigenvalues[k, j] / volumes[k]
            level += math.log(pooled[j]) / n_features
        change = 0.0
        for j in range(n_features):
            updated = pooled[j] / math.exp(level)
            change = max(change, abs(updated / shape[j] - 1.0))
            shape[j] = updated
        if not change > _SAME * n_features:  # NaN ends it, too
            break
    return volumes, shape


def _cayley(matrices):
    """``(I - M) (I + M)^-1``: of a skew-symmetric matrix a rotation, and its own inverse."""
    identity = np.eye(matrices.shape[-1])
    return np.linalg.solve(identity + matrices, identity - matrices)
