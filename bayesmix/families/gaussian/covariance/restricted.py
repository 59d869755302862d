"""Covariance matrices that have something in common, and are not all one: what the M-steps of all kinds share."""

from abc import abstractmethod

import numba as nb
import numpy as np

from bayesmix.families.gaussian.covariance import dense
from bayesmix.families.gaussian.covariance.correlated import Correlated
from bayesmix.families.gaussian.covariance.structure import root_mean_square
from bayesmix.families.parts import ParameterSpec
from bayesmix.passes.blocks import COMPILED


class Restricted(Correlated):
    r"""Matrices ``Sigma_k = lambda_k O_k A_k O_k'`` that share volumes, shapes or orientations.

    With ``W_k`` the scatter of component k and ``c_k`` its count (see :func:`dense.m_step`), the expected objective is,
    but for a constant, ``-sum_k [c_k log |Sigma_k| + tr(Sigma_k^-1 W_k)] / 2`` (Celeux and Govaert 1995).

    **Prior.** The inverse-Wishart densities of unrestricted matrices, :math:`\prod_k p(\Sigma_k)`, with respect to

    .. math:: \prod_k |\Sigma_k|^{(D + 1) / 2} \prod d\log\lambda \, \prod dO \, \prod d\log A
       \prod_{i < j} \Delta_{ij},

    one factor for each volume, orientation (uniformly distributed) and shape that is free, and :math:`\Delta_{ij}`
    that of the axes i and j: :math:`|a_i - a_j| / \sqrt{a_i a_j}` for each shape, or orientation, of which there are
    fewer, and the root mean square of it over the components where they have different shapes along common axes. For
    one component all of that is Lebesgue's measure of symmetric matrices but for a constant, and the prior the
    inverse-Wishart itself. It is proper; its integral is not known otherwise, so that log priors are up to a constant.
    """

    restricted = True
    affine = False
    parameter = ParameterSpec("covariances", ("component", "feature", "feature_bis"), "covariance", "factor")

    def common_scale(self, scale):
        """One scale for all columns, where another one would change shapes or orientations."""
        return scale if self.affine else root_mean_square(scale)

    def m_step(self, means, factor, counts, masses, first, second, prior):
        """Means and factors that maximise the expected objective."""
        if prior is None:
            prior = dense.no_prior(means.shape[-1])
        moved, scatters, totals = dense.scatters_about_the_mode(means, factor, counts, masses, first, second, *prior)
        return moved, self.fitted(factor, scatters, totals)

    @abstractmethod
    def fitted(self, factor: np.ndarray, scatters: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """Factors of the best matrices.

        ``scatters`` (K, D, D) are lower triangles in units whitened by ``factor``, ``totals`` (K,) their counts.
        """


@nb.njit(**COMPILED)
def in_units(factors, scatters):
    """``W_k = L_k S_k L_k'`` of lower triangles (K, D, D); NaN stays NaN."""
    n_components, size, _ = factors.shape
    half, out = np.empty((size, size)), np.zeros_like(factors)
    for k in range(n_components):
        for i in range(size):
            for j in range(size):
                half[i, j] = 0.0
                for h in range(i + 1):
                    half[i, j] += factors[k, i, h] * (scatters[k, h, j] if j <= h else scatters[k, j, h])
        for i in range(size):
            for j in range(i + 1):
                for h in range(j + 1):
                    out[k, i, j] += half[i, h] * factors[k, j, h]
                out[k, j, i] = out[k, i, j]
    return out
