"""The categorical family: independent columns of levels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, override

import numba as nb
import numpy as np
from scipy.special import gammaln

from bayesmix.data import Column, Rows
from bayesmix.data.columns import Kind
from bayesmix.density import composed, transforms
from bayesmix.density.closed_form import ClosedFormDensity, Compiled, OwnNumbers, placed
from bayesmix.density.weights import log_weights, weights_slope
from bayesmix.families import dirichlet_categorical
from bayesmix.families.log_linear import LogLinear, compiled, fused_of
from bayesmix.families.parts import Fused, ParameterSpec, Params, State, Summary, Sweeps, labels_drawn
from bayesmix.families.protocol import Family
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import IMPOSSIBLE, accumulate
from bayesmix.passes.linear_seen import accumulate_indicators
from bayesmix.priors.sets import Priors
from bayesmix.priors.weights import Dirichlet
from bayesmix.vocabulary import behind_the_door, named_arguments

Levels = tuple[tuple[str, ...], ...]


@named_arguments
@dataclass(frozen=True)
class Categorical(LogLinear):
    r"""Independent levels: :math:`x_{ij} \mid z_i = k \sim \text{Categorical}(\theta_{kj})`.

    Latent class analysis. Columns may have different numbers of levels: text, pandas categories, truth values or whole
    numbers. ``probabilities (component, level)`` holds the levels of all columns one after the other, called
    ``"column=level"``; those of a column sum to one. Default prior of each column's probabilities:
    :class:`bayesmix.priors.Dirichlet` with a concentration of 2, which puts the posterior mode where Laplace's rule
    has it.

    Examples
    --------
    >>> import bayesmix as bm
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> reds = rng.choice(["red", "green", "blue"], size=(60, 4), p=[0.8, 0.1, 0.1])
    >>> blues = rng.choice(["red", "green", "blue"], size=(40, 4), p=[0.1, 0.1, 0.8])
    >>> em = bm.Mixture(2, bm.Categorical()).fit_em(np.concatenate([reds, blues]), random_seed=1)
    >>> em.family.levels[0]
    ('blue', 'green', 'red')
    >>> [em.family.levels[0][level] for level in em.params["probabilities"][:, :3].argmax(axis=1)]
    ['red', 'blue']
    """

    levels: Levels = field(default=(), init=False, repr=False)

    word: ClassVar[str] = "categorical"
    takes: ClassVar[Kind] = "categorical"
    words: ClassVar[str] = "Levels with probabilities of their own in every column (latent classes)"
    parameter: ClassVar[ParameterSpec] = ParameterSpec("probabilities", ("component", "level"), "simplex")
    prior_forms: ClassVar[tuple[Mapping[str, Any], ...]] = ({"probabilities": Dirichlet(2.0)},)
    prepares_columns: ClassVar[bool] = True

    @property
    def sizes(self) -> np.ndarray:
        """Number of levels of each column, (D,)."""
        return np.array([len(levels) for levels in self.levels], dtype=np.intp)

    @property
    def n_levels(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]: known once columns are
        """Levels of all columns."""
        return int(self.sizes.sum())

    @property
    def starts(self) -> np.ndarray:
        """Where each column's levels begin, (D,)."""
        return np.cumsum(self.sizes) - self.sizes

    @override
    def on(self, columns: Sequence[Column]) -> "Categorical":
        return self._of(tuple(column.levels for column in columns))

    def _of(self, levels: Levels) -> "Categorical":
        family = replace(self)
        object.__setattr__(family, "levels", levels)
        return family

    @override
    def coords(self, rows: Rows) -> dict[str, list[str]]:
        return {"level": self._called(rows.features)}

    def _called(self, names: Sequence[str]) -> list[str]:
        return [f"{name}={level}" for name, levels in zip(names, self.levels, strict=True) for level in levels]

    @override
    def columns(self, X: np.ndarray) -> np.ndarray:
        out = np.empty((self.n_levels, len(X)))
        for start, size, codes in zip(self.starts, self.sizes, np.asarray(X).T, strict=True):
            missing = np.isnan(codes)
            for level in range(size):
                out[start + level] = codes == level
                out[start + level, missing] = np.nan
        return out

    @behind_the_door
    @override
    def natural(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(values.shape[:-1]), np.log(values)

    @behind_the_door
    @override
    def mode_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        return self.summing_to_one(np.maximum(sums + (0.0 if prior is None else float(prior.concentration) - 1), 0))

    @override
    def summing_to_one(self, values: np.ndarray) -> np.ndarray:
        return values / np.repeat(np.add.reduceat(values, self.starts, axis=-1), self.sizes, axis=-1)

    @override
    def sampler(self, prior: Any, n_entries: int, n_rows: int, *, has_gaps: bool) -> Sweeps:
        concentrations = np.full(n_entries, float(prior.concentration))
        column_of = np.repeat(np.arange(self.sizes.size), self.sizes)
        return dirichlet_categorical.sampler(concentrations, column_of, n_rows, has_gaps=has_gaps)

    @override
    def log_evidence_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        a, totals = float(prior.concentration), self.sizes * float(prior.concentration)
        of_columns = gammaln(totals) - gammaln(totals + counts[..., None])
        return of_columns.sum(axis=-1) + (gammaln(a + sums) - gammaln(a)).sum(axis=-1)

    @override
    def draw_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any, rng: np.random.Generator) -> np.ndarray:
        return self.summing_to_one(np.maximum(rng.gamma(float(prior.concentration) + sums), np.finfo(float).tiny))

    @override
    def slope_of(self, values: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        return _slope(values, counts, sums)

    @override
    def log_prior_of(self, prior: Any, values: np.ndarray) -> np.ndarray:
        blocks = np.split(values, self.starts[1:], axis=-1)
        return np.stack([prior.log_density(block) for block in blocks], axis=-1)

    @override
    def log_prior_terms(self, priors: Priors, named: Params) -> dict[str, np.ndarray]:
        of_each = self.log_prior_of(priors.parts["probabilities"], np.asarray(named["probabilities"]))
        return {"probabilities": of_each.sum(axis=(-2, -1))}

    @override
    def prior_draws(self, priors: Priors, n_components: int, n_features: int, size: int, rng: np.random.Generator):
        prior: Dirichlet = priors.parts["probabilities"]
        drawn = [rng.dirichlet(prior.concentrations(n), size=(size, n_components)) for n in self.sizes]
        return {"probabilities": np.concatenate(drawn, axis=-1)}

    @override
    def places(self, state: State) -> np.ndarray:
        return 2 * state[0]  # the standard deviation of zeros and ones is a half at most

    @override
    def closed_form(self, rows: Rows, standardised: Any, priors: Priors, n_components: int) -> ClosedFormDensity | None:
        if not priors.closed:
            return None
        a, sizes = float(priors.parts["probabilities"].concentration), self.sizes
        constant = n_components * float((gammaln(sizes * a) - sizes * gammaln(a)).sum())
        return ClosedFormDensity(
            standardised.columns,
            0.0,
            _Coordinates(n_components, sizes),
            _COMPILED if rows.missing is None else _OF_SEEN,
            priors.weights.concentrations(n_components),
            len(sizes),
            OwnNumbers(constant, n_components * float(np.log(sizes).sum()), np.array([a, *sizes])),
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
        return ops.logsumexp(log_weights[:, None] + ops.log(parameters[0]) @ columns, axis=0)

    @override
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = labels_drawn(weights, n, rng)
        rows = np.empty((n, len(self.levels)))
        for j, p in enumerate(np.split(np.asarray(params["probabilities"]), self.starts[1:], axis=-1)):
            below = np.cumsum(p, axis=-1)[:, :-1]  # a uniform number above all of them is the last level
            rows[:, j] = (rng.random(n)[:, None] > below[labels]).sum(axis=1)
        return rows, labels

    @override
    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        p = np.asarray(params["probabilities"])
        column = np.repeat(np.arange(self.sizes.size), self.sizes)
        return p, p[..., None] * np.eye(p.shape[-1]) - (column[:, None] == column) * p[..., :, None] * p[..., None, :]

    @override
    def log_affinities(self, params: Params, others: Params) -> np.ndarray:
        one, other = np.sqrt(params["probabilities"])[:, None], np.sqrt(others["probabilities"])[..., None, :, :]
        with np.errstate(divide="ignore"):  # features of which no level is had by both
            return np.log(np.add.reduceat(one * other, self.starts, axis=-1)).sum(axis=-1)

    @override
    def features_of_moments(self, n_features: int) -> np.ndarray:
        return np.repeat(np.arange(n_features), self.sizes)

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
        blocks = np.split(np.asarray(params["probabilities"]), self.starts[1:], axis=-1)
        chosen = np.concatenate([blocks[j] for j in features], axis=-1)
        return self._of(tuple(self.levels[j] for j in features)), {"probabilities": chosen}

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        names, p = tuple(self._called(rows.features)), np.asarray(params["probabilities"])
        return (Summary("probability", "probability", "probabilities of the levels", names, p, share=True),)


@compiled
def _natural(p):
    n_components, n_levels = p.shape
    offsets, etas = np.zeros(n_components), np.empty((n_components, n_levels))
    for k in range(n_components):
        for j in range(n_levels):
            etas[k, j] = max(math.log(p[k, j]), IMPOSSIBLE) if p[k, j] >= 0 else math.nan
            offsets[k] += 0.0 if p[k, j] >= 0 else math.nan
    return offsets, etas


@compiled
def _slope(p, counts, sums):
    out = np.zeros(p.shape)
    for k in range(p.shape[0]):
        for j in range(p.shape[1]):
            if sums[k, j] > 0:
                out[k, j] = sums[k, j] / p[k, j]
    return out


_FUSED = fused_of(_natural, _slope)
_FUSED_OF_SEEN = fused_of(_natural, _slope, Categorical.seen_kernel)


class _Coordinates:
    """Logits of the weights, and for each component and column those of its levels."""

    def __init__(self, n_components: int, sizes: np.ndarray):
        self.n_components, self.sizes = n_components, sizes
        self.ends = np.cumsum(sizes - 1)[:-1]
        weights = [("weights", (n_components - 1,))] if n_components > 1 else []
        self.variables = placed([*weights, ("probabilities", (n_components, int((sizes - 1).sum())))])

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        logits = q[..., self.n_components - 1 :].reshape(*q.shape[:-1], *self.variables[-1].shape)
        p = [transforms.simplex(block) for block in np.split(logits, self.ends, axis=-1)]
        return {
            "weights": transforms.simplex(q[..., : self.n_components - 1]),
            "probabilities": np.concatenate(p, axis=-1),
        }

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        p = np.asarray(values["probabilities"], dtype=float)
        blocks = np.split(p, np.cumsum(self.sizes)[:-1], axis=-1)
        logits = np.concatenate([transforms.simplex_inverse(block) for block in blocks], axis=-1)
        weights = transforms.simplex_inverse(np.asarray(values["weights"], dtype=float))
        return np.concatenate([weights, logits.reshape(*p.shape[:-2], -1)], axis=-1)


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_entries, numbers):
    """Offsets and etas: the logs of the probabilities of every component and column."""
    n_components = log_w.shape[0]
    etas = np.empty((n_components, n_entries))
    place = n_components - 1
    for k in range(n_components):
        start = 0
        for size in numbers[1:]:
            n = int(size)
            logs = log_weights(q[place:], n)
            for level in range(n):
                etas[k, start + level] = logs[level]
            start += n
            place += n - 1
    return (log_w, etas), ()


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Of every column what its weights would be of a mixture: see :func:`bayesmix.density.weights.weights_slope`."""
    _, _, sums = statistics
    etas, sizes = form[1], numbers[1:]
    n_components = etas.shape[0]
    place = n_components - 1
    for k in range(n_components):
        start = 0
        for size in sizes:
            n = int(size)
            concentrations = np.full(n, numbers[0])
            block, counts = etas[k, start : start + n], sums[k, start : start + n]
            value += weights_slope(block, counts, concentrations, jacobian, gradient[place:])
            start += n
            place += n - 1
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
        accumulate_indicators,
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


_OF_SEEN = Compiled(log_posterior_of_seen, _seen_in_sampler_coordinates, unpack, accumulate_indicators, add_prior)
