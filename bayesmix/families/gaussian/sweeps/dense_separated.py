r"""Gibbs sampling with correlated features under the separated prior: full and tied covariances.

Given assignments and covariances, means are normal. Given assignments and means, a covariance is described by the
regression of every feature on those before it,

.. math:: x_i = \varphi_i \cdot x_{<i} + f_i \varepsilon_i,

about the mean. With n rows of scatter C the log-likelihood is
:math:`\sum_i -n \log f_i - t_i^\top C t_i / (2 f_i^2)`, where :math:`t_i = (-\varphi_i, 1)`, so that the coefficients
of one feature are normal. The covariance's factor F has the entries :math:`F_{ij} = \sum_h \varphi_{ih} F_{hj}` before
its diagonal f, and the lengths of its rows are the standard deviations :math:`\sigma_i`. Under log-normal deviations
(log median l, log deviation t) and LKJ correlations the log density of :math:`(\log f, \varphi)` is

.. math:: \sum_i -\frac{(\log \sigma_i - l_i)^2}{2 t^2} - p \log \sigma_i + (p + D - 1 - 2 i) \log f_i,
          \qquad p = 2 (\eta - 1) + D + 1,

with i from 0. In :mod:`bayesmix.families.gaussian.density.dense_separated` is the density of :math:`\log \sigma_i` and
of the ratios of row i to its last entry; to the entries before the diagonal these have the Jacobian :math:`f_i^{-i}`,
and the coefficients have :math:`\prod_i f_i^{D - 1 - i}`.

Coefficients take an elliptical slice step, which starts from the normal distribution and lets the prior choose, and the
logs of f a slice step; neither has anything to tune, and neither costs more where there are more rows. A component
without rows has a draw from the prior.

Nobody integrates the parameters out, so that assignments move one by one and not together. That has sufficed: scales
that are log-normal let no component be very wide or narrow, and chains from one component that has all rows agree with
others on Old Faithful and on galaxies, with up to five components.

Rows may have masses, as in :mod:`bayesmix.families.gaussian.sweeps.dense`.

The prior speaks of columns; labels are drawn in whitened units, where numerical trouble is least.

References
----------
Murray, I., Adams, R. P. and MacKay, D. J. C. (2010). Elliptical slice sampling. Proceedings of Machine Learning
Research 9, 541-548. https://proceedings.mlr.press/v9/murray10a.html
"""

import math

import numba as nb
import numpy as np

from bayesmix.families import sweeps
from bayesmix.families.gaussian.covariance.dense import factors_of, offsets_and_whiteners
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.sweeps import dense
from bayesmix.families.gaussian.units import Units
from bayesmix.families.handed_on import APART, by_type
from bayesmix.families.slices import slice_step
from bayesmix.passes import few_features
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import few_component, invert_lower, tiled_component
from bayesmix.priors.sets import Priors

_sums_of, _nothing_to_complete = dense.sums_of, sweeps.nothing_to_complete
_WIDTH = 3.0  # of a slice, in standard deviations of a logarithm
_JITTER = 1e-10  # of a scatter that rows alone make regular


def numbers_of(structure: Structure, units: Units, priors: Priors) -> tuple:
    """The prior in the units of the columns, with the matrix that leads there from whitened ones, and its inverse."""
    centre, spread = units.centre, units.spread
    means = priors.parts["means"].standardised(centre, spread)
    scales = priors.parts["scales"].standardised(centre, spread)
    to_columns = np.ascontiguousarray(units.scale / spread[:, None])
    own = (np.asarray(part, dtype=float) for part in (means.mean, means.sd, scales.log_mean))
    eta = float(priors.parts["correlations"].eta)
    return to_columns, invert_lower(to_columns[None])[0], *own, float(scales.log_sd), eta


@nb.njit(**APART)
def _log_prior(coefficients, logs, factor, first, log_medians, log_sd, eta):
    """Of the features from ``first`` on; their rows of ``factor`` are filled."""
    n_features = logs.shape[0]
    power, total = 2.0 * (eta - 1.0) + n_features + 1.0, 0.0
    for i in range(first, n_features):
        factor[i, i] = math.exp(logs[i])
        square = factor[i, i] * factor[i, i]
        for j in range(i):
            entry = 0.0
            for h in range(j, i):
                entry += coefficients[i, h] * factor[h, j]
            factor[i, j] = entry
            square += entry * entry
        log_scale = 0.5 * math.log(square)
        z = (log_scale - log_medians[i]) / log_sd
        total += (power + n_features - 1 - 2 * i) * logs[i] - power * log_scale - 0.5 * z * z
    return total


