r"""Gibbs sampling with correlated features: full and tied covariances under the normal-inverse-Wishart prior.

With the statistics of :mod:`bayesmix.families.gaussian.covariance.dense`, in whitened units: the scatter
:math:`T T^\top` about the means' mode, of :math:`\nu_m = \nu + \sum_k n_k` degrees of freedom over the components that
share factor m, and the mode of the means,

.. math:: \Sigma_m = L T W^{-1} T^\top L^\top, \quad W \sim \text{Wishart}(\nu_m, I), \qquad
   \text{mean}_k \mid \Sigma_m \sim N(\text{mode}_k, \Sigma_m / (n_k + \kappa)).

Bartlett's decomposition with the features in reverse is :math:`W = V^\top V`, V lower triangular with normal entries
and :math:`V_{ii}^2 \sim \chi^2_{\nu_m - D + 1 + i}` (i from 0), so that :math:`L T V^{-1}` is the factor sought.

Rows may have a mass, in a column behind those of the data: one of mass u has the covariance :math:`\Sigma_m / u`, as
Student-t components make them. Moments are then weighted, and a mean is known by the sum of the masses in the place of
:math:`n_k`; degrees of freedom are still counts.
"""

import math

import numba as nb
import numpy as np
from scipy.special import gammaln

from bayesmix.families import sweeps, telescoping
from bayesmix.families.gaussian.covariance.dense import factors_of, offsets_and_whiteners, scatters_about_the_mode
from bayesmix.families.gaussian.sweeps.masses import mass_of
from bayesmix.families.parts import NOTHING_SHARED
from bayesmix.passes import few_features
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import few_component, invert_lower, tiled_component


def numbers_of(prior, n_rows: int) -> tuple:
    """The prior as the functions below take it, with ``log Gamma((nu + n + 1)/2) - log Gamma((nu + n + 1 - D)/2)``."""
    n_features, after = prior.mean.size, prior.dof + 1.0 + np.arange(n_rows + 1)
    ratios = gammaln(0.5 * after) - gammaln(0.5 * (after - n_features)) - 0.5 * n_features * np.log(np.pi)
    return (*prior, ratios)


def known_of_no_rows(numbers: tuple, shared: bool) -> tuple[int, np.ndarray]:
    """Length of what is known of a component, and what is known of that which all share."""
    n_features = numbers[0].size
    cloud, scatter = 1 + n_features, np.empty(2 + n_features**2 + n_features)
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
    second, y = np.zeros((n_components, n_features, n_features)), np.empty(n_features)
    for i in range(n_rows):
        k, mass = labels[i], mass_of(columns, i, n_features)
        counts[k] += 1.0
        masses[k] += mass
        for a in range(n_features):
            y[a] = 0.0
            for b in range(a + 1):
                y[a] += whiteners[0, k, a, b] * (columns[b, i] - means[0, k, b])
            weighted = mass * y[a]
            first[k, a] += weighted
            for b in range(a + 1):
                second[k, a, b] += weighted * y[b]
    return counts, (masses, first, second)


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`; the state is means (K, D) and factors (M, D, D)."""
    masses, first, second = sums
    prior_mean, shrinkage, dof, half_scale, constant, _ = numbers
    n_components, n_features = first.shape
    n_means = n_components * n_features
    means = state[:n_means].reshape((n_components, n_features))
    factors = state[n_means:].reshape((-1, n_features, n_features))
    n_blocks = factors.shape[0]
    modes, scatters, _ = scatters_about_the_mode(
        means, factors, counts, masses, first, second, prior_mean, shrinkage, dof, half_scale, constant
    )
    halves = factors_of(scatters)
    roots = np.zeros((n_blocks, n_features, n_features))
    for m in range(n_blocks):
        known = dof + (counts[m] if n_blocks == n_components else counts.sum())
        for i in range(n_features):
            for j in range(i):
                roots[m, i, j] = rng.standard_normal()
            roots[m, i, i] = math.sqrt(2.0 * rng.standard_gamma(0.5 * (known - n_features + 1 + i)))
    inverses = invert_lower(roots)
    middle = np.zeros((n_features, n_features))
    for m in range(n_blocks):
        for i in range(n_features):
            for j in range(i + 1):
                middle[i, j] = 0.0
                for h in range(j, i + 1):
                    middle[i, j] += halves[m, i, h] * inverses[m, h, j]
        for i in range(n_features - 1, -1, -1):  # from below: what is read is not yet written
            for j in range(i + 1):
                total = 0.0
                for h in range(j, i + 1):
                    total += factors[m, i, h] * middle[h, j]
                roots[m, i, j] = total
        factors[m] = roots[m]
    normal = np.empty(n_features)
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        spread = 1.0 / math.sqrt(masses[k] + shrinkage)
        for i in range(n_features):
            normal[i] = spread * rng.standard_normal()
            means[k, i] = modes[k, i]
            for j in range(i + 1):
                means[k, i] += factors[m, i, j] * normal[j]
    return form_of(weights, numbers, state)


@nb.njit(**COMPILED)
def form_of(weights, numbers, state):
    """See :mod:`bayesmix.families.telescoping`."""
    n_components, n_features = weights.shape[0], numbers[0].shape[0]
    n_means = n_components * n_features
    means = state[:n_means].reshape((n_components, n_features))
    factors = state[n_means:].reshape((-1, n_features, n_features))
    offsets, whiteners = offsets_and_whiteners(
        weights.reshape((1, n_components)),
        means.reshape((1, n_components, n_features)),
        factors.reshape((1, *factors.shape)),
    )
    return offsets, means.copy().reshape((1, n_components, n_features)), whiteners


@nb.njit(**COMPILED)
def begin(known, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`; ``known``: of the cloud a mass and a mean, and what is known of its scatter.

    The prior is among them, as a mass of kappa at its mean with the scatter Lambda.
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
    """Let ``scatter`` stand for no rows: n, ``log |C|`` and the factor C of the scatter.

    What the functions below would have to reserve, for every row, is at the end.
    """
    half_scale = numbers[3]
    n_features = half_scale.shape[0]
    scatter[0], scatter[1] = 0.0, 0.0
    place = 2
    for a in range(n_features):
        scatter[1] += math.log(half_scale[a, a])
        for b in range(n_features):
            scatter[place] = half_scale[a, b]
            place += 1


