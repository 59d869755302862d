"""The Bernoulli family: independent columns of zeros and ones."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

import numba as nb
import numpy as np
from scipy.special import betaln, expit, logit

from bayesmix.data import Rows
from bayesmix.data.columns import Kind
from bayesmix.density import composed, transforms
from bayesmix.density.closed_form import ClosedFormDensity, Compiled, OwnNumbers, placed
from bayesmix.density.matrices import matrix_from
from bayesmix.families import dirichlet_categorical
from bayesmix.families.log_linear import LogLinear, compiled, fused_of
from bayesmix.families.parts import Fused, ParameterSpec, Params, State, Summary, Sweeps, labels_drawn
from bayesmix.families.protocol import Family
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import IMPOSSIBLE, accumulate
from bayesmix.passes.linear_seen import accumulate_ones, log_joint_of_ones
from bayesmix.priors.rates import Beta
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import behind_the_door, named_arguments

_LEAST = 1e-10  # of a probability that a sampler starts from, whose logit must be finite


@named_arguments
@dataclass(frozen=True)
class Bernoulli(LogLinear):
    r"""Independent zeros and ones: :math:`x_{ij} \mid z_i = k \sim \text{Bernoulli}(\theta_{kj})`.

    Latent class analysis of binary items. Default prior of the probabilities: :class:`bayesmix.priors.Beta`.

    Examples
    --------
    >>> import bayesmix as bm
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> X = rng.random((200, 6)) < np.repeat([[0.9], [0.2]], [120, 80], axis=0)
    >>> em = bm.Mixture(2, bm.Bernoulli()).fit_em(X, random_seed=1)
    >>> em.params["probabilities"].mean(axis=1).round(1).tolist()
    [0.9, 0.2]
    """

    word: ClassVar[str] = "bernoulli"
    takes: ClassVar[Kind] = "binary"
    words: ClassVar[str] = "Yes or no with a probability of its own in every column (latent classes)"
    parameter: ClassVar[ParameterSpec] = ParameterSpec("probabilities", ("component", "feature"), "probability")
    prior_forms: ClassVar[tuple[Mapping[str, Any], ...]] = ({"probabilities": Beta()},)
    prepares_columns: ClassVar[bool] = True

    @override
    def columns(self, X: np.ndarray) -> np.ndarray:
        # ones, and zeros below: of the ones alone, a probability of one has no finite offset
        n_rows, n_features = np.shape(X)
        out = np.empty((2 * n_features, n_rows))
        out[:n_features] = np.asarray(X).T
        out[n_features:] = 1 - out[:n_features]
        return out

    @override
    def seen(self, columns: np.ndarray) -> np.ndarray:
        return columns[: len(columns) // 2].T

    @behind_the_door
    @override
    def natural(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(values.shape[:-1]), np.concatenate([np.log(values), np.log1p(-values)], axis=-1)

    @behind_the_door
    @override
    def mode_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        a, b = (1.0, 1.0) if prior is None else (prior.a, prior.b)
        ones, zeros = np.split(sums, 2, axis=-1)
        likely, unlikely = np.maximum(ones + a - 1, 0), np.maximum(zeros + b - 1, 0)
        return likely / (likely + unlikely)

    @override
    def sampler(self, prior: Any, n_entries: int, n_rows: int, *, has_gaps: bool) -> Sweeps:
        features = np.arange(n_entries // 2)
        concentrations = np.repeat([float(prior.a), float(prior.b)], features.size)
        return dirichlet_categorical.sampler(concentrations, np.tile(features, 2), n_rows, has_gaps=has_gaps)

    @override
    def log_evidence_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        ones, zeros = np.split(sums, 2, axis=-1)
        return (betaln(prior.a + ones, prior.b + zeros) - betaln(prior.a, prior.b)).sum(axis=-1)

    @override
    def draw_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any, rng: np.random.Generator) -> np.ndarray:
        ones, zeros = np.split(sums, 2, axis=-1)
        return rng.beta(prior.a + ones, prior.b + zeros)

    @override
    def slope_of(self, values: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        return _slope(values, counts, sums)

    @override
    def places(self, state: State) -> np.ndarray:
        return 2 * state[0]  # the standard deviation of zeros and ones is a half at most

    @override
    def closed_form(self, rows: Rows, standardised: Any, priors: Priors, n_components: int) -> ClosedFormDensity | None:
        if not priors.closed:
            return None
        prior, n_features = priors.parts["probabilities"], rows.n_features
        columns = standardised.columns
        ones = columns[:n_features]  # logits are finite
        return ClosedFormDensity(
            ones if rows.missing is None else np.concatenate([ones, columns[-1:]]),
            0.0,
            _Coordinates(n_components, n_features),
            _COMPILED if rows.missing is None else _OF_SEEN,
            priors.weights.concentrations(n_components),
            1,
            OwnNumbers(-n_components * n_features * float(betaln(prior.a, prior.b)), 0.0, np.array([prior.a, prior.b])),
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
        (p,) = parameters
        n_features = p.shape[-1]
        ones, zeros = columns[:n_features], columns[n_features:]
        joint = log_weights[:, None] + ops.log(p) @ ones + ops.log1p(-p) @ zeros
        return ops.logsumexp(joint, axis=0)

    @override
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = labels_drawn(weights, n, rng)
        p = np.asarray(params["probabilities"])[labels]
        return (rng.random(p.shape) < p).astype(float), labels

    @override
    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        p = np.asarray(params["probabilities"])
        return p, (p * (1 - p))[..., None] * np.eye(p.shape[-1])

    @override
    def log_affinities(self, params: Params, others: Params) -> np.ndarray:
        p, q = np.asarray(params["probabilities"])[:, None], np.asarray(others["probabilities"])[..., None, :, :]
        with np.errstate(divide="ignore"):  # what one never has and the other always
            return np.log(np.sqrt(p * q) + np.sqrt((1 - p) * (1 - q))).sum(axis=-1)

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
        return self, {"probabilities": np.asarray(params["probabilities"])[..., features]}

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray:
        values = np.asarray(values)[..., None, :]
        return np.where(values < 0, 0.0, np.where(values < 1, 1 - np.asarray(params["probabilities"]), 1.0))

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        p = np.asarray(params["probabilities"])
        return (Summary("probability", "probability", "probabilities of a one", rows.labels, p, share=True),)


@compiled
def _natural(p):
    n_components, n_features = p.shape
    offsets, etas = np.zeros(n_components), np.empty((n_components, 2 * n_features))
    for k in range(n_components):
        for j in range(n_features):
            possible = 0 <= p[k, j] <= 1
            etas[k, j] = max(math.log(p[k, j]), IMPOSSIBLE) if possible else math.nan
            etas[k, n_features + j] = max(math.log1p(-p[k, j]), IMPOSSIBLE) if possible else math.nan
            offsets[k] += 0.0 if possible else math.nan
    return offsets, etas


@compiled
def _slope(p, counts, sums):
    n_components, n_features = p.shape
    out = np.zeros(p.shape)
    for k in range(n_components):
        for j in range(n_features):
            ones, zeros = sums[k, j], sums[k, n_features + j]
            if ones > 0:
                out[k, j] += ones / p[k, j]
            if zeros > 0:
                out[k, j] -= zeros / (1 - p[k, j])
    return out


_FUSED = fused_of(_natural, _slope)
_FUSED_OF_SEEN = fused_of(_natural, _slope, Bernoulli.seen_kernel)


class _Coordinates:
    """Logits of the weights and of the probabilities."""

    def __init__(self, n_components: int, n_features: int):
        self.n_components = n_components
        weights = [("weights", (n_components - 1,))] if n_components > 1 else []
        self.variables = placed([*weights, ("probabilities", (n_components, n_features))])

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        logits = q[..., self.n_components - 1 :].reshape(*q.shape[:-1], *self.variables[-1].shape)
        return {"weights": transforms.simplex(q[..., : self.n_components - 1]), "probabilities": expit(logits)}

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        p = np.clip(np.asarray(values["probabilities"], dtype=float), _LEAST, 1 - _LEAST)
        logits = logit(p).reshape(*p.shape[:-2], -1)
        return np.concatenate([transforms.simplex_inverse(np.asarray(values["weights"], dtype=float)), logits], axis=-1)


@nb.njit(**COMPILED)
def _log_expit(x):
    """``-log(1 + exp(-x))``, whatever the size of x."""
    return -math.log1p(math.exp(-x)) if x > 0 else x - math.log1p(math.exp(x))


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_entries, numbers):
    """Offsets and etas."""
    n_components = log_w.shape[0]
    logits = matrix_from(q, n_components - 1, n_components, n_entries)
    offsets = np.empty(n_components)
    for k in range(n_components):
        offsets[k] = log_w[k]
        for j in range(n_entries):
            offsets[k] += _log_expit(-logits[k, j])
    return (offsets, logits), ()


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """As of ``a - 1`` ones and ``b - 1`` zeros; the log Jacobian is one of each."""
    _, counts, sums = statistics
    logits = form[1]
    n_components, n_features = logits.shape
    a, b = numbers[0] - 1.0 + jacobian, numbers[1] - 1.0 + jacobian
    place = n_components - 1
    for k in range(n_components):
        for j in range(n_features):
            value += a * _log_expit(logits[k, j]) + b * _log_expit(-logits[k, j])
            p = 1.0 / (1.0 + math.exp(-logits[k, j]))
            gradient[place] = sums[k, j] + a - (counts[k] + a + b) * p
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
        unpack, accumulate_ones, add_prior, q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian
    )


def _seen_in_sampler_coordinates(n, z, gradient, value, user):
    return composed.in_sampler_coordinates(log_posterior_of_seen, n, z, gradient, value, user)


_OF_SEEN = Compiled(
    log_posterior_of_seen, _seen_in_sampler_coordinates, unpack, accumulate_ones, add_prior, log_joint_of_ones
)
