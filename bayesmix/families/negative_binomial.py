r"""The negative binomial family: independent counts that vary more than those of one rate.

With a rate :math:`\mu` and a dispersion :math:`\alpha`, the log probability of a count x is

.. math:: \log f(x) = \sum_{m=0}^{x-1} \log(1 + \alpha m) + x \log \mu - \Bigl(x + \frac 1 \alpha\Bigr)
          \log(1 + \alpha \mu) - \log x!

The first sum is :math:`\log \Gamma(x + 1/\alpha) - \log \Gamma(1/\alpha) + x \log \alpha`. As that difference loses all
digits when :math:`\alpha` is small, it is formed nowhere: down to zero, the Poisson distribution, everything here is
exact to rounding.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

import numba as nb
import numpy as np
from scipy.special import betainc, gammaln, pdtr

from bayesmix.data import Rows
from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.families import sweeps
from bayesmix.families.by_value import ByValue, Lookup
from bayesmix.families.parts import ParameterSpec, Params, State, Summary
from bayesmix.families.slices import slice_step
from bayesmix.passes import by_value
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import IMPOSSIBLE
from bayesmix.priors.numbers import DataSummary
from bayesmix.priors.rates import Gamma
from bayesmix.vocabulary import named_arguments

_ONE_BY_ONE = (
    32  # terms of a sum that are added as they are; beyond, Euler and Maclaurin's formula is exact to rounding
)
_POISSON = 1e-9  # a dispersion that makes no difference to probabilities
_LOWEST, _HIGHEST = 1e-12, 1e8  # dispersions between which a mode is looked for
_NO_COUNT = 1e-100  # a mean whose square is no zero
_TURNS = 50  # between rates and dispersions, which hardly move each other


@named_arguments
@dataclass(frozen=True)
class NegativeBinomial(ByValue):
    r"""Independent counts with spread: :math:`x_{ij} \mid z_i = k \sim \text{NegativeBinomial}(\mu_{kj}, \alpha_{kj})`.

    Counts around a rate that is not the same for every row: it is gamma distributed with mean :math:`\mu` and squared
    coefficient of variation :math:`\alpha`. So the mean count is the rate :math:`\mu`, and the variance
    :math:`\mu + \alpha \mu^2`. A dispersion :math:`\alpha` of zero is the Poisson distribution, which maximum
    likelihood reaches where a group varies no more than that; one is the geometric distribution. SciPy and
    others write for it a number of failures, or shape, :math:`1/\alpha`, and a probability :math:`1/(1 + \alpha \mu)`.

    Default priors are :class:`bayesmix.priors.Gamma`: of rates as in :class:`bayesmix.Poisson`; of dispersions with
    shape 2 and a mean scaled by the column. What a column varies beyond one rate is the groups' differences and the
    spread within them, and the prior mean gives half of it to the latter:

    .. math:: \operatorname{E} \alpha_{kj} = \frac{\max(s_j^2 - \bar x_j, \bar x_j)}{2 \bar x_j^2},

    with the column's mean :math:`\bar x` and variance :math:`s^2`. Its 95 % reach from an eighth of that
    to nearly three times as much. The rows of a Poisson group bring it as close to zero as they can tell.

    References
    ----------
    Lawless, J. F. (1987). Negative binomial and mixed Poisson regression. Canadian Journal of Statistics 15, 209-225.
    https://doi.org/10.2307/3314912

    Examples
    --------
    >>> import bayesmix as bm
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> calls = rng.poisson(rng.gamma(2, np.repeat([1, 15], 400)))
    >>> em = bm.Mixture(2, bm.NegativeBinomial()).fit_em(calls, random_seed=1)
    >>> em.params["rates"].round().ravel().tolist()
    [29.0, 2.0]
    >>> em.params["dispersions"].round(1).ravel().tolist()
    [0.5, 0.4]
    """

    word: ClassVar[str] = "negative-binomial"
    words: ClassVar[str] = "Counts that vary around a rate of its own in every column (negative binomial distributions)"
    table: ClassVar[tuple[ParameterSpec, ...]] = (
        ParameterSpec("rates", ("component", "feature"), "nonnegative"),
        ParameterSpec("dispersions", ("component", "feature"), "nonnegative"),
    )
    prior_forms: ClassVar[tuple[Mapping[str, Any], ...]] = ({"rates": Gamma(), "dispersions": Gamma()},)
    no_prior: ClassVar[tuple[float, ...]] = (1.0, 0.0, 1.0, 0.0)

    @property
    @override
    def lookup(self) -> Lookup:
        return _LOOKUP

    @override
    def numbers_of(self, *priors: Any) -> tuple[Any, ...]:
        rates, dispersions = priors
        return rates.shape, rates.rate, dispersions.shape, dispersions.rate

    @override
    def log_constants(self, *priors: Any) -> tuple[Any, ...]:
        return tuple(np.asarray(a) * np.log(b) - gammaln(a) for a, b in ((one.shape, one.rate) for one in priors))

    @override
    def typical(self, part: str, summary: DataSummary) -> DataSummary:
        if part != "dispersions":
            return summary
        mean = np.maximum(summary.mean, _NO_COUNT)
        half = np.maximum(np.diag(summary.covariance) - mean, mean) / (2 * mean**2)
        return DataSummary(half, np.zeros_like(summary.covariance))

    @override
    def guess(self, mean: np.ndarray, variance: np.ndarray) -> State:
        mean = np.maximum(mean, _NO_COUNT)
        return mean, np.maximum(variance - mean, 0.1 * mean) / mean**2

    @override
    def draw(self, rng: np.random.Generator, *parameters: np.ndarray) -> np.ndarray:
        rates, dispersions = parameters
        spread = np.maximum(dispersions, _POISSON)
        return rng.poisson(np.where(dispersions > _POISSON, rng.gamma(1 / spread, spread), 1.0) * rates)

    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Rates, and variances ``rate + dispersion rate^2``.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        locations : (..., K, D) array
        covariances : (..., K, D, D) array
        """
        rates, dispersions = self.values_of(params)
        return rates, (rates + dispersions * rates**2)[..., None] * np.eye(rates.shape[-1])

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray:
        rates, dispersions = self.values_of(params)
        below = np.floor(np.asarray(values)[..., None, :])
        up_to, spread = np.maximum(below, 0), np.maximum(dispersions, _POISSON)
        found = np.where(
            dispersions > _POISSON, betainc(1 / spread, up_to + 1, 1 / (1 + spread * rates)), pdtr(up_to, rates)
        )
        return np.where(below < 0, 0.0, found)

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        rates, dispersions = (part[:, :, None] for part in parameters)
        n_features = parameters[0].shape[1]
        seen, counts = columns[:n_features] < columns[-1:], columns[n_features : 2 * n_features]
        shapes = 1 / dispersions
        logs = ops.gammaln(counts + shapes) - ops.gammaln(shapes) - ops.gammaln(counts + 1)
        logs = logs + counts * ops.log(dispersions * rates) - (counts + shapes) * ops.log1p(dispersions * rates)
        return ops.logsumexp(log_weights[:, None] + (seen * logs).sum(axis=1), axis=0)

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        rates, dispersions = self.values_of(params)
        deviations = np.sqrt(rates + dispersions * rates**2)
        return (
            Summary("rate", "rate", "rates", rows.labels, rates),
            Summary("spread", "spread", "spreads", rows.labels, deviations),
            Summary("dispersion", "dispersion", "dispersions", rows.labels, dispersions),
        )