@nb.njit(**COMPILED)
def begin_pooled(known, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`: a mass and a mean, the scatter about the means being known of all."""
    known[0] = numbers[1]
    known[1 : 1 + numbers[0].shape[0]] = numbers[0]


@nb.njit(**COMPILED)
def predictive_pooled(known, scatter, columns, i, numbers, form, k):
    r"""See :mod:`bayesmix.families.sweeps`: Student-t, of dispersion :math:`C C^\top (1 / c + 1 / u)`.

    c is the mass that is known, u the row's.
    """
    n_features, dof, ratios = numbers[0].shape[0], numbers[2], numbers[5]
    mass = mass_of(columns, i, n_features)
    count, share = int(scatter[0]), mass * known[0] / (known[0] + mass)
    row, residual, square = 2, 2 + n_features**2, 0.0
    for a in range(n_features):
        rest = columns[a, i] - known[1 + a]
        for b in range(a):
            rest -= scatter[row + b] * scatter[residual + b]
        rest /= scatter[row + a]
        scatter[residual + a] = rest
        square += rest * rest
        row += n_features
    power = 0.5 * (dof + count + 1.0)
    return ratios[count] + 0.5 * n_features * math.log(share) - scatter[1] - power * math.log1p(share * square)


@nb.njit(**COMPILED)
def add_pooled(known, scatter, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`: the factor by a rank-one update, a rotation for each column."""
    n_features = numbers[0].shape[0]
    mass = mass_of(columns, i, n_features)
    total = known[0] + mass
    change, share, scale = 2 + n_features**2, mass / total, math.sqrt(mass * known[0] / total)
    for a in range(n_features):
        centred = columns[a, i] - known[1 + a]
        known[1 + a] += share * centred
        scatter[change + a] = scale * centred
    known[0] = total
    scatter[0] += 1.0
    scatter[1] = 0.0
    for b in range(n_features):
        place = 2 + b * n_features + b
        radius = math.sqrt(scatter[place] ** 2 + scatter[change + b] ** 2)
        cosine, sine = scatter[place] / radius, scatter[change + b] / radius
        scatter[place] = radius
        scatter[1] += math.log(radius)
        for a in range(b + 1, n_features):
            place += n_features
            was = scatter[place]
            scatter[place] = cosine * was + sine * scatter[change + a]
            scatter[change + a] = cosine * scatter[change + a] - sine * was


@nb.njit(**sweeps.ENTRY)
def run_free(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run` where every component has a covariance of its own."""
    return sweeps.run(few_component, sums_of, draw, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def run_free_of_many(rng, problem, position, plan):
    """The same of more than four features."""
    return sweeps.run(tiled_component, sums_of, draw, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def run_shared(rng, problem, position, plan):
    """The same where all share one."""
    return sweeps.run(
        few_component, sums_of, draw, begin_pooled, predictive_pooled, add_pooled, rng, problem, position, plan
    )


@nb.njit(**sweeps.ENTRY)
def run_shared_of_many(rng, problem, position, plan):
    """The same of more than four features."""
    return sweeps.run(
        tiled_component, sums_of, draw, begin_pooled, predictive_pooled, add_pooled, rng, problem, position, plan
    )


@nb.njit(**sweeps.ENTRY)
def telescope_free(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run` where every component has a covariance of its own."""
    return telescoping.run(few_component, sums_of, draw, form_of, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def telescope_free_of_many(rng, problem, position, plan):
    """The same of more than four features."""
    return telescoping.run(
        tiled_component, sums_of, draw, form_of, begin, predictive, add, rng, problem, position, plan
    )


@nb.njit(**sweeps.ENTRY)
def telescope_shared(rng, problem, position, plan):
    """The same where all share one."""
    return telescoping.run(
        few_component, sums_of, draw, form_of, begin_pooled, predictive_pooled, add_pooled, rng, problem, position, plan
    )


@nb.njit(**sweeps.ENTRY)
def telescope_shared_of_many(rng, problem, position, plan):
    """The same of more than four features."""
    return telescoping.run(
        tiled_component,
        sums_of,
        draw,
        form_of,
        begin_pooled,
        predictive_pooled,
        add_pooled,
        rng,
        problem,
        position,
        plan,
    )


def entries(n_features: int, shared: bool) -> tuple:
    """The compiled samplers of a given and of an unknown number of components.

    Few features are worked otherwise than many, what is shared otherwise than what is not.
    """
    if n_features <= few_features.MOST:
        return (run_shared, telescope_shared) if shared else (run_free, telescope_free)
    if shared:
        return run_shared_of_many, telescope_shared_of_many
    return run_free_of_many, telescope_free_of_many