@nb.njit(**APART)
def _log_density_of_log(value, known):
    """Of ``log f_i`` given everything else."""
    i, count, square, coefficients, logs, factor, log_medians, log_sd, eta = known
    logs[i] = value
    of_prior = _log_prior(coefficients, logs, factor, i, log_medians, log_sd, eta)
    return of_prior - count * value - 0.5 * square * math.exp(-2.0 * value)


@nb.njit(**APART)
def _step_of_coefficients(rng, i, half, pseudo, coefficients, logs, factor, log_medians, log_sd, eta):
    """An elliptical slice step of the coefficients of feature i.

    ``half`` is the factor of the scatter with ``pseudo`` (D,) on its diagonal, which make it regular where there are
    few rows; the step takes out again what they add.
    """
    deviation, n = math.exp(logs[i]), i
    now, other, kept = np.empty(n), np.empty(n), coefficients[i, :n].copy()
    for j in range(n):
        total = -half[i, j]
        for h in range(j, n):
            total += half[h, j] * kept[h]
        now[j] = total / deviation
        other[j] = rng.standard_normal()
    level, angle = 0.0, 0.0
    low, high = 0.0, 0.0
    while True:
        cosine, sine = math.cos(angle), math.sin(angle)
        for j in range(n - 1, -1, -1):
            total = half[i, j] + deviation * (cosine * now[j] + sine * other[j])
            for h in range(j + 1, n):
                total -= half[h, j] * coefficients[i, h]
            coefficients[i, j] = total / half[j, j]
        found = _log_prior(coefficients, logs, factor, i, log_medians, log_sd, eta)
        for j in range(n):
            found += 0.5 * pseudo[j] * (coefficients[i, j] / deviation) ** 2
        if low == high:  # where it stands
            level = found - rng.standard_exponential()
            angle = 2.0 * math.pi * rng.random()
            low, high = angle - 2.0 * math.pi, angle
            continue
        if found > level:
            return
        if high - low < 1e-12:
            coefficients[i, :n] = kept
            return
        if angle < 0.0:
            low = angle
        else:
            high = angle
        angle = low + (high - low) * rng.random()


@nb.njit(**APART)
def _step_of_factor(rng, count, scatter, factor, log_medians, log_sd, eta):
    """Steps of a covariance's factor (D, D), which is overwritten, given the scatter about the mean."""
    n_features = factor.shape[0]
    inverse = invert_lower(factor.copy().reshape((1, n_features, n_features)))[0]
    coefficients, logs, pseudo = np.zeros((n_features, n_features)), np.empty(n_features), np.empty(n_features)
    regular = scatter.copy()
    for i in range(n_features):
        logs[i] = math.log(factor[i, i])
        for j in range(i):
            coefficients[i, j] = -factor[i, i] * inverse[i, j]
        pseudo[i] = math.exp(2.0 * log_medians[i]) if count < n_features else _JITTER * scatter[i, i]
        regular[i, i] += pseudo[i]
    half = factors_of(regular.reshape((1, n_features, n_features)))[0]
    width = _WIDTH / math.sqrt(2.0 * count + 1.0 / log_sd**2)
    for i in range(n_features):
        if i > 0:
            _step_of_coefficients(rng, i, half, pseudo, coefficients, logs, factor, log_medians, log_sd, eta)
        square = 0.0
        for j in range(i + 1):
            along = scatter[i, j]
            for h in range(i):
                along -= coefficients[i, h] * (scatter[j, h] if h <= j else scatter[h, j])
            square += along if j == i else -coefficients[i, j] * along
        known = (i, count, max(square, 0.0), coefficients, logs, factor, log_medians, log_sd, eta)
        logs[i] = slice_step(by_type(_log_density_of_log), rng, logs[i], width, known)
    _log_prior(coefficients, logs, factor, 0, log_medians, log_sd, eta)


@nb.njit(**COMPILED)
def _factor_of_prior(rng, factor, log_medians, log_sd, eta):
    """A draw from the prior: rows of a correlation factor as :meth:`bayesmix.priors.LKJ.log_normaliser` has them."""
    n_features = factor.shape[0]
    for i in range(n_features):
        scale = math.exp(log_medians[i] + log_sd * rng.standard_normal())
        length, square = 0.0, 0.0
        factor[i, i] = scale
        if i > 0:
            for j in range(i):
                factor[i, j] = rng.standard_normal()
                length += factor[i, j] ** 2
            before = rng.standard_gamma(0.5 * i)
            after = rng.standard_gamma(eta + 0.5 * (n_features - 1 - i))
            square = before / (before + after)
            factor[i, i] = scale * math.sqrt(after / (before + after))
        for j in range(i):
            factor[i, j] *= scale * math.sqrt(square / length)


