r"""The zero-inflated Poisson family: independent counts with more zeros than those of one rate.

Of a component everything hangs on three numbers of each column: its cells, those of them that are zero, and the sum of
the counts. A zero is an extra one with probability :math:`\pi / (\pi + (1 - \pi) e^{-\lambda})`; were it known which
ones are, share and rate would be those of a Bernoulli and of a Poisson distribution.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

import numba as nb
import numpy as np
from scipy.special import betaln, gammaln, pdtr

from bayesmix.data import Rows
from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.families import sweeps
from bayesmix.families.by_value import ByValue, Lookup
from bayesmix.families.log_linear import LEAST
from bayesmix.families.parts import ParameterSpec, Params, State, Summary
from bayesmix.passes import by_value
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import IMPOSSIBLE
from bayesmix.priors.rates import Beta, Gamma
from bayesmix.vocabulary import named_arguments

_HALVINGS = 200  # of an interval, until it holds no other number


@named_arguments
@dataclass(frozen=True)
class ZeroInflatedPoisson(ByValue):
    r"""Independent counts with extra zeros, which no rate explains.

    .. math:: P(x_{ij} = 0 \mid z_i = k) = \pi_{kj} + (1 - \pi_{kj})\, e^{-\lambda_{kj}}, \qquad
              P(x_{ij} = x) = (1 - \pi_{kj})\, e^{-\lambda_{kj}} \lambda_{kj}^x / x!

    A share :math:`\pi` of a group, ``extra_zeros``, cannot count at all: people who do not smoke, machines that are
    switched off. The others count around ``rates`` :math:`\lambda`, so that the mean count is
    :math:`(1 - \pi) \lambda`. Without extra zeros this is the Poisson distribution, which maximum likelihood reaches
    where a group has no more zeros than that.

    With one column and several groups the rows say how many extra zeros there are, and not whose: the density is that
    of the groups' Poisson distributions and one point at zero, and the prior shares them out. Several columns tell.

    Default priors: of rates as in :class:`bayesmix.Poisson`; of the shares
    :class:`bayesmix.priors.Beta`.

    References
    ----------
    Lambert, D. (1992). Zero-inflated Poisson regression, with an application to defects in manufacturing.
    Technometrics 34, 1-14. https://doi.org/10.2307/1269547

    Examples
    --------
    >>> import bayesmix as bm
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> weekly = rng.poisson(np.repeat([[4, 2], [30, 9]], 400, axis=0))  # cigarettes, drinks
    >>> weekly[rng.random(800) < 0.6, 0] = 0  # who does not smoke
    >>> em = bm.Mixture(2, bm.ZeroInflatedPoisson()).fit_em(weekly, random_seed=1)
    >>> em.params["extra_zeros"].round(1).tolist()
    [[0.6, 0.0], [0.6, 0.0]]
    """

    word: ClassVar[str] = "zero-inflated-poisson"
    words: ClassVar[str] = "Counts around a rate in every column, but for a share that is zero (zero-inflated Poisson)"
    table: ClassVar[tuple[ParameterSpec, ...]] = (
        ParameterSpec("rates", ("component", "feature"), "nonnegative"),
        ParameterSpec("extra_zeros", ("component", "feature"), "probability"),
    )
    prior_forms: ClassVar[tuple[Mapping[str, Any], ...]] = ({"rates": Gamma(), "extra_zeros": Beta()},)
    no_prior: ClassVar[tuple[float, ...]] = (1.0, 0.0, 1.0, 1.0)

    @property
    @override
    def lookup(self) -> Lookup:
        return _LOOKUP

    @override
    def numbers_of(self, *priors: Any) -> tuple[Any, ...]:
        rates, shares = priors
        return rates.shape, rates.rate, shares.a, shares.b

    @override
    def log_constants(self, *priors: Any) -> tuple[Any, ...]:
        rates, shares = priors
        a, b = np.asarray(rates.shape), np.asarray(rates.rate)
        return a * np.log(b) - gammaln(a), -betaln(shares.a, shares.b)

    @override
    def guess(self, mean: np.ndarray, variance: np.ndarray) -> State:
        # the variance is mean + mean^2 share / (1 - share)
        odds = np.maximum(variance - mean, 0.1 * mean) / np.maximum(mean, 1e-100) ** 2
        share = np.clip(odds / (1 + odds), 0.05, 0.7)
        return np.maximum(mean, 1e-100) / (1 - share), share

    @override
    def draw(self, rng: np.random.Generator, *parameters: np.ndarray) -> np.ndarray:
        rates, shares = parameters
        return rng.poisson(rates) * (rng.random(shares.shape) >= shares)

    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Means ``(1 - share) rate``, and variances ``mean (1 + share rate)``.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        locations : (..., K, D) array
        covariances : (..., K, D, D) array
        """
        rates, shares = self.values_of(params)
        means = (1 - shares) * rates
        return means, (means * (1 + shares * rates))[..., None] * np.eye(rates.shape[-1])

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray:
        rates, shares = self.values_of(params)
        below = np.floor(np.asarray(values)[..., None, :])
        return np.where(below < 0, 0.0, shares + (1 - shares) * pdtr(np.maximum(below, 0), rates))

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        rates, shares = (part[:, :, None] for part in parameters)
        n_features = parameters[0].shape[1]
        seen, counts = columns[:n_features] < columns[-1:], columns[n_features : 2 * n_features]
        zero = counts < 0.5
        of_zero = ops.log(shares + (1 - shares) * math.e**-rates)
        others = ops.log1p(-shares) - rates + counts * ops.log(rates) - ops.gammaln(counts + 1)
        logs = zero * of_zero + (1 - zero) * others
        return ops.logsumexp(log_weights[:, None] + (seen * logs).sum(axis=1), axis=0)

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        rates, shares = self.values_of(params)
        return (
            Summary("mean", "mean", "means", rows.labels, (1 - shares) * rates),
            Summary("rate", "rate without extra zeros", "rates without extra zeros", rows.labels, rates),
            Summary("extra_zeros", "share of extra zeros", "shares of extra zeros", rows.labels, shares, share=True),
        )


