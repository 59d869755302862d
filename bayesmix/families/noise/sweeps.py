"""Gibbs sampling with noise: which rows are noise given the parameters, and the groups' sweep of the others, in turn.

Given which rows are noise, the groups are a mixture of the rest, of which their compiled sampler makes one sweep, with
its moves of assignments. The component that a row would be in, were it no noise, is drawn with all else.
"""

from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from bayesmix.families.noise.rows import log_odds, log_rest
from bayesmix.families.parts import Sweeps
from bayesmix.passes.shares import draw_components
from bayesmix.priors.rates import Beta


def sweeps_of(log_joint: Any, own: Sweeps, prior: Beta) -> Sweeps:
    """The sampler that the groups' own is a part of; ``log_joint`` is that of their kernel."""
    run = partial(_run, log_joint, own, prior)
    return Sweeps(run, own.numbers, own.n_known, own.shared, moving=own.moving)


def _run(log_joint: Any, own: Sweeps, prior: Beta, rng: Any, problem: Any, position: Any, plan: Any) -> tuple:
    """See :func:`bayesmix.families.sweeps.run_completed`."""
    n_kept, thin, between_moves = plan
    chain = _Chain(log_joint, own, prior, rng, problem, position, between_moves)
    kept = [chain.sweep(thin) for _ in range(n_kept)]
    weights, states, log_likelihoods, occupied, moves, shares = (np.array(part) for part in zip(*kept, strict=True))
    return weights, states, log_likelihoods, occupied, moves, shares, chain.whole_form


class _Chain:
    """Where a chain is: components, and the flat state, which are overwritten, and the groups' form."""

    def __init__(
        self, log_joint: Any, own: Sweeps, prior: Beta, rng: Any, problem: Any, position: Any, between_moves: int
    ):
        columns, self.concentrations, self.numbers, self.no_rows, self.remembered, self.of_concentration, _ = problem
        self.labels, self.state, (*form, _) = position
        self.columns, self.log_density = np.ascontiguousarray(columns[:-1]), columns[-1]
        self.log_joint, self.own, self.prior, self.rng, self.between_moves = log_joint, own, prior, rng, between_moves
        self._come_to(tuple(form))

    @property
    def whole_form(self) -> tuple[np.ndarray, ...]:
        """At the state, to go on from."""
        return *self.form, self.state[-1:].reshape(1, 1)

    def sweep(self, thin: int) -> tuple:
        """So many sweeps, and what is kept of the last; moves of all."""
        found = self._once()
        moves = found[-2]
        for _ in range(thin - 1):
            found = self._once()
            moves = moves + found[-2]
        weights, occupied, _, share = found
        with_noise = self.log_density + np.log(self.state[-1]) if self.state[-1] > 0 else -np.inf
        log_likelihood = np.logaddexp(self.of_groups + log_rest(self.state[-1]), with_noise).sum()
        return weights, self.state.copy(), log_likelihood, occupied, moves, share

    def _once(self) -> tuple:
        rng, n_rows = self.rng, self.labels.size
        noise = rng.random(n_rows) < expit(self.log_density + log_odds(self.state[-1]) - self.of_groups)
        draw_components(rng, self.joint, self.labels)
        n_noise = np.count_nonzero(noise)
        self.state[-1] = rng.beta(self.prior.a + n_noise, self.prior.b + n_rows - n_noise)
        rest = np.flatnonzero(~noise)
        moving = self.between_moves > 0 and rest.size > 1 and rng.random() * self.between_moves < 1
        remembered = self.remembered[:, rest] if moving else np.empty((0, rest.size), dtype=bool)
        problem = (
            np.take(self.columns, rest, axis=1),
            self.concentrations,
            self.numbers,
            self.no_rows,
            np.ascontiguousarray(remembered),
            self.of_concentration,
            np.empty((0, rest.size)),
        )
        position = self.labels[rest], self.state[:-1], self.form
        weights, _, _, occupied, moves, shares, form = self.own.run(rng, problem, position, (1, 1, int(moving)))
        self._come_to(form)
        return weights[0], occupied[0], moves[0], shares[0]

    def _come_to(self, form: tuple[np.ndarray, ...]) -> None:
        """What is asked of the rows at the form where the chain is."""
        self.form = form
        self.joint = np.ascontiguousarray(self.log_joint(self.columns, *form)[0].T)
        self.of_groups = np.logaddexp.reduce(self.joint, axis=0)
