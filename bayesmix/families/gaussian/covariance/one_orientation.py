r"""Covariances along common axes: a shape of every component's own.

.. math:: \Sigma_k = O \, \text{diag}(v_k) \, O^\top

(mclust's EVE and VVE; Celeux and Govaert 1995, Browne and McNicholas 2014).

**Unconstrained values.** The entries of a skew-symmetric S with :math:`O = (I - S)(I + S)^{-1}`, whose uniform measure
is :math:`|I + S|^{-(D - 1)} dS`, and the logs of the variances :math:`v_{kj}`; under EVE those of the last axis follow
for all components but the first. The measure of the prior (see ``restricted``) has
:math:`\Delta_{ij}^2 = \tfrac1K \sum_k 4 \sinh^2 \tfrac12 \log(v_{ki} / v_{kj})`. That vanishes on one half of the axes'
orders for one component, but nowhere to speak of for several; with one, the values are those of a free matrix.
"""

import numba as nb
import numpy as np

from bayesmix.families.gaussian.covariance import dense
from bayesmix.families.gaussian.covariance.axes import common_axes, from_axes, height, principal_axes
from bayesmix.families.gaussian.covariance.full import Full
from bayesmix.families.gaussian.covariance.linear import all_free, equal_sums
from bayesmix.families.gaussian.covariance.restricted import Restricted, in_units
from bayesmix.families.gaussian.covariance.rotations import cayley, skew_entries, skew_of
from bayesmix.passes.blocks import COMPILED

_FREE = Full()
_GOLDEN = 0.5 * (5**0.5 - 1)


class OneOrientation(Restricted):
    """``O`` in common; the factor is (K, D, D), lower triangular."""

    geometry = "one_orientation"

    def linear(self, n_components, n_features):
        """See :class:`linear.Linear`: sums of logs of variances are free, or one."""
        if self.code[0] == "V":
            return all_free(n_components * n_features)
        return equal_sums(n_components, n_features, tuple(range(n_features)))

    def chart(self, n_components):
        """With one component the matrix is a free one."""
        return _FREE if n_components == 1 else self

    def fitted(self, factor, scatters, totals):
        """Axes by turns in planes, from those of the factor or of all scatter together, whichever are better."""
        return _along_common_axes(factor, scatters, totals, self.n_volumes(len(totals)))

    def free_shape(self, n_components, n_features):
        """S and the logs of variances, in one vector: see the head of this module."""
        return (self.n_free(n_components, n_features),)

    def factor_from_free(self, free, n_components, n_features):
        """The factors of matrices along common axes."""
        entries, logs = np.split(free, [n_features * (n_features - 1) // 2], axis=-1)
        axes = cayley(skew_of(entries, n_features))[..., None, :, :]
        values = self.linear(n_components, n_features).all_values(logs)
        half = axes * np.exp(0.5 * values.reshape((*free.shape[:-1], n_components, 1, n_features)))
        return dense.cholesky(half @ np.swapaxes(half, -1, -2))

    def factor_to_free(self, factor):
        """The inverse; of the axes that do, in the order of their lengths, those of which no turn is a half one."""
        n_components, n_features = factor.shape[-3:-1]
        flat = factor.reshape((-1, n_components, n_features, n_features))
        axes = np.array([_with_proper_signs(_axes_of(np.ascontiguousarray(one))) for one in flat])
        rotated = np.swapaxes(axes, -1, -2)[:, None] @ flat
        logs = np.log((rotated**2).sum(axis=-1)).reshape((len(flat), -1))
        logs = logs[:, self.linear(n_components, n_features).kept]
        return np.concatenate([skew_entries(cayley(axes)), logs], axis=-1).reshape((*factor.shape[:-3], -1))

    def chart_numbers(self, n_components, n_features):
        """The sums."""
        return self.linear(n_components, n_features).numbers

    def free_constant(self, n_components, n_features):
        """Nothing."""
        return 0.0


def _with_proper_signs(axes):
    """Axes (D, D), as columns, with signs of which ``I + O`` is far from singular.

    By elimination in ``O + E`` with signs E on the diagonal, each chosen so that its pivot is at least one.
    """
    rest, signs = axes.copy(), np.ones(len(axes))
    for i in range(len(axes)):
        signs[i] = 1.0 if rest[i, i] >= 0 else -1.0
        pivot = rest[i, i] + signs[i]
        rest[i + 1 :, i + 1 :] -= np.outer(rest[i + 1 :, i], rest[i, i + 1 :]) / pivot
    return axes * signs


@nb.njit(**COMPILED)
def _axes_of(factors):
    """The common axes of covariances that have such, by their factors (K, D, D): those of a sum of them."""
    n_components, size, _ = factors.shape
    mixed, values, axes = np.zeros((size, size)), np.empty(size), np.empty((size, size))
    for k in range(n_components):
        trace = 0.0
        for i in range(size):
            for j in range(i + 1):
                trace += factors[k, i, j] * factors[k, i, j]
        # no two axes have one sum by the symmetry of anything
        weight = (1.0 + (k * _GOLDEN) % 1.0) / trace
        for i in range(size):
            for j in range(size):
                for h in range(min(i, j) + 1):
                    mixed[i, j] += weight * factors[k, i, h] * factors[k, j, h]
    principal_axes(mixed, values, axes)
    return axes


@nb.njit(**COMPILED)
def _along_common_axes(factor, scatters, totals, n_volumes):
    """Factors of matrices along common axes."""
    matrices = in_units(factor, scatters)
    n_components, size = totals.shape[0], matrices.shape[1]
    pooled, values = np.zeros((size, size)), np.empty(size)
    other, variances = np.empty((size, size)), np.empty((n_components, size))
    for k in range(n_components):
        for i in range(size):
            for j in range(size):
                pooled[i, j] += matrices[k, i, j]
    principal_axes(pooled, values, other)
    axes = _axes_of(factor)
    if height(matrices, totals, n_volumes, other) > height(matrices, totals, n_volumes, axes):
        axes = other
    common_axes(matrices, totals, n_volumes, axes, variances)
    return dense.factors_of(from_axes(axes, variances))