@nb.njit(**COMPILED)
def _bent(u):
    """``(u - log(1 + u)) / u^2``, one half at zero."""
    if u > 0.02:
        return (u - math.log1p(u)) / (u * u)
    return 1 / 2 - u * (1 / 3 - u * (1 / 4 - u * (1 / 5 - u * (1 / 6 - u * (1 / 7 - u * (1 / 8 - u / 9))))))


@nb.njit(**COMPILED)
def _rise(low, high, a):
    """``sum log(1 + a m)`` over whole m from ``low`` up to, and without, ``high``; and its slope in ``a``."""
    value, slope, product, m = 0.0, 0.0, 1.0, low
    stop = high if high - low <= _ONE_BY_ONE else min(high, max(low, float(_ONE_BY_ONE)))
    while m < stop:
        factor = 1.0 + a * m
        slope += m / factor
        product *= factor
        if product > 1e150:
            value += math.log(product)
            product = 1.0
        m += 1.0
    value += math.log(product)
    if m < high:
        more, steeper = _antiderivative(high, a)
        less, flatter = _antiderivative(m, a)
        value += more - less
        slope += steeper - flatter
    return value, slope


@nb.njit(**COMPILED)
def _antiderivative(m, a):
    """What sums over whole m differ by, of ``log(1 + a m)`` and ``m / (1 + a m)``, by Euler and Maclaurin's formula.

    The integral, less half a term, and the first three corrections by odd derivatives; the next one is below
    ``6e-4 / m^7``.
    """
    up, square = 1.0 + a * m, a * a
    log, bent = math.log1p(a * m), _bent(a * m)
    t = a / up  # 1 / (m + 1 / a)
    of_logs = m * log - a * m * m * bent - 0.5 * log + t * (1 / 12 - t * t * (1 / 360 - t * t / 1260))
    s = 1.0 / (up * up)
    of_slopes = m * m * bent - 0.5 * m / up + s * (1 / 12 - s * square * (1 / 120 - s * square / 252))
    return of_logs, of_slopes