@nb.njit(**COMPILED)
def _log_zero(rate, share):
    """Log probability of a zero, however high the rate."""
    return -rate if share == 0.0 else math.log(share + (1.0 - share) * math.exp(-rate))


@nb.njit(**COMPILED)
def logs(values, owners, rates, extra_zeros):
    """See :class:`~bayesmix.families.by_value.Lookup`."""
    n_components, n_places = rates.shape[0], values.shape[0]
    table = np.zeros((n_components, n_places))
    for place in range(n_places - 1):
        j, x = owners[place], values[place]
        if j < 0:
            continue
        log_factorial = math.lgamma(x + 1.0)
        for k in range(n_components):
            rate, share = rates[k, j], extra_zeros[k, j]
            if not (rate >= 0.0 and 0.0 <= share <= 1.0):
                table[k, place] = math.nan
            elif x == 0.0:
                table[k, place] = _log_zero(rate, share)
            elif rate == 0.0 or share == 1.0:
                table[k, place] = IMPOSSIBLE
            else:
                table[k, place] = math.log1p(-share) - rate + x * math.log(rate) - log_factorial
    return table


@nb.njit(**COMPILED)
def _add_up(histogram, values, owners, out):
    """Of each column: the cells, those that are zero, and the sum of the counts, (D, 3)."""
    for place in range(values.shape[0] - 1):
        j = owners[place]
        if j >= 0:
            out[j, 0] += histogram[place]
            out[j, 1] += histogram[place] if values[place] == 0.0 else 0.0
            out[j, 2] += histogram[place] * values[place]


@nb.njit(**COMPILED)
def _extra(rate, share):
    """Probability that a zero is an extra one."""
    return 0.0 if share == 0.0 else share / (share + (1.0 - share) * math.exp(-rate))


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, log_weights, rates, extra_zeros):
    """See :class:`~bayesmix.families.by_value.Lookup`."""
    n_components, n_features = rates.shape
    values, owners = by_value.distinct(columns, n_features)
    table = logs(values, owners, rates, extra_zeros)
    value, counts, histograms = by_value.accumulate(columns, row_weights, log_weights, table, n_features)
    of_rates, of_shares = np.zeros(rates.shape), np.zeros(rates.shape)
    for k in range(n_components):
        totals = np.zeros((n_features, 3))
        _add_up(histograms[k], values, owners, totals)
        for j in range(n_features):
            rate, share = rates[k, j], extra_zeros[k, j]
            cells, zeros, total = totals[j]
            extra = zeros * _extra(rate, share)
            # as of a Poisson distribution of those cells that are no extra zeros
            of_rates[k, j] = (total / rate if total > 0.0 else 0.0) - (cells - extra)
            of_shares[k, j] = -(cells - zeros) / (1.0 - share) if cells > zeros else 0.0
            of_shares[k, j] += zeros * -math.expm1(-rate) / math.exp(_log_zero(rate, share)) if zeros > 0.0 else 0.0
    return value, counts, histograms, of_rates, of_shares


@nb.njit(**COMPILED)
def _likeliest(cells, zeros, total):
    """Rate and share of highest likelihood: the mean of the counts above zero is ``rate / (1 - exp(-rate))``."""
    if not cells > 0.0:
        return math.nan, math.nan
    mean = total / cells
    if not (zeros > 0.0 and total > 0.0) or zeros <= cells * math.exp(-mean):
        return mean, 0.0
    above = total / (cells - zeros)
    low, high = 0.0, above
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if middle + above * math.expm1(-middle) < 0.0:
            low = middle
        else:
            high = middle
    rate = 0.5 * (low + high)
    return (rate, 1.0 - mean / rate) if rate > mean else (mean, 0.0)


