"""Variances of components and features that share volumes or shapes, and are not all one."""

import math
from abc import abstractmethod

import numba as nb
import numpy as np

from bayesmix.families.gaussian.covariance import axis
from bayesmix.families.gaussian.covariance.linear import Linear
from bayesmix.families.gaussian.covariance.uncorrelated import Uncorrelated
from bayesmix.families.gaussian.covariance.volumes import variances_of
from bayesmix.families.parts import ParameterSpec
from bayesmix.passes.blocks import COMPILED


class RestrictedVariances(Uncorrelated):
    """``Sigma_k = lambda_k A_k`` diagonal, with ``|A_k| = 1``; the factor is (K, D), standard deviations.

    The prior is that of free variances with respect to the product of the variances times one ``d log`` for each
    volume and each shape that is free. It is proper, and known up to a constant. The unconstrained values are those
    logs of variances that the others follow from.
    """

    restricted = True
    geometry = "restricted_axis"
    parameter = ParameterSpec("variances", ("component", "feature"), "positive", "root")

    @abstractmethod
    def linear(self, n_components: int, n_features: int) -> Linear:
        """How the logs of variances follow from the free ones."""

    def m_step(self, means, factor, counts, masses, first, second, prior):
        """Means and standard deviations that maximise the expected objective: see ``volumes``."""
        if prior is None:
            prior = axis.no_prior(means.shape[-1])
        volumes = self.n_volumes(len(counts))
        shapes = len(counts) if self.code[1] == "V" else 1
        mean, shrinkage, dof, scale, _ = prior
        return _m_step(means, factor, counts, masses, first, second, mean, shrinkage, dof, scale, volumes, shapes)

    def free_shape(self, n_components, n_features):
        """The free logs of variances, in one vector."""
        return (self.n_free(n_components, n_features),)

    def factor_from_free(self, free, n_components, n_features):
        """Standard deviations of log variances."""
        logs = self.linear(n_components, n_features).all_values(free)
        return np.exp(0.5 * logs).reshape((*free.shape[:-1], n_components, n_features))

    def factor_to_free(self, factor):
        """Log variances of standard deviations."""
        logs = 2 * np.log(factor).reshape((*factor.shape[:-2], -1))
        return logs[..., self.linear(*factor.shape[-2:]).kept]

    def chart_numbers(self, n_components, n_features):
        """The sums."""
        return self.linear(n_components, n_features).numbers


@nb.njit(**COMPILED)
def _m_step(means, deviations, counts, masses, first, second, prior_mean, shrinkage, dof, scale, n_volumes, n_shapes):
    """As :func:`axis.m_step`."""
    moved, scatters = axis.scatters_about_the_mode(
        means, deviations, masses, first, second, prior_mean, shrinkage, scale
    )
    totals = counts + 1.0 + dof + 2.0 if shrinkage > 0 else counts
    out = np.empty(scatters.shape)
    for k in range(scatters.shape[0]):
        for j in range(scatters.shape[1]):
            scatters[k, j] *= deviations[k, j] * deviations[k, j]
    variances_of(scatters, totals, n_volumes, n_shapes, out)
    for k in range(scatters.shape[0]):
        for j in range(scatters.shape[1]):
            out[k, j] = math.sqrt(out[k, j]) if out[k, j] > 0 else math.nan
    return moved, out