@nb.njit(**COMPILED)
def logs(values, owners, rates, dispersions):
    """See :class:`~bayesmix.families.by_value.ByValue`."""
    n_components, n_places = rates.shape[0], values.shape[0]
    table = np.zeros((n_components, n_places))
    for place in range(n_places - 1):
        if owners[place] >= 0:
            table[:, place] = -math.lgamma(values[place] + 1.0)
    for k in range(n_components):
        owner, before, sum_of_logs, log_rate, log_up, none = -1, 0.0, 0.0, 0.0, 0.0, 0.0
        for place in range(n_places - 1):
            j, x = owners[place], values[place]
            if j < 0:
                continue
            a = dispersions[k, j]
            if j != owner:
                owner, before, sum_of_logs = j, 0.0, 0.0
                u = a * rates[k, j]
                log_rate, log_up = math.log(rates[k, j]), math.log1p(u)
                none = -rates[k, j] * (1.0 - u * _bent(u))  # log(1 + a rate) / a
            sum_of_logs += _rise(before, x, a)[0]
            before = x
            table[k, place] += none
            if x > 0.0:
                if rates[k, j] == 0.0:
                    table[k, place] = IMPOSSIBLE
                else:
                    table[k, place] += sum_of_logs + x * (log_rate - log_up)
            if not (a >= 0.0 and rates[k, j] >= 0.0):
                table[k, place] = math.nan
    return table


@nb.njit(**COMPILED)
def _rate_slope(count, total, rate, a):
    """Of the log-likelihood of so many cells with this total; where no cell has a count, a rate of zero is possible."""
    excess = (total / rate if total > 0.0 else 0.0) - count
    return excess / (1.0 + a * rate)


@nb.njit(**COMPILED)
def _dispersion_slope(histogram, values, begin, end, count, total, rate, a):
    """The same in the dispersion."""
    u = a * rate
    slope = count * rate * rate * (1.0 / (1.0 + u) - _bent(u)) - total * rate / (1.0 + u)
    before, of_sum = 0.0, 0.0
    for place in range(begin, end):
        if histogram[place] > 0.0:
            of_sum += _rise(before, values[place], a)[1]
            before = values[place]
            slope += histogram[place] * of_sum
    return slope


@nb.njit(**COMPILED)
def _log_likelihood(histogram, values, begin, end, count, total, rate, a):
    """Of the dispersion, up to what does not depend on it."""
    u = a * rate
    value = -count * rate * (1.0 - u * _bent(u)) - total * math.log1p(u)
    before, of_sum = 0.0, 0.0
    for place in range(begin, end):
        if histogram[place] > 0.0:
            of_sum += _rise(before, values[place], a)[0]
            before = values[place]
            value += histogram[place] * of_sum
    return value


@nb.njit(**COMPILED)
def _totals(histogram, values, begin, end):
    """Number of cells, and the sum of their counts."""
    count, total = 0.0, 0.0
    for place in range(begin, end):
        count += histogram[place]
        total += histogram[place] * values[place]
    return count, total


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, log_weights, rates, dispersions):
    """See :class:`~bayesmix.families.by_value.ByValue`."""
    n_components, n_features = rates.shape
    values, owners = by_value.distinct(columns, n_features)
    table = logs(values, owners, rates, dispersions)
    value, counts, histograms = by_value.accumulate(columns, row_weights, log_weights, table, n_features)
    of_rates, of_dispersions = np.zeros(rates.shape), np.zeros(rates.shape)
    for k in range(n_components):
        begin = 0
        for j in range(n_features):
            end = begin
            # places of values that no row here has belong to the column whose values stand around them
            while end < owners.shape[0] - 1 and (owners[end] == j or owners[end] < 0):
                end += 1
            count, total = _totals(histograms[k], values, begin, end)
            of_rates[k, j] = _rate_slope(count, total, rates[k, j], dispersions[k, j])
            of_dispersions[k, j] = _dispersion_slope(
                histograms[k], values, begin, end, count, total, rates[k, j], dispersions[k, j]
            )
            begin = end
    return value, counts, histograms, of_rates, of_dispersions


