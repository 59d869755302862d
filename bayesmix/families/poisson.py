"""The Poisson family: independent counts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

import numba as nb
import numpy as np
from scipy.special import gammaln, pdtr

from bayesmix.data import Rows
from bayesmix.data.columns import Kind
from bayesmix.density import composed, transforms
from bayesmix.density.closed_form import ClosedFormDensity, Compiled, OwnNumbers, placed
from bayesmix.density.matrices import matrix_from
from bayesmix.families import gamma_poisson
from bayesmix.families.log_linear import LogLinear, compiled, fused_of
from bayesmix.families.parts import Fused, ParameterSpec, Params, SeenKernel, State, Summary, Sweeps, labels_drawn
from bayesmix.families.protocol import Family
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import IMPOSSIBLE, accumulate
from bayesmix.passes.linear_seen import accumulate_counts, log_joint_of_counts, log_mixture_of_counts
from bayesmix.priors.rates import Gamma
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import behind_the_door, named_arguments

_LEAST = 1e-10  # of a rate that a sampler starts from, whose logarithm must be finite


@named_arguments
@dataclass(frozen=True)
class Poisson(LogLinear):
    r"""Independent counts: :math:`x_{ij} \mid z_i = k \sim \text{Poisson}(\lambda_{kj})`.

    The log density is that of the counts, :math:`-\log x!` included. Default prior of the rates:
    :class:`bayesmix.priors.Gamma`, scaled by the columns' means.

    Examples
    --------
    >>> import bayesmix as bm
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> X = np.concatenate([rng.poisson(2, 600), rng.poisson(12, 400)])
    >>> em = bm.Mixture(2, bm.Poisson()).fit_em(X, random_seed=1)
    >>> em.params["rates"].round().ravel().tolist()
    [2.0, 11.0]
    """

    word: ClassVar[str] = "poisson"
    takes: ClassVar[Kind] = "count"
    words: ClassVar[str] = "Counts around a rate of its own in every column (Poisson distributions)"
    parameter: ClassVar[ParameterSpec] = ParameterSpec("rates", ("component", "feature"), "nonnegative")
    prior_forms: ClassVar[tuple[Mapping[str, Any], ...]] = ({"rates": Gamma()},)
    prepares_columns: ClassVar[bool] = True
    seen_kernel: ClassVar[SeenKernel] = SeenKernel(accumulate_counts, log_joint_of_counts, log_mixture_of_counts)

    def columns(self, X: np.ndarray) -> np.ndarray:
        """The counts, and ``-sum_j log x_j!`` below them, (D + 1, N).

        Parameters
        ----------
        X : (N, D) array

        Returns
        -------
        (D + 1, N) array
        """
        X = np.asarray(X, dtype=float)
        out = np.empty((X.shape[1] + 1, X.shape[0]))
        out[:-1], out[-1] = X.T, 0.0
        for counts in X.T:  # a column at a time: memory
            out[-1] -= gammaln(np.where(np.isnan(counts), 0.0, counts) + 1)
        return out

    @behind_the_door
    def natural(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``-sum_j rate_j``, and ``log rate`` with a one below.

        Parameters
        ----------
        values : (..., K, D) array

        Returns
        -------
        offsets : (..., K) array
        etas : (..., K, D + 1) array
        """
        return -values.sum(axis=-1), np.concatenate([np.log(values), np.ones((*values.shape[:-1], 1))], axis=-1)

    @behind_the_door
    def mode_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        """``(sum r x + a - 1) / (n + b)``.

        Parameters
        ----------
        counts : (K,) array
        sums : (K, D + 1) array
        prior : Gamma or None

        Returns
        -------
        (K, D) array
        """
        if prior is None:
            return sums[:, :-1] / counts[:, None]
        return np.maximum(sums[:, :-1] + np.asarray(prior.shape) - 1, 0) / (counts[:, None] + np.asarray(prior.rate))

    @override
    def sampler(self, prior: Any, n_entries: int, n_rows: int, *, has_gaps: bool) -> Sweeps:
        return gamma_poisson.sampler(prior, n_entries - 1, has_gaps=has_gaps)

    @override
    def log_evidence_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        a, b, events = np.asarray(prior.shape), np.asarray(prior.rate), sums[..., :-1]
        terms = gammaln(a + events) - gammaln(a) + a * np.log(b) - (a + events) * np.log(b + counts[..., None])
        return terms.sum(axis=-1) + sums[..., -1]

    @override
    def draw_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any, rng: np.random.Generator) -> np.ndarray:
        return rng.gamma(np.asarray(prior.shape) + sums[..., :-1]) / (np.asarray(prior.rate) + counts[..., None])

    def slope_of(self, values: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """``sum r x / rate - n``.

        Parameters
        ----------
        values : (K, D) array
        counts : (K,) array
        sums : (K, D + 1) array

        Returns
        -------
        (K, D) array
        """
        return _slope(values, counts, sums)

    def seen(self, columns: np.ndarray) -> np.ndarray:
        """Twice the roots of the counts, whose standard deviation is about one whatever the rate.

        Parameters
        ----------
        columns : (D + 1, n) array

        Returns
        -------
        (n, D) array
        """
        return 2 * np.sqrt(columns[:-1].T)

    def places(self, state: State) -> np.ndarray:
        """Twice the roots of the rates.

        Parameters
        ----------
        state : tuple of arrays

        Returns
        -------
        (K, D) array
        """
        return 2 * np.sqrt(state[0])

    @override
    def closed_form(self, rows: Rows, standardised: Any, priors: Priors, n_components: int) -> ClosedFormDensity | None:
        if not priors.closed:
            return None
        prior, shape = priors.parts["rates"], (n_components, rows.n_features)
        a, b = np.broadcast_to(prior.shape, shape[1:]), np.broadcast_to(prior.rate, shape[1:])
        constant = n_components * float((a * np.log(b) - gammaln(a)).sum())
        return ClosedFormDensity(
            standardised.columns,
            0.0,
            _Coordinates(n_components, rows.n_features),
            _COMPILED if rows.missing is None else _OF_SEEN,
            priors.weights.concentrations(n_components),
            1,
            OwnNumbers(constant, 0.0, np.concatenate([a, b])),
        )

    @property
    @override
    def fused(self) -> Fused:
        return _FUSED

    @property
    @override
    def fused_of_seen(self) -> Fused:
        return _FUSED_OF_SEEN

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        (rates,) = parameters
        joint = (log_weights - rates.sum(axis=1))[:, None] + ops.log(rates) @ columns[:-1] + columns[-1][None]
        return ops.logsumexp(joint, axis=0)

    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """``n`` rows (n, D) and their labels (n,) from one point.

        Parameters
        ----------
        weights : (K,) array
        params : mapping of arrays
        n : int
        rng : numpy.random.Generator

        Returns
        -------
        rows : (n, D) array
        labels : (n,) array of int
        """
        labels = labels_drawn(weights, n, rng)
        return rng.poisson(np.asarray(params["rates"])[labels]).astype(float), labels

    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Means and variances, which are equal.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        locations : (..., K, D) array
        covariances : (..., K, D, D) array
        """
        rates = np.asarray(params["rates"])
        return rates, rates[..., None] * np.eye(rates.shape[-1])

    @override
    def log_affinities(self, params: Params, others: Params) -> np.ndarray:
        # exact: minus half the squared distance of the rates' square roots
        one, other = np.sqrt(params["rates"]), np.sqrt(others["rates"])
        return -0.5 * ((one[:, None] - other[..., None, :, :]) ** 2).sum(axis=-1)

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
        return self, {"rates": np.asarray(params["rates"])[..., features]}

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray:
        below = np.floor(np.asarray(values)[..., None, :])
        return np.where(below < 0, 0.0, pdtr(np.maximum(below, 0), np.asarray(params["rates"])))

    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        """See :class:`~bayesmix.families.protocol.Family`: rates.

        Parameters
        ----------
        params : mapping of arrays
        rows : Rows

        Returns
        -------
        tuple of Summary
        """
        return (Summary("rate", "rate", "rates", rows.labels, np.asarray(params["rates"])),)


@compiled
def _natural(rates):
    n_components, n_features = rates.shape
    offsets, etas = np.zeros(n_components), np.ones((n_components, n_features + 1))
    for k in range(n_components):
        for j in range(n_features):
            offsets[k] -= rates[k, j]
            etas[k, j] = max(math.log(rates[k, j]), IMPOSSIBLE) if rates[k, j] >= 0 else math.nan
            if not rates[k, j] >= 0:
                offsets[k] = math.nan
    return offsets, etas


@compiled
def _slope(rates, counts, sums):
    out = np.empty(rates.shape)
    for k in range(rates.shape[0]):
        for j in range(rates.shape[1]):
            # no event and a rate of zero: only the exponential is left
            out[k, j] = (sums[k, j] / rates[k, j] if sums[k, j] > 0 else 0.0) - counts[k]
    return out


_FUSED = fused_of(_natural, _slope)
_FUSED_OF_SEEN = fused_of(_natural, _slope, Poisson.seen_kernel)


class _Coordinates:
    """Logits of the weights, logs of the rates."""

    def __init__(self, n_components: int, n_features: int):
        self.n_components = n_components
        weights = [("weights", (n_components - 1,))] if n_components > 1 else []
        self.variables = placed([*weights, ("rates", (n_components, n_features))])

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        logs = q[..., self.n_components - 1 :]
        weights = transforms.simplex(q[..., : self.n_components - 1])
        return {"weights": weights, "rates": np.exp(logs).reshape(*q.shape[:-1], *self.variables[-1].shape)}

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        rates = np.asarray(values["rates"], dtype=float)
        logs = np.log(np.maximum(rates, _LEAST)).reshape(*rates.shape[:-2], -1)
        return np.concatenate([transforms.simplex_inverse(np.asarray(values["weights"], dtype=float)), logs], axis=-1)


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_entries, numbers):
    """Offsets and etas, and the logs of the rates."""
    n_components, n_features = log_w.shape[0], n_entries - 1
    logs = matrix_from(q, n_components - 1, n_components, n_features)
    offsets, etas = np.empty(n_components), np.ones((n_components, n_entries))
    for k in range(n_components):
        offsets[k] = log_w[k]
        for j in range(n_features):
            offsets[k] -= math.exp(logs[k, j])
            etas[k, j] = logs[k, j]
    return (offsets, etas), (logs,)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """In the log rate: ``(a - 1 + jacobian) log rate - b rate``, as of ``a - 1`` events in ``b`` rows."""
    _, counts, sums = statistics
    logs = own[0]
    n_components, n_features = logs.shape
    place = n_components - 1
    for k in range(n_components):
        for j in range(n_features):
            rate, a, b = math.exp(logs[k, j]), numbers[j] - 1.0 + jacobian, numbers[n_features + j]
            value += a * logs[k, j] - b * rate
            gradient[place] = sums[k, j] + a - (counts[k] + b) * rate
            place += 1
    return value


@nb.njit(**COMPILED)
def log_posterior(q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian):
    """See :mod:`bayesmix.density.composed`."""
    return composed.log_posterior(
        unpack, accumulate, add_prior, q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian
    )


def _in_sampler_coordinates(n, z, gradient, value, user):
    return composed.in_sampler_coordinates(log_posterior, n, z, gradient, value, user)


_COMPILED = Compiled(log_posterior, _in_sampler_coordinates, unpack, accumulate, add_prior)


@nb.njit(**COMPILED)
def log_posterior_of_seen(q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian):
    """:func:`log_posterior` of rows with missing cells."""
    return composed.log_posterior_of_seen(
        unpack,
        accumulate_counts,
        add_prior,
        q,
        gradient,
        columns,
        row_weights,
        n_components,
        n_blocks,
        numbers,
        jacobian,
    )


def _seen_in_sampler_coordinates(n, z, gradient, value, user):
    return composed.in_sampler_coordinates(log_posterior_of_seen, n, z, gradient, value, user)


_OF_SEEN = Compiled(log_posterior_of_seen, _seen_in_sampler_coordinates, unpack, accumulate_counts, add_prior)
