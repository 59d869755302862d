"""Gibbs sampling of mixed columns: assignments from all blocks together, parameters from each block's own sampler.

Given the assignments the blocks know nothing of each other. Each block's compiled sampler makes one sweep from copies
of them: it draws the block's parameters, which are kept, and then assignments by the block alone, which are not.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from bayesmix.families.concentration import draw_share
from bayesmix.families.parts import Sweeps
from bayesmix.families.product.block import Block, forms_of
from bayesmix.families.product.one_pass import OnePass
from bayesmix.families.sweeps import draw_weights
from bayesmix.passes.shares import draw_components

_KNOWN_CONCENTRATION = (np.empty(0), 1.0)
_MOVES = 4  # kinds of moves of assignments, of which none is made here


def sweeps_of(blocks: Sequence[Block], own: Sequence[Sweeps]) -> Sweeps:
    """The sampler that is composed of those of the blocks."""
    return Sweeps(partial(_run, blocks, own), (), 0, moving=False)


def _run(
    blocks: Sequence[Block],
    samplers: Sequence[Sweeps],
    rng: np.random.Generator,
    problem: Any,
    position: Any,
    plan: Any,
) -> tuple:
    """See :func:`bayesmix.families.sweeps.run_completed`."""
    columns, concentrations, _, _, _, (of_concentration, parts) = problem
    labels, state, form = position
    n_kept, thin, _ = plan
    n_components, n_rows = concentrations.size, labels.size
    every = [np.ascontiguousarray(own) for _, own in OnePass(blocks).columns_of(columns)]
    shapes = [own_shapes(block, n_components) for block in blocks]
    sizes = [sum(int(np.prod(shape)) for shape in own) for own in shapes]
    ends = np.cumsum(sizes)
    forms = [tuple(np.ascontiguousarray(part) for part in own) for own in forms_of(blocks, form)]
    log_weights = form[0][0].copy()
    kept_weights, kept_states = np.empty((n_kept, n_components)), np.empty((n_kept, state.size))
    log_likelihoods, occupied = np.empty(n_kept), np.empty(n_kept, dtype=np.int64)
    shares, ones = np.empty(n_kept), np.ones(n_components)
    nothing_remembered = np.empty((0, n_rows), dtype=bool)
    for s in range(n_kept):
        for _ in range(thin):
            counts = np.bincount(labels, minlength=n_components).astype(float)
            if of_concentration.size:
                concentrations[:] = draw_share(
                    rng, of_concentration, parts, concentrations[0], n_components, counts, n_rows
                )
            weights = draw_weights(rng, concentrations, counts)
            log_weights = np.log(weights)
            joint = np.repeat(log_weights[:, None], n_rows, axis=1)
            for b, (block, sampler) in enumerate(zip(blocks, samplers, strict=True)):
                place = slice(ends[b] - sizes[b], ends[b])
                known = (sampler.n_known, sampler.shared)
                own_problem = (
                    every[b],
                    ones.copy(),
                    sampler.numbers,
                    known,
                    nothing_remembered,
                    _KNOWN_CONCENTRATION,
                )
                own_position = (labels.copy(), state[place].copy(), forms[b])
                _, drawn, *_ = sampler.run(rng, own_problem, own_position, (1, 1, 0))
                state[place] = drawn[0]
                of_state = _shaped(drawn[0], shapes[b])
                forms[b] = tuple(np.ascontiguousarray(part)[None] for part in block.family.form(ones, of_state))
                joint += block.family.kernel.log_joint(every[b], *forms[b])[0].T
            log_likelihood = draw_components(rng, joint, labels)
        kept_weights[s], kept_states[s] = weights, state
        log_likelihoods[s], occupied[s], shares[s] = log_likelihood, np.count_nonzero(counts), concentrations[0]
    moves = np.zeros((n_kept, _MOVES, 2), dtype=np.int64)
    at_end = (log_weights[None], *(part for own in forms for part in own))
    return kept_weights, kept_states, log_likelihoods, occupied, moves, shares, at_end


def own_shapes(block: Block, n_components: int) -> list[tuple[int, ...]]:
    """Shapes of the arrays of a block's state."""
    return [*block.family.shapes(n_components, block.n_features).values()]


def _shaped(flat: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> tuple[np.ndarray, ...]:
    out, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape))
        out.append(flat[start:stop].reshape(shape))
        start = stop
    return tuple(out)