@nb.njit(**COMPILED)
def _rate_mode(count, total, a, shape, rate_of_prior):
    """Where ``total / mu - (count + ...)`` meets the prior's slope: the root of ``b a mu^2 + c mu - d``.

    ``d = total + shape - 1`` and ``c = count + b - (shape - 1) a``; without a prior, the mean.
    """
    d = max(total + shape - 1.0, 0.0)
    c, quadratic = count + rate_of_prior - (shape - 1.0) * a, rate_of_prior * a
    if quadratic == 0.0:
        return d / c
    root = math.sqrt(c * c + 4.0 * quadratic * d)
    return 2.0 * d / (c + root) if c > 0.0 else (root - c) / (2.0 * quadratic)


@nb.njit(**COMPILED)
def _pull(histogram, values, begin, end, count, total, rate, a, shape, rate_of_prior):
    """Slope of log density in the logarithm of the dispersion, which has the prior's density in itself."""
    slope = _dispersion_slope(histogram, values, begin, end, count, total, rate, a)
    return a * slope + (shape - 1.0) - rate_of_prior * a


@nb.njit(**COMPILED)
def _dispersion_mode(histogram, values, begin, end, count, total, rate, a, shape, rate_of_prior):
    """The dispersion of highest density near ``a``, by bracketing and Ridders' method on its logarithm."""
    if shape == 1.0 and _dispersion_slope(histogram, values, begin, end, count, total, rate, 0.0) <= rate_of_prior:
        return 0.0
    low = high = min(max(a, 1e-6), 1e6)
    below = above = _pull(histogram, values, begin, end, count, total, rate, low, shape, rate_of_prior)
    factor = 1.5
    while above > 0.0:
        if high > _HIGHEST:
            return high
        low, below = high, above
        high *= factor
        factor *= 1.5
        above = _pull(histogram, values, begin, end, count, total, rate, high, shape, rate_of_prior)
    while below <= 0.0:
        if low < _LOWEST:
            return 0.0 if shape == 1.0 else low
        high, above = low, below
        low /= factor
        factor *= 1.5
        below = _pull(histogram, values, begin, end, count, total, rate, low, shape, rate_of_prior)
    s, t = math.log(low), math.log(high)
    found = s
    for _ in range(100):
        middle = 0.5 * (s + t)
        at = _pull(histogram, values, begin, end, count, total, rate, math.exp(middle), shape, rate_of_prior)
        root = math.sqrt(at * at - below * above)
        new = middle + (middle - s) * at / root if root > 0.0 else middle
        close = abs(new - found) <= 4e-16 * (1.0 + abs(new))
        found = new
        if at == 0.0 or close or t - s <= 4e-16 * (1.0 + abs(s)):
            break
        there = _pull(histogram, values, begin, end, count, total, rate, math.exp(new), shape, rate_of_prior)
        if at > 0.0:
            s, below = middle, at
        else:
            t, above = middle, at
        if there > 0.0 and new > s:
            s, below = new, there
        elif there <= 0.0 and new < t:
            t, above = new, there
    return math.exp(found)


@nb.njit(**COMPILED)
def climb(histograms, values, begins, numbers, rates, dispersions):
    """See :class:`~bayesmix.families.by_value.ByValue`: rates and dispersions, each given the other, in turn."""
    n_components, n_features = rates.shape
    for k in range(n_components):
        for j in range(n_features):
            begin, end = begins[j], begins[j + 1]
            count, total = _totals(histograms[k], values, begin, end)
            rate, a = rates[k, j], dispersions[k, j]
            for _ in range(_TURNS):
                before, a_before = rate, a
                rate = _rate_mode(count, total, a, numbers[0, j], numbers[1, j])
                if not rate > 0.0:
                    a = max(numbers[2, j] - 1.0, 0.0) / numbers[3, j] if numbers[3, j] > 0.0 else 0.0  # nothing is seen
                    break
                a = _dispersion_mode(
                    histograms[k], values, begin, end, count, total, rate, a, numbers[2, j], numbers[3, j]
                )
                if abs(rate - before) <= 1e-15 * rate and abs(a - a_before) <= 1e-15 * a:
                    break
            rates[k, j], dispersions[k, j] = rate, a


