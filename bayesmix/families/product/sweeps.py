"""Gibbs sampling of mixed columns: assignments from all blocks together, parameters from each block's own sampler.

Given the assignments the blocks know nothing of each other. Each block's compiled sampler makes one sweep from copies
of them: it draws the block's parameters, which are kept, and then assignments by the block alone, which are not.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from bayesmix.families.concentration import draw_share
from bayesmix.families.parts import Sweeps, unflattened
from bayesmix.families.product.block import Block, forms_of
from bayesmix.families.product.one_pass import OnePass, kernel_of
from bayesmix.families.sweeps import draw_weights
from bayesmix.passes.shares import draw_components

_KNOWN = (np.empty(0), 1.0)  # a concentration that is a number
_MOVES = 4  # kinds of moves of assignments, of which none is made here


def sweeps_of(blocks: Sequence[Block], own: Sequence[Sweeps]) -> Sweeps:
    """The sampler that is composed of those of the blocks."""
    return Sweeps(partial(_run, blocks, own), (), 0, moving=False, takes_gaps=True)


def _run(blocks: Sequence[Block], own: Sequence[Sweeps], rng: Any, problem: Any, position: Any, plan: Any) -> tuple:
    """See :func:`bayesmix.families.sweeps.run_completed`."""
    n_kept, thin, _ = plan
    chain = _Chain(blocks, own, rng, problem, position)
    kept = [chain.sweep(thin) for _ in range(n_kept)]
    weights, states, log_likelihoods, occupied, shares = (np.array(part) for part in zip(*kept, strict=True))
    moves = np.zeros((n_kept, _MOVES, 2), dtype=np.int64)
    return weights, states, log_likelihoods, occupied, moves, shares, chain.form


class _Chain:
    """Where a chain is: assignments and flat state, which are overwritten, and every block's columns and form."""

    def __init__(self, blocks: Sequence[Block], samplers: Sequence[Sweeps], rng: Any, problem: Any, position: Any):
        columns, self.concentrations, _, _, _, (self.of_concentration, self.n_parts), self.known = problem
        self.labels, self.state, form = position
        self.rng, self.blocks, self.samplers = rng, blocks, samplers
        n_components = self.concentrations.size
        self.ones, self.log_weights = np.ones(n_components), form[0][0]
        self.columns = [np.ascontiguousarray(own) for _, own in OnePass(blocks).columns_of(columns)]
        self.forms = [tuple(np.ascontiguousarray(part) for part in own) for own in forms_of(blocks, form)]
        self.shapes = [[*block.family.shapes(n_components, block.n_features).values()] for block in blocks]
        sizes = [sum(int(np.prod(shape)) for shape in own) for own in self.shapes]
        ends = np.cumsum(sizes).tolist()
        self.places = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        self.nothing_remembered = np.empty((0, self.labels.size), dtype=bool)

    @property
    def form(self) -> tuple[np.ndarray, ...]:
        """At the state, to go on from."""
        return self.log_weights[None], *(part for own in self.forms for part in own)

    def sweep(self, thin: int) -> tuple[np.ndarray, np.ndarray, float, int, float]:
        """So many sweeps, and what is kept of the last."""
        weights, counts, log_likelihood = self._once()
        for _ in range(thin - 1):
            weights, counts, log_likelihood = self._once()
        return weights, self.state.copy(), log_likelihood, int(np.count_nonzero(counts)), self.concentrations[0]

    def _once(self) -> tuple[np.ndarray, np.ndarray, float]:
        n_components, n_rows = self.concentrations.size, self.labels.size
        counts = np.bincount(self.labels, minlength=n_components).astype(float)
        if self.of_concentration.size:
            known = (self.of_concentration, self.n_parts, self.concentrations[0], n_components, counts, n_rows)
            self.concentrations[:] = draw_share(self.rng, *known)
        weights = draw_weights(self.rng, self.concentrations, counts)
        self.log_weights = np.log(weights)
        joint = np.repeat(self.log_weights[:, None], n_rows, axis=1)
        for b, block in enumerate(self.blocks):
            self._draw(b)
            joint += kernel_of(block, self.columns[b]).log_joint(self.columns[b], *self.forms[b])[0].T
        if len(self.known):
            joint += self.known
        return weights, counts, draw_components(self.rng, joint, self.labels)

    def _draw(self, b: int) -> None:
        """The parameters of a block given the assignments."""
        sampler, place, block = self.samplers[b], self.places[b], self.blocks[b]
        no_rows = (sampler.n_known, sampler.shared)
        given = (self.ones.copy(), sampler.numbers, no_rows, self.nothing_remembered, _KNOWN)
        problem = (self.columns[b], *given, np.empty((0, self.labels.size)))
        position = self.labels.copy(), self.state[place].copy(), self.forms[b]
        _, drawn, *_ = sampler.run(self.rng, problem, position, (1, 1, 0))
        self.state[place] = drawn[0]
        form = block.family.form(self.ones, unflattened(drawn[0], self.shapes[b]))
        self.forms[b] = tuple(np.ascontiguousarray(part)[None] for part in form)
