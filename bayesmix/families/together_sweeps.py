"""Gibbs sampling where rows belong together: one component is drawn for all rows of a subject.

Given the components of the subjects, those of rows are known, and for the parameters nothing has changed: the family's
own sampler makes one sweep from a copy of them. It draws parameters, which are kept, and then components of single
rows, which are not. Weights know subjects, and not rows.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.families.column_blocks import HeldTogether
from bayesmix.families.concentration import draw_share
from bayesmix.families.parts import Sweeps, unflattened
from bayesmix.families.sweeps import draw_weights
from bayesmix.passes.shares import draw_components

if TYPE_CHECKING:
    from bayesmix.families.protocol import Family

_KNOWN = (np.empty(0), 1.0)  # a concentration that is a number
_MOVES = 4  # kinds of moves of assignments, of which none is made here


def sweeps_of_subjects(family: "Family", own: Sweeps, n_components: int, held: HeldTogether) -> Sweeps:
    """The sampler that is made of the family's."""
    state, _ = family.gathered(held.whole, np.arange(held.whole.shape[1]) % n_components, n_components)
    shapes = [part.shape for part in state]
    return own._replace(run=partial(_run, family, own, shapes, held), moving=False, takes_gaps=False, telescope=None)


def _run(
    family: "Family",
    own: Sweeps,
    shapes: Sequence[tuple[int, ...]],
    held: HeldTogether,
    rng: Any,
    problem: Any,
    position: Any,
    plan: Any,
) -> tuple:
    """See :func:`bayesmix.families.sweeps.run_completed`."""
    columns, concentrations, numbers, no_rows, _, (of_concentration, n_parts), _ = problem
    labels, state, form = position
    n_kept, thin, _ = plan
    subjects, n_components = held.subjects, concentrations.size
    nothing = np.empty((0, labels.size), dtype=bool), _KNOWN, np.empty((0, labels.size))
    of_subjects = labels[subjects.first]

    def once(form: tuple[np.ndarray, ...]) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray, float]:
        """The form, the weights, how many subjects each component had, and the log-likelihood."""
        counts = np.bincount(of_subjects, minlength=n_components).astype(float)
        if of_concentration.size:
            known = (of_concentration, n_parts, concentrations[0], n_components, counts, subjects.n)
            concentrations[:] = draw_share(rng, *known)
        weights = draw_weights(rng, concentrations, counts)
        given = (columns, concentrations.copy(), numbers, no_rows, *nothing)
        _, drawn, *_ = own.run(rng, given, (labels.copy(), state.copy(), form), (1, 1, 0))
        state[:] = drawn[0]
        at = family.form(weights, unflattened(state, shapes))
        joint = np.ascontiguousarray(held.joint(family.kernel, at, weights).T)
        log_likelihood = draw_components(rng, joint, of_subjects)
        labels[:] = of_subjects[subjects.of_rows]
        return tuple(np.ascontiguousarray(part)[None] for part in at), weights, counts, log_likelihood

    kept = []
    for _ in range(n_kept):
        form, weights, counts, log_likelihood = once(form)
        for _ in range(thin - 1):
            form, weights, counts, log_likelihood = once(form)
        kept.append((weights, state.copy(), log_likelihood, int(np.count_nonzero(counts)), concentrations[0]))
    of_weights, states, log_likelihoods, n_occupied, shares = (np.array(part) for part in zip(*kept, strict=True))
    return of_weights, states, log_likelihoods, n_occupied, np.zeros((n_kept, _MOVES, 2), dtype=np.int64), shares, form