@nb.njit(**COMPILED)
def _log_density_of_log_rate(log_rate, known):
    total, count, a, shape, rate_of_prior = known
    rate = math.exp(log_rate)
    u = a * rate
    return (
        (total + shape) * log_rate - count * rate * (1.0 - u * _bent(u)) - total * math.log1p(u) - rate_of_prior * rate
    )


@nb.njit(**COMPILED)
def _log_density_of_log_dispersion(log_a, known):
    histogram, values, begin, end, count, total, rate, shape, rate_of_prior = known
    a = math.exp(log_a)
    of_rows = _log_likelihood(histogram, values, begin, end, count, total, rate, a)
    return of_rows + shape * log_a - rate_of_prior * a


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`: rates given dispersions and dispersions given rates, by slice sampling."""
    values, owners, begins, prior = numbers
    (histograms,) = sums
    n_components, n_features = counts.shape[0], begins.shape[0] - 1
    size = n_components * n_features
    rates = state[:size].reshape((n_components, n_features))
    dispersions = state[size:].reshape((n_components, n_features))
    for k in range(n_components):
        for j in range(n_features):
            begin, end = begins[j], begins[j + 1]
            count, total = _totals(histograms[k], values, begin, end)
            a = dispersions[k, j]
            width = 2.0 * math.sqrt(1.0 / (total + prior[0, j]) + a / (count + 1.0))
            of_rate = (total, count, a, prior[0, j], prior[1, j])
            rate = math.exp(slice_step(_log_density_of_log_rate, rng, math.log(rates[k, j]), width, of_rate))
            of_a = (histograms[k], values, begin, end, count, total, rate, prior[2, j], prior[3, j])
            a = math.exp(slice_step(_log_density_of_log_dispersion, rng, math.log(a), 1.0, of_a))
            rates[k, j], dispersions[k, j] = max(rate, 1e-300), max(a, 1e-300)
    table = logs(values, owners, rates, dispersions)
    return np.log(weights).reshape((1, n_components)), table.reshape((1, n_components, values.shape[0]))


@nb.njit(**sweeps.ENTRY)
def run(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_without_moves` of counts with spread."""
    return sweeps.run_without_moves(
        by_value.component, sweeps.nothing_to_complete, by_value.sums_of, draw, rng, problem, position, plan
    )


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_entries, numbers):
    """Rates and dispersions, and their logs."""
    n_components, n_features = log_w.shape[0], n_entries // 2
    first, size = n_components - 1, n_components * n_features
    own = q[first : first + 2 * size]
    both = np.exp(own).reshape((2, n_components, n_features))
    return (log_w, both[0].copy(), both[1].copy()), (own,)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """In the logs: ``(shape - 1 + jacobian) log x - rate x``."""
    (logs_of,) = own
    _, rates, dispersions = form
    value = _add_gamma(value, 0, logs_of, rates, statistics[3], gradient, numbers, jacobian)
    return _add_gamma(value, 1, logs_of, dispersions, statistics[4], gradient, numbers, jacobian)


@nb.njit(**COMPILED)
def _add_gamma(value, part, logs_of, values, slopes, gradient, numbers, jacobian):
    """The same of the first parameter or the second."""
    n_components, n_features = values.shape
    for k in range(n_components):
        for j in range(n_features):
            a, b = numbers[2 * part * n_features + j] - 1.0 + jacobian, numbers[(2 * part + 1) * n_features + j]
            place = (part * n_components + k) * n_features + j
            value += a * logs_of[place] - b * values[k, j]
            gradient[n_components - 1 + place] = (slopes[k, j] - b) * values[k, j] + a
    return value


@nb.njit(**COMPILED)
def log_posterior(q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian):
    """See :mod:`bayesmix.density.composed`."""
    return composed.log_posterior(
        unpack, accumulate, add_prior, q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian
    )


def _in_sampler_coordinates(n, z, gradient, value, user):
    return composed.in_sampler_coordinates(log_posterior, n, z, gradient, value, user)


_DENSITY = Compiled(log_posterior, _in_sampler_coordinates, unpack, accumulate, add_prior)
_LOOKUP = Lookup(logs, accumulate, climb, run, _DENSITY)