@nb.njit(**COMPILED)
def _times(left, right, out):
    """``left right`` of lower triangles."""
    for i in range(left.shape[0]):
        for j in range(i + 1):
            out[i, j] = 0.0
            for h in range(j, i + 1):
                out[i, j] += left[i, h] * right[h, j]


@nb.njit(**COMPILED)
def _add_scatter(factor, second, scatter):
    """Add ``F S F'`` of a lower triangle S, below the diagonal."""
    n_features = factor.shape[0]
    for a in range(n_features):
        for b in range(a + 1):
            for g in range(a + 1):
                for h in range(b + 1):
                    scatter[a, b] += factor[a, g] * factor[b, h] * (second[g, h] if h <= g else second[h, g])


@nb.njit(**COMPILED)
def _draw_mean(rng, mass, total, factor, prior_mean, prior_sd, mean):
    """Overwrite ``mean`` given the mass of the rows, their weighted sum, and the covariance's factor."""
    n_features = mean.shape[0]
    inverse = invert_lower(factor.reshape((1, n_features, n_features)))[0]
    precision, right = np.zeros((1, n_features, n_features)), np.empty(n_features)
    for i in range(n_features):
        right[i] = prior_mean[i] / prior_sd[i] ** 2
        precision[0, i, i] = 1.0 / prior_sd[i] ** 2
    for h in range(n_features):
        along = 0.0
        for j in range(h + 1):
            along += inverse[h, j] * total[j]
        for i in range(h + 1):
            right[i] += inverse[h, i] * along
            for j in range(i + 1):
                precision[0, i, j] += mass * inverse[h, i] * inverse[h, j]
    half = factors_of(precision)[0]
    for i in range(n_features):
        for j in range(i):
            right[i] -= half[i, j] * right[j]
        right[i] /= half[i, i]
    for i in range(n_features - 1, -1, -1):
        mean[i] = right[i] + rng.standard_normal()
        for h in range(i + 1, n_features):
            mean[i] -= half[h, i] * mean[h]
        mean[i] /= half[i, i]


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`; the state is means (K, D) and factors (M, D, D), in whitened units."""
    masses, first, second = sums
    to_columns, to_whitened, prior_mean, prior_sd, log_medians, log_sd, eta = numbers
    n_components, n_features = first.shape
    n_means = n_components * n_features
    means = state[:n_means].reshape((n_components, n_features))
    factors = state[n_means:].reshape((-1, n_features, n_features))
    n_blocks = factors.shape[0]
    before, scatter = np.zeros((n_features, n_features)), np.empty((n_features, n_features))
    total, mean, factor = np.empty(n_features), np.empty(n_features), np.zeros((n_features, n_features))
    for m in range(n_blocks):
        until = m + 1 if n_blocks == n_components else n_components
        _times(to_columns, factors[m], before)
        count = 0.0
        scatter[:] = 0.0
        for k in range(m, until):
            count += counts[k]
            _add_scatter(before, second[k], scatter)
        if count > 0.0:
            factor[:] = before
            _step_of_factor(rng, count, scatter, factor, log_medians, log_sd, eta)
        else:
            _factor_of_prior(rng, factor, log_medians, log_sd, eta)
        for k in range(m, until):
            for i in range(n_features):
                total[i] = 0.0
                for j in range(i + 1):
                    total[i] += masses[k] * to_columns[i, j] * means[k, j] + before[i, j] * first[k, j]
            _draw_mean(rng, masses[k], total, factor, prior_mean, prior_sd, mean)
            for i in range(n_features):
                means[k, i] = 0.0
                for j in range(i + 1):
                    means[k, i] += to_whitened[i, j] * mean[j]
        _times(to_whitened, factor, before)
        factors[m] = before
    offsets, whiteners = offsets_and_whiteners(
        weights.reshape((1, n_components)),
        means.reshape((1, n_components, n_features)),
        factors.reshape((1, n_blocks, n_features, n_features)),
    )
    return offsets, means.copy().reshape((1, n_components, n_features)), whiteners


@nb.njit(**sweeps.ENTRY)
def run(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_without_moves`."""
    return sweeps.run_without_moves(few_component, _nothing_to_complete, _sums_of, draw, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def run_of_many(rng, problem, position, plan):
    """The same of more than four features."""
    return sweeps.run_without_moves(tiled_component, _nothing_to_complete, _sums_of, draw, rng, problem, position, plan)


def entry(n_features: int):
    """The compiled sampler."""
    return run if n_features <= few_features.MOST else run_of_many
