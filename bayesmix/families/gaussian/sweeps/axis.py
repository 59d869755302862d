r"""Gibbs sampling with uncorrelated features: diag, spherical and EEI under the normal-inverse-gamma prior.

With the statistics of :mod:`bayesmix.families.gaussian.covariance.axis`: a variance that g entries of a row share has,
about the means' mode, the scatter S and :math:`\nu + g \sum_k n_k` degrees of freedom,

.. math:: \sigma^2 = S / \chi^2, \qquad
   \text{mean}_{kj} \mid \sigma^2 \sim N(\text{mode}_{kj}, \sigma^2 / (n_k + \kappa)).

Rows may have masses, as in :mod:`bayesmix.families.gaussian.sweeps.dense`.
"""

import math

import numba as nb
import numpy as np
from scipy.special import gammaln

from bayesmix.families import sweeps, telescoping
from bayesmix.families.gaussian.covariance.axis import offsets_and_whiteners, scatters_about_the_mode
from bayesmix.families.gaussian.sweeps.masses import mass_of
from bayesmix.families.parts import NOTHING_SHARED
from bayesmix.passes.axis import component
from bayesmix.passes.blocks import COMPILED


def numbers_of(prior, n_rows: int) -> tuple:
    """The prior as the functions below take it, with ``log Gamma((nu + g (n + 1))/2) - log Gamma((nu + g n)/2)``.

    ``g`` entries of a row share a variance: one, or all.
    """
    sharing = prior.mean.size // prior.scale.size
    powers = 0.5 * (prior.dof + sharing * np.arange(n_rows + 2.0))
    return (*prior, np.diff(gammaln(powers)) - 0.5 * sharing * np.log(np.pi))


def known_of_no_rows(numbers: tuple, shared: bool) -> tuple[int, np.ndarray]:
    """Length of what is known of a component, and what is known of that which all share."""
    cloud, scatter = 1 + numbers[0].size, np.empty(1 + numbers[3].size)
    if not shared:
        return cloud + scatter.size, NOTHING_SHARED
    _begin_scatter(scatter, numbers)
    return cloud, scatter


@nb.njit(**COMPILED)
def sums_of(labels, columns, n_components, form):
    """See :mod:`bayesmix.families.sweeps`: masses and whitened moments.

    As :func:`bayesmix.passes.student.accumulate` has them.
    """
    means, whiteners = form[1], form[2]
    n_features, n_rows = means.shape[2], columns.shape[1]
    counts, masses, first = np.zeros(n_components), np.zeros(n_components), np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features))
    for i in range(n_rows):
        k, mass = labels[i], mass_of(columns, i, n_features)
        counts[k] += 1.0
        masses[k] += mass
        for j in range(n_features):
            y = whiteners[0, k, j] * (columns[j, i] - means[0, k, j])
            weighted = mass * y
            first[k, j] += weighted
            second[k, j] += weighted * y
    return counts, (masses, first, second)


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`; the state is means (K, D) and standard deviations (M, B)."""
    masses, first, second = sums
    prior_mean, shrinkage, dof, scale, _, _ = numbers
    n_components, n_features = first.shape
    width, n_means = scale.shape[0], n_components * n_features
    means = state[:n_means].reshape((n_components, n_features))
    deviations = state[n_means:].reshape((-1, width))
    n_blocks, sharing = deviations.shape[0], n_features // width
    modes, scatters = scatters_about_the_mode(means, deviations, masses, first, second, prior_mean, shrinkage, scale)
    for m in range(n_blocks):
        known = dof + sharing * (counts[m] if n_blocks == n_components else counts.sum())
        for b in range(width):
            deviations[m, b] *= math.sqrt(0.5 * scatters[m, b] / rng.standard_gamma(0.5 * known))
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        spread = 1.0 / math.sqrt(masses[k] + shrinkage)
        for j in range(n_features):
            deviation = deviations[m, j if width == n_features else 0]
            means[k, j] = modes[k, j] + spread * deviation * rng.standard_normal()
    return form_of(weights, numbers, state)


@nb.njit(**COMPILED)
def form_of(weights, numbers, state):
    """See :mod:`bayesmix.families.telescoping`."""
    n_components, n_features, width = weights.shape[0], numbers[0].shape[0], numbers[3].shape[0]
    n_means = n_components * n_features
    means, deviations = state[:n_means].reshape((n_components, n_features)), state[n_means:].reshape((-1, width))
    offsets, whiteners = offsets_and_whiteners(
        weights.reshape((1, n_components)),
        means.reshape((1, n_components, n_features)),
        deviations.reshape((1, *deviations.shape)),
    )
    return offsets, means.copy().reshape((1, n_components, n_features)), whiteners


@nb.njit(**COMPILED)
def begin(known, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`; ``known``: of the cloud a mass and means, and what is known of its scatter.

    The prior is among them.
    """
    begin_pooled(known, numbers, form, k)
    _begin_scatter(known[1 + numbers[0].shape[0] :], numbers)


@nb.njit(**COMPILED)
def predictive(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    return predictive_pooled(known, known[1 + numbers[0].shape[0] :], columns, i, numbers, form, k)


@nb.njit(**COMPILED)
def add(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    add_pooled(known, known[1 + numbers[0].shape[0] :], columns, i, numbers, form, k)


@nb.njit(**COMPILED)
def _begin_scatter(scatter, numbers):
    """Let ``scatter`` stand for no rows: n, and scatters (B,)."""
    scale = numbers[3]
    scatter[0] = 0.0
    scatter[1 : 1 + scale.shape[0]] = scale


@nb.njit(**COMPILED)
def begin_pooled(known, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`: a mass and means, the scatters about the means being known of all."""
    known[0] = numbers[1]
    known[1 : 1 + numbers[0].shape[0]] = numbers[0]


