r"""Gibbs sampling with uncorrelated features under the separated prior: diag, spherical and EEI.

Given assignments and standard deviations, means are normal. Given assignments and means, the log of a standard
deviation that n numbers share, whose squares about their means sum to S, has the log density

.. math:: -n \log \sigma - \frac{S}{2 \sigma^2} - \frac{(\log \sigma - l)^2}{2 t^2}

and takes a slice step. Rows may have masses, as in :mod:`bayesmix.families.gaussian.sweeps.dense`. Assignments do not
move together: see :mod:`bayesmix.families.gaussian.sweeps.dense_separated`.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families import sweeps
from bayesmix.families.gaussian.covariance.axis import offsets_and_whiteners
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.sweeps import axis
from bayesmix.families.gaussian.units import Units
from bayesmix.families.handed_on import APART, by_type
from bayesmix.families.slices import slice_step
from bayesmix.passes.axis import component
from bayesmix.passes.blocks import COMPILED
from bayesmix.priors.sets import Priors

_sums_of, _nothing_to_complete = axis.sums_of, sweeps.nothing_to_complete
_WIDTH = 3.0  # of a slice, in standard deviations of a logarithm


def numbers_of(structure: Structure, units: Units, priors: Priors) -> tuple:
    """The prior in standardised units."""
    scale = structure.common_scale(units.spread)
    means = priors.parts["means"].standardised(units.centre, scale)
    scales = priors.parts["scales"].standardised(units.centre, scale)
    own = (np.atleast_1d(np.asarray(part, dtype=float)) for part in (means.mean, means.sd, scales.log_mean))
    return *own, float(scales.log_sd)


@nb.njit(**APART)
def _log_density(log_scale, known):
    count, square, log_median, log_sd = known
    z = (log_scale - log_median) / log_sd
    return -count * log_scale - 0.5 * square * math.exp(-2.0 * log_scale) - 0.5 * z * z


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`; the state is means (K, D) and standard deviations (M, B)."""
    masses, first, second = sums
    prior_mean, prior_sd, log_medians, log_sd = numbers
    n_components, n_features = first.shape
    width, n_means = log_medians.shape[0], n_components * n_features
    means = state[:n_means].reshape((n_components, n_features))
    deviations = state[n_means:].reshape((-1, width))
    n_blocks, sharing = deviations.shape[0], n_features // width
    before = deviations.copy()
    for m in range(n_blocks):
        until = m + 1 if n_blocks == n_components else n_components
        for b in range(width):
            count, square = 0.0, 0.0
            for k in range(m, until):
                count += sharing * counts[k]
                for j in range(b * sharing, (b + 1) * sharing):
                    square += second[k, j]
            if count > 0.0:
                known = (count, square * before[m, b] ** 2, log_medians[b], log_sd)
                slice_width = _WIDTH / math.sqrt(2.0 * count + 1.0 / log_sd**2)
                log_scale = slice_step(by_type(_log_density), rng, math.log(before[m, b]), slice_width, known)
            else:
                log_scale = log_medians[b] + log_sd * rng.standard_normal()
            deviations[m, b] = math.exp(log_scale)
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        for j in range(n_features):
            b = j if width == n_features else 0
            of_rows = 1.0 / deviations[m, b] ** 2
            of_prior = 1.0 / prior_sd[j] ** 2
            precision = masses[k] * of_rows + of_prior
            total = masses[k] * means[k, j] + before[m, b] * first[k, j]
            centre = (total * of_rows + prior_mean[j] * of_prior) / precision
            means[k, j] = centre + rng.standard_normal() / math.sqrt(precision)
    offsets, whiteners = offsets_and_whiteners(
        weights.reshape((1, n_components)),
        means.reshape((1, n_components, n_features)),
        deviations.reshape((1, n_blocks, width)),
    )
    return offsets, means.copy().reshape((1, n_components, n_features)), whiteners


@nb.njit(**sweeps.ENTRY)
def run(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_without_moves`."""
    return sweeps.run_without_moves(component, _nothing_to_complete, _sums_of, draw, rng, problem, position, plan)


def entry(n_features: int):
    """The compiled sampler."""
    return run
