"""A density in closed form, for a family with a prior that it has a compiled part for."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self

import numba as nb
import numpy as np

from bayesmix.density.minibatch import Minibatch
from bayesmix.density.protocol import FreeVariable
from bayesmix.density.sampler import LOG_DENSITY
from bayesmix.passes.known import with_known
from bayesmix.passes.measured import place_of_mark
from bayesmix.passes.patterns import has_patterns
from bayesmix.priors.weights import log_dirichlet_constant


class Coordinates(Protocol):
    """Where each free variable stands in the flat vector, and what its values mean."""

    variables: tuple[FreeVariable, ...]

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        ...

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        ...


@dataclass(frozen=True, eq=False)
class Compiled:
    """The compiled part of a family and a prior (see :mod:`bayesmix.density.composed`), where both are in one file.

    Attributes
    ----------
    log_posterior : compiled function
    in_sampler_coordinates : function
        Not compiled yet: C functions are compiled when they are made, and not when they are first called.
    unpack, accumulate, add_prior : compiled function
        What they are composed of, for who composes it otherwise; None where nobody does.
    log_joint : function
        ``log w_k f_k(x_i)`` (S, N, K) at forms that ``unpack`` gives; None where the family's own kernel has it.
    """

    log_posterior: Callable[..., float]
    in_sampler_coordinates: Callable[..., int]
    unpack: Callable[..., tuple] | None = None
    accumulate: Callable[..., tuple] | None = None
    add_prior: Callable[..., float] | None = None
    log_joint: Callable[..., np.ndarray] | None = None

    @cached_property
    def sampler_function(self) -> Any:
        """The second as a C function."""
        return nb.cfunc(LOG_DENSITY, cache=True)(self.in_sampler_coordinates)


@dataclass(frozen=True, eq=False)
class OwnNumbers:
    """What a family and a prior hand to their compiled part.

    Attributes
    ----------
    constant, jacobian_constant : float
        Of the log prior, and of the log Jacobian from its variables to ``q``.
    hyperparameters : array
    """

    constant: float
    jacobian_constant: float
    hyperparameters: np.ndarray


class ClosedFormDensity:
    """Log posterior density of a mixture, compiled once and kept on disk.

    Parameters
    ----------
    columns : (M, N) array
        Rows as the pass takes them.
    log_likelihood_shift : float
        What the log-likelihood gains in the units of the data.
    coordinates : Coordinates
    compiled : module or Compiled
        Of the family and the prior (see :mod:`bayesmix.density.composed`).
    concentrations : (K,) array
        Of the weights' Dirichlet prior.
    n_blocks : int
    own : OwnNumbers
    """

    def __init__(
        self,
        columns: np.ndarray,
        log_likelihood_shift: float,
        coordinates: Coordinates,
        compiled: Any,
        concentrations: np.ndarray,
        n_blocks: int,
        own: OwnNumbers,
    ):
        # samplers read them by their address, a column after the other
        self.columns, self.log_likelihood_shift = np.ascontiguousarray(columns), log_likelihood_shift
        self.coordinates, self.compiled, self.own = coordinates, compiled, own
        self.n_components, self.n_blocks = concentrations.size, n_blocks
        self.n_entries = place_of_mark(columns) or len(columns) - has_patterns(columns)
        self.row_weights = np.empty(0)
        self.numbers = self._with_weights(concentrations, own)
        # MAP counts a concentration below 1 as 1: its mode is otherwise on the boundary
        self._map_numbers = self._with_weights(np.maximum(concentrations, 1), own)

    def knowing(self, log_prior: np.ndarray | None) -> Self:
        """The density where so much is known of the rows' components, (N, K); None is nothing."""
        density = copy(self)
        density.columns = with_known(self.columns, log_prior)
        return density

    def weighted(self, row_weights: np.ndarray) -> Self:
        """The density in which each row counts so many times, (N,); empty, once."""
        density = copy(self)
        density.row_weights = row_weights
        return density

    def _with_weights(self, concentrations: np.ndarray, own: OwnNumbers) -> np.ndarray:
        several = self.n_components > 1
        constant = own.constant + (log_dirichlet_constant(concentrations) if several else 0.0)
        jacobian = own.jacobian_constant + (np.log(self.n_components) if several else 0.0)  # of the simplex transform
        return np.concatenate([[constant, jacobian, self.n_entries], concentrations, own.hyperparameters])

    @property
    def size(self) -> int:
        """Length of ``q``."""
        return self.variables[-1].place.stop

    @property
    def variables(self) -> tuple[FreeVariable, ...]:
        """The free variables in the order of ``q``."""
        return self.coordinates.variables

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.columns.shape[1]

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self.numbers, 1.0, self.columns, self.row_weights)

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self._map_numbers, 0.0, self.columns, self.row_weights)

    def minibatch(self, indices: np.ndarray) -> Minibatch:
        """The density with the likelihood of the rows ``indices`` alone, counted as all of them."""

        def logp_grad_of(q, columns, row_weights):
            return self._evaluate(q, self.numbers, 1.0, columns, row_weights)

        return Minibatch.of(logp_grad_of, self.columns, self.row_weights, indices)

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self.coordinates.constrain(np.asarray(q, dtype=float))

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        return self.coordinates.unconstrain(values)

    def start(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`: mixture parameters are all that there is."""
        return self.unconstrain(values)

    def _evaluate(self, q, numbers, jacobian, columns, row_weights):
        gradient = np.empty(self.size)
        value = self.compiled.log_posterior(
            np.ascontiguousarray(q, dtype=float),
            gradient,
            columns,
            row_weights,
            self.n_components,
            self.n_blocks,
            numbers,
            jacobian,
        )
        return value + self.log_likelihood_shift, gradient


def placed(sizes: list[tuple[str, tuple[int, ...]]]) -> tuple[FreeVariable, ...]:
    """Free variables of these names and shapes, one after the other."""
    variables, start = [], 0
    for name, shape in sizes:
        stop = start + int(np.prod(shape))
        variables.append(FreeVariable(name, shape, slice(start, stop)))
        start = stop
    return tuple(variables)