@nb.njit(**COMPILED)
def predictive_pooled(known, scatter, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`: Student-t, one for each variance."""
    prior_mean, _, dof, scale, _, ratios = numbers
    n_features, width = prior_mean.shape[0], scale.shape[0]
    mass = mass_of(columns, i, n_features)
    count, share = int(scatter[0]), mass * known[0] / (known[0] + mass)
    sharing = n_features // width
    log_density, power = width * ratios[count] + 0.5 * n_features * math.log(share), 0.5 * (dof + sharing * (count + 1))
    for b in range(width):
        square, of_seen = 0.0, scatter[1 + b]
        for j in range(b * sharing, (b + 1) * sharing):
            square += (columns[j, i] - known[1 + j]) ** 2
        log_density -= 0.5 * sharing * math.log(of_seen) + power * math.log1p(share * square / of_seen)
    return log_density


@nb.njit(**COMPILED)
def add_pooled(known, scatter, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    n_features, width = numbers[0].shape[0], numbers[3].shape[0]
    mass = mass_of(columns, i, n_features)
    total = known[0] + mass
    share = mass * known[0] / total
    for j in range(n_features):
        centred = columns[j, i] - known[1 + j]
        scatter[1 + (j if width == n_features else 0)] += share * centred**2
        known[1 + j] += mass / total * centred
    known[0] = total
    scatter[0] += 1.0


@nb.njit(**sweeps.ENTRY)
def run_free(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run` where every component has variances of its own."""
    return sweeps.run(component, sums_of, draw, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def run_shared(rng, problem, position, plan):
    """The same where all share them."""
    return sweeps.run(
        component, sums_of, draw, begin_pooled, predictive_pooled, add_pooled, rng, problem, position, plan
    )


@nb.njit(**sweeps.ENTRY)
def telescope_free(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run` where every component has variances of its own."""
    return telescoping.run(component, sums_of, draw, form_of, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def telescope_shared(rng, problem, position, plan):
    """The same where all share them."""
    return telescoping.run(
        component, sums_of, draw, form_of, begin_pooled, predictive_pooled, add_pooled, rng, problem, position, plan
    )


def entries(n_features: int, shared: bool) -> tuple:
    """The compiled samplers of a given and of an unknown number of components."""
    return (run_shared, telescope_shared) if shared else (run_free, telescope_free)