@nb.njit(**COMPILED)
def _given_extra(extra, cells, total, numbers):
    """Rate and share of highest density if so many zeros are extra ones."""
    rate = max(total + numbers[0] - 1.0, 0.0) / (cells - extra + numbers[1])
    likely, unlikely = max(extra + numbers[2] - 1.0, 0.0), max(cells - extra + numbers[3] - 1.0, 0.0)
    return rate, likely / (likely + unlikely)


@nb.njit(**COMPILED)
def climb(histograms, values, begins, numbers, rates, extra_zeros):
    """See :class:`~bayesmix.families.by_value.Lookup`.

    Where EM of the extra zeros stands still, their number is the one that is expected at the rate and share that it
    leads to: the next such place uphill, by halving an interval.
    """
    n_components, n_features = rates.shape
    owners = np.full(values.shape[0], -1)
    for j in range(n_features):
        owners[begins[j] : begins[j + 1]] = j
    for k in range(n_components):
        totals = np.zeros((n_features, 3))
        _add_up(histograms[k], values, owners, totals)
        for j in range(n_features):
            (cells, zeros, total), of_prior = totals[j], numbers[:, j]
            if of_prior[1] == 0.0:
                rates[k, j], extra_zeros[k, j] = _likeliest(cells, zeros, total)
                continue
            extra = zeros * max(_extra(rates[k, j], extra_zeros[k, j]), 1e-9)
            rate, share = _given_extra(extra, cells, total, of_prior)
            up = zeros * _extra(rate, share) > extra
            low, high = (extra, zeros) if up else (0.0, extra)
            for _ in range(_HALVINGS):
                middle = 0.5 * (low + high)
                rate, share = _given_extra(middle, cells, total, of_prior)
                if zeros * _extra(rate, share) > middle:
                    low = middle
                else:
                    high = middle
            rates[k, j], extra_zeros[k, j] = _given_extra(0.5 * (low + high), cells, total, of_prior)


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`: which zeros are extra ones, and rates and shares given these."""
    values, owners, _, prior = numbers
    (histograms,) = sums
    n_components, n_features = counts.shape[0], prior.shape[1]
    size = n_components * n_features
    rates = state[:size].reshape((n_components, n_features))
    shares = state[size:].reshape((n_components, n_features))
    for k in range(n_components):
        totals = np.zeros((n_features, 3))
        _add_up(histograms[k], values, owners, totals)
        for j in range(n_features):
            (cells, zeros, total), extra, chance = totals[j], 0.0, _extra(rates[k, j], shares[k, j])
            for _ in range(int(zeros)):
                extra += 1.0 if rng.random() < chance else 0.0
            gamma = max(rng.standard_gamma(prior[0, j] + total), LEAST)
            rates[k, j] = gamma / (prior[1, j] + cells - extra)
            one = max(rng.standard_gamma(prior[2, j] + extra), LEAST)
            other = max(rng.standard_gamma(prior[3, j] + cells - extra), LEAST)
            shares[k, j] = one / (one + other)
    table = logs(values, owners, rates, shares)
    return np.log(weights).reshape((1, n_components)), table.reshape((1, n_components, values.shape[0]))


@nb.njit(**sweeps.ENTRY)
def run(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_without_moves` of counts with extra zeros."""
    return sweeps.run_without_moves(
        by_value.component, sweeps.nothing_to_complete, by_value.sums_of, draw, rng, problem, position, plan
    )


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_entries, numbers):
    """Rates and shares, and their logs and logits."""
    n_components, n_features = log_w.shape[0], n_entries // 2
    first, size = n_components - 1, n_components * n_features
    own = q[first : first + 2 * size]
    rates = np.exp(own[:size]).reshape((n_components, n_features))
    shares = (1.0 / (1.0 + np.exp(-own[size:]))).reshape((n_components, n_features))
    return (log_w, rates, shares), (own,)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """In the log rate ``(a - 1 + jacobian) log rate - b rate``; of shares a beta density, likewise."""
    (coordinates,) = own
    _, rates, shares = form
    _, _, _, of_rates, of_shares = statistics
    n_components, n_features = rates.shape
    size = n_components * n_features
    for k in range(n_components):
        for j in range(n_features):
            place = k * n_features + j
            a, b = numbers[j] - 1.0 + jacobian, numbers[n_features + j]
            value += a * coordinates[place] - b * rates[k, j]
            gradient[n_components - 1 + place] = (of_rates[k, j] - b) * rates[k, j] + a
            c, d = numbers[2 * n_features + j] - 1.0 + jacobian, numbers[3 * n_features + j] - 1.0 + jacobian
            logit, share = coordinates[size + place], shares[k, j]
            lost = math.log1p(math.exp(-abs(logit)))
            value += c * (min(logit, 0.0) - lost) - d * (max(logit, 0.0) + lost)
            gradient[n_components - 1 + size + place] = (
                of_shares[k, j] * share * (1.0 - share) + c * (1.0 - share) - d * share
            )
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
