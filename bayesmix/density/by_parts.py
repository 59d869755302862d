"""A density put together in NumPy: weights, and parameters each with a prior and coordinates of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.special import expit, logit

from bayesmix.density import transforms
from bayesmix.density.closed_form import placed
from bayesmix.density.minibatch import Minibatch
from bayesmix.density.protocol import FreeVariable
from bayesmix.passes.known import with_known
from bayesmix.priors.weights import Dirichlet, log_dirichlet_constant

_LEAST = 1e-10  # of what must not be zero where a sampler starts

# weights, parameters by name, columns, row weights (N,) or (0,) -> log-likelihood, counts, slopes by name
Likelihood = Callable[
    [np.ndarray, Mapping[str, np.ndarray], np.ndarray, np.ndarray],
    tuple[float, np.ndarray, Mapping[str, np.ndarray]],
]


class Part(NamedTuple):
    """One parameter: its prior has ``log_density`` and ``slope``, elementwise."""

    name: str
    shape: tuple[int, ...]
    support: str
    prior: Any


class Chart(NamedTuple):
    """Coordinates of a support: values of q, the inverse, ``dvalue/dq`` and ``d log(dvalue/dq) / dq``."""

    value: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[np.ndarray], np.ndarray]
    rate: Callable[[np.ndarray], np.ndarray]
    bend: Callable[[np.ndarray], np.ndarray]


_LOG = Chart(np.exp, lambda value: np.log(np.maximum(value, _LEAST)), np.exp, np.ones_like)
CHARTS = {
    "real": Chart(np.copy, np.copy, np.ones_like, np.zeros_like),
    "positive": _LOG,
    "nonnegative": _LOG,
    "probability": Chart(
        expit,
        lambda value: logit(np.clip(value, _LEAST, 1 - _LEAST)),
        lambda q: expit(q) * expit(-q),
        lambda q: 1 - 2 * expit(q),
    ),
}
"""Support -> coordinates, which are PyMC's."""


@dataclass(frozen=True, eq=False)
class DensityByParts:
    """See :class:`~bayesmix.density.Density`.

    Attributes
    ----------
    columns : (M, N) array
    n_components : int
    weights : Dirichlet
    parts : tuple of Part
    likelihood : callable
    row_weights : (N,) or (0,) array
        How much each row counts; empty, once.
    """

    columns: np.ndarray
    n_components: int
    weights: Dirichlet
    parts: tuple[Part, ...]
    likelihood: Likelihood
    row_weights: np.ndarray = field(default_factory=lambda: np.empty(0))

    def weighted(self, row_weights: np.ndarray) -> Self:
        """The density in which each row counts so many times, (N,); empty, once."""
        return replace(self, row_weights=row_weights)

    def knowing(self, log_prior: np.ndarray | None) -> Self:
        """The density where so much is known of the rows' components, (N, K); None is nothing."""
        return replace(self, columns=with_known(self.columns, log_prior))

    @property
    def variables(self) -> tuple[FreeVariable, ...]:
        """The free variables in the order of ``q``."""
        free = [("weights", (self.n_components - 1,))] if self.n_components > 1 else []
        return placed([*free, *((part.name, part.shape) for part in self.parts)])

    @property
    def size(self) -> int:
        """Length of ``q``."""
        return self.variables[-1].place.stop

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.columns.shape[1]

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self.columns, self.row_weights, jacobian=1.0, prior=1.0)

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self.columns, self.row_weights, jacobian=0.0, prior=1.0)

    def ml_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """The log-likelihood, and its gradient."""
        return self._evaluate(q, self.columns, self.row_weights, jacobian=0.0, prior=0.0)

    def minibatch(self, indices: np.ndarray) -> Minibatch:
        """The density with the likelihood of the rows ``indices`` alone, counted as all of them."""

        def logp_grad_of(q, columns, row_weights):
            return self._evaluate(q, columns, row_weights, jacobian=1.0, prior=1.0)

        return Minibatch.of(logp_grad_of, self.columns, self.row_weights, indices)

    def _evaluate(self, q, columns, row_weights, *, jacobian: float, prior: float) -> tuple[float, np.ndarray]:
        q = np.asarray(q, dtype=float)
        first = self.n_components - 1
        coordinates = {one.name: q[one.place].reshape(one.shape) for one in self.variables if one.name != "weights"}
        params = {part.name: CHARTS[part.support].value(coordinates[part.name]) for part in self.parts}
        weights = transforms.simplex(q[:first])
        value, counts, slopes = self.likelihood(weights, params, columns, row_weights)
        gradient = [self._of_weights(weights, counts, jacobian, prior)] if first else []
        if first:
            value += self._log_of_weights(weights, jacobian, prior)
        for part in self.parts:
            chart, own = CHARTS[part.support], coordinates[part.name]
            rate, slope = chart.rate(own), slopes[part.name]
            if prior:
                value += float(part.prior.log_density(params[part.name]).sum())
                slope = slope + part.prior.slope(params[part.name])
            value += jacobian * float(np.log(rate).sum())
            gradient.append((slope * rate + jacobian * chart.bend(own)).ravel())
        return value, np.concatenate(gradient)

    def _powers(self, jacobian: float, prior: float) -> np.ndarray:
        """Of the weights: ``a - 1`` (at MAP at least 0, else its mode is on the boundary), and the Jacobian's."""
        excess = self.weights.concentrations(self.n_components) - 1
        return prior * (excess if jacobian else np.maximum(excess, 0)) + jacobian

    def _log_of_weights(self, weights: np.ndarray, jacobian: float, prior: float) -> float:
        powers = self._powers(jacobian, prior)
        constant = prior * log_dirichlet_constant(prior * (powers - jacobian) + 1) + jacobian * np.log(weights.size)
        return constant + float((powers * np.log(weights)).sum())

    def _of_weights(self, weights: np.ndarray, counts: np.ndarray, jacobian: float, prior: float) -> np.ndarray:
        """Slope in the logits, of which the last is minus the sum of the others."""
        powers = counts + self._powers(jacobian, prior)
        slope = powers - weights * powers.sum()
        return slope[:-1] - slope[-1]

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        q = np.asarray(q, dtype=float)
        named = {"weights": transforms.simplex(q[..., : self.n_components - 1])}
        places = {one.name: one for one in self.variables}
        for part in self.parts:
            own = q[..., places[part.name].place].reshape(*q.shape[:-1], *part.shape)
            named[part.name] = CHARTS[part.support].value(own)
        return named

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        weights = transforms.simplex_inverse(np.asarray(values["weights"], dtype=float))
        parts = [weights]
        for part in self.parts:
            own = CHARTS[part.support].inverse(np.asarray(values[part.name], dtype=float))
            parts.append(own.reshape(*weights.shape[:-1], -1))
        return np.concatenate(parts, axis=-1)

    def start(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`: mixture parameters are all that there is."""
        return self.unconstrain(values)
