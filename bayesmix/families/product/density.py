"""The posterior density of mixed columns in closed form: what the blocks' densities are composed of, composed anew.

Every block's density is compiled: what unpacks its part of ``q``, its pass, and what adds its prior
(:mod:`bayesmix.density.composed`). Here these are called one after the other, so that nothing is compiled for a
combination of families.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Self

import numpy as np

from bayesmix.data import Rows
from bayesmix.density.closed_form import ClosedFormDensity, placed
from bayesmix.density.minibatch import Minibatch
from bayesmix.density.protocol import FreeVariable
from bayesmix.density.weights import log_weights, weights_slope
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.product.block import Block
from bayesmix.families.product.one_pass import gather, kernel_of
from bayesmix.families.product.standardised import Together
from bayesmix.passes.shares import share_out
from bayesmix.priors.sets import Priors
from bayesmix.priors.weights import log_dirichlet_constant


def closed_form(
    blocks: Sequence[Block], rows: Rows, standardised: Together, priors: Priors, n_components: int
) -> "ProductDensity | None":
    """The density, or None where a block has none that is compiled."""
    parts = []
    for block, own in zip(blocks, standardised.parts, strict=True):
        density = block.family.closed_form(block.rows(rows), own, block.priors(priors), n_components)
        if not isinstance(density, ClosedFormDensity):
            return None
        parts.append(density)
    return ProductDensity(blocks, parts, priors.weights.concentrations(n_components))


class ProductDensity:
    """See :class:`~bayesmix.density.Density`.

    Parameters
    ----------
    blocks : sequence of Block
    parts : sequence of ClosedFormDensity
        Of the blocks, each with the weights for itself.
    concentrations : (K,) array
        Of the weights' Dirichlet prior.
    """

    def __init__(self, blocks: Sequence[Block], parts: Sequence[ClosedFormDensity], concentrations: np.ndarray):
        self.blocks, self.parts, self.concentrations = blocks, parts, concentrations
        self.n_components = concentrations.size
        first = self.n_components - 1
        free = [("weights", (first,))] if first else []
        for block, part in zip(blocks, parts, strict=True):
            free += [(block.called(one.name), one.shape) for one in part.variables if one.name != "weights"]
        self.variables: tuple[FreeVariable, ...] = placed(free)
        sizes = [part.size - first for part in parts]
        ends = first + np.cumsum(sizes)
        self._places = [slice(end - size, end) for end, size in zip(ends.tolist(), sizes, strict=True)]
        self.row_weights = NO_ROW_WEIGHTS
        # the last is what is known of the rows' components, (K, N), or (0, N)
        self._columns = [*(part.columns for part in parts), np.empty((0, parts[0].n_rows))]

    def knowing(self, log_prior: np.ndarray | None) -> Self:
        """The density where so much is known of the rows' components, (N, K); None is nothing."""
        density = copy(self)
        if log_prior is not None:
            density._columns = [*self._columns[:-1], np.ascontiguousarray(log_prior.T)]
        return density

    def weighted(self, row_weights: np.ndarray) -> Self:
        """The density in which each row counts so many times, (N,); empty, once."""
        density = copy(self)
        density.row_weights = row_weights
        return density

    @property
    def size(self) -> int:
        """Length of ``q``."""
        return self.variables[-1].place.stop

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.parts[0].n_rows

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self._columns, self.row_weights, 1.0)

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self._columns, self.row_weights, 0.0)

    def minibatch(self, indices: np.ndarray) -> Minibatch:
        """The density with the likelihood of the rows ``indices`` alone, counted as all of them."""
        ends = np.cumsum([len(columns) for columns in self._columns])[:-1]

        def logp_grad_of(q, columns, row_weights):
            every = [np.ascontiguousarray(own) for own in np.split(columns, ends)]
            return self._evaluate(q, every, row_weights, 1.0)

        chosen = np.concatenate([np.take(columns, indices, axis=1) for columns in self._columns])
        some = self.row_weights[indices] if self.row_weights.size else self.row_weights
        return Minibatch(logp_grad_of, chosen, some, self.n_rows)

    def _evaluate(
        self, q: np.ndarray, every: Sequence[np.ndarray], row_weights: np.ndarray, jacobian: float
    ) -> tuple[float, np.ndarray]:
        q, (*every, known) = np.ascontiguousarray(q, dtype=float), every
        first, n_components = self.n_components - 1, self.n_components
        log_w, nothing = log_weights(q[:first], n_components), np.zeros(n_components)
        unpacked, joint = [], np.repeat(log_w[:, None], every[0].shape[1], axis=1)
        for block, part, place, columns in zip(self.blocks, self.parts, self._places, every, strict=True):
            own_q, numbers = np.concatenate([q[:first], q[place]]), part.own.hyperparameters
            form, own = part.compiled.unpack(own_q, nothing, part.n_blocks, part.n_entries, numbers)
            log_joint = getattr(part.compiled, "log_joint", None) or kernel_of(block, columns).log_joint
            joint += log_joint(columns, *(values[None] for values in form))[0].T
            unpacked.append((own_q, form, own))
        joint = joint + known if len(known) else joint
        log_likelihood, shares = share_out(joint, row_weights)
        gradient = np.empty(self.size)
        value = log_likelihood + self._of_weights(log_w, shares, jacobian, gradient)
        for part, place, columns, (own_q, form, own) in zip(self.parts, self._places, every, unpacked, strict=True):
            statistics = (log_likelihood, *gather(part.compiled.accumulate, columns, form, shares))
            slope, numbers = np.empty(own_q.size), part.own.hyperparameters
            value += part.own.constant + jacobian * part.own.jacobian_constant + part.log_likelihood_shift
            value += part.compiled.add_prior(0.0, own_q, slope, statistics, form, own, numbers, jacobian)
            gradient[place] = slope[first:]
        return value, gradient

    def _of_weights(self, log_w: np.ndarray, shares: np.ndarray, jacobian: float, gradient: np.ndarray) -> float:
        """Log prior (and Jacobian) of the weights; fills their slopes."""
        if self.n_components == 1:
            return 0.0
        # MAP counts a concentration below 1 as 1: its mode is otherwise on the boundary
        concentrations = self.concentrations if jacobian else np.maximum(self.concentrations, 1.0)
        constant = log_dirichlet_constant(concentrations) + jacobian * np.log(self.n_components)
        return constant + weights_slope(log_w, shares.sum(axis=1), concentrations, jacobian, gradient)

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        q, first = np.asarray(q, dtype=float), self.n_components - 1
        named = {}
        for block, part, place in zip(self.blocks, self.parts, self._places, strict=True):
            found = part.constrain(np.concatenate([q[..., :first], q[..., place]], axis=-1))
            named["weights"] = found.pop("weights")
            named |= block.named(found)
        return named

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        first, found = self.n_components - 1, []
        for block, part in zip(self.blocks, self.parts, strict=True):
            found.append(part.unconstrain({"weights": values["weights"], **block.params(values)}))
        return np.concatenate([found[0][..., :first], *(own[..., first:] for own in found)], axis=-1)

    def start(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`: mixture parameters are all that there is."""
        return self.unconstrain(values)
