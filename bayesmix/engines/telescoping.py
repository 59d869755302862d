"""Gibbs sampling of the number of components too: chains of the telescoping sampler.

The sweeps are those of :mod:`bayesmix.families.telescoping`; chains go on as in :mod:`bayesmix.engines.gibbs`, until
the numbers of components and of those with rows, the log-likelihood and the total covariance pass the gates.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, override

import numpy as np

from bayesmix.data import check_exact
from bayesmix.engines.em.starts import nearest
from bayesmix.engines.gibbs import (
    BETWEEN_MOVES,
    NO_TRUE_VALUES,
    NUMBERS_AT_ONCE,
    Gibbs,
    Kept,
    Walk,
    accepted,
    mixed,
    sweeps_within,
    walked,
    with_copies,
)
from bayesmix.families.parts import Sweeps
from bayesmix.notes import Note
from bayesmix.priors.concentration import in_powers
from bayesmix.problem import Problem
from bayesmix.threads import one_blas_thread

# Groups that chains start from, in turn: nearest to so many random rows.
_STARTS = (4, 1, 8, 2)
# Components, to reckon how long a run may be.
_ABOUT = 10
# What the gates look at beside the number of components and the total covariance.
_LOOKED_AT = ("n_occupied", "log_likelihood", "concentration")


class OfNumber(NamedTuple):
    """All draws of one number of components K: which of the flattened (chain, draw), weights (n, K), parameters."""

    which: np.ndarray
    weights: np.ndarray
    params: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class DrawsOfNumbers:
    """Draws of mixtures of different numbers of components.

    Attributes
    ----------
    n_components : (chain, draw) array of int
    by_number : tuple of OfNumber
    others : mapping of (chain, draw) arrays
        An unknown ``concentration`` of the weights' prior.
    stats : mapping of (chain, draw) arrays
    seconds : mapping of float
    notes : tuple of Note
    attrs : mapping of int
        How many ``sweeps`` there were, of which ``warm_up``, and the ``thin`` of those that were kept.
    """

    n_components: np.ndarray
    by_number: tuple[OfNumber, ...]
    others: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]
    seconds: dict[str, float]
    notes: tuple[Note, ...] = ()
    attrs: dict[str, int] = field(default_factory=dict)


class Telescope(Walk):
    """A chain of the telescoping sampler; weights and states that it keeps are as long as components are many."""

    def __init__(self, problem: Problem, sweeps: Sweeps, labels: np.ndarray, seed: np.random.SeedSequence):
        family, number, weights = problem.family, problem.number, problem.priors.weights
        assert number is not None
        assert sweeps.telescope is not None
        columns, together = problem.standardised.columns, np.zeros(labels.size, dtype=np.int64)
        state, statistics = family.gathered(columns, labels, int(labels.max()) + 1)
        two, three = (family.gathered(columns, together, n)[0] for n in (2, 3))
        self.layout = [(b.size - a.size or a.size, a.size == b.size) for a, b in zip(two, three, strict=True)]
        blank = [part[1].ravel() for part, (_, shared) in zip(two, self.layout, strict=True) if not shared]
        self._run, self._rng = sweeps.telescope, np.random.default_rng(seed)
        probabilities = number.probabilities()
        beyond = np.append(probabilities[:0:-1].cumsum()[::-1], 0.0)
        with np.errstate(divide="ignore"):
            of_number = np.log([probabilities, beyond])
        self._problem = (
            columns,
            of_number,
            in_powers(weights.hyperprior),
            weights.dynamic,
            sweeps.numbers,
            (sweeps.n_known, sweeps.shared),
            np.array(self.layout, dtype=np.int64),
            np.concatenate(blank),
        )
        self._labels = labels.astype(np.int64)
        form = tuple(np.ascontiguousarray(part)[None] for part in statistics.form)
        concentration = float(weights.concentrations(1)[0])
        self._at = (np.concatenate([np.ravel(part) for part in state]), form, concentration)
        self._at_once = NUMBERS_AT_ONCE / (labels.size * _ABOUT)

    @override
    def _sweeps(self, n_kept: int, stride: int) -> Kept:
        plan = (n_kept, stride, BETWEEN_MOVES)
        numbers, occupied, weights, states, log_likelihoods, moves, concentrations, *at = self._run(
            self._rng, self._problem, (self._labels, *self._at), plan
        )
        self._at = tuple(at)
        own, shared = (sum(width for width, is_shared in self.layout if is_shared == which) for which in (False, True))
        weights, states = _divided(weights, numbers), _divided(states, own * numbers + shared)
        return Kept(weights, states, log_likelihoods, occupied, moves, concentrations)


@dataclass(frozen=True)
class Telescoping(Gibbs):
    """The settings of :class:`~bayesmix.engines.gibbs.Gibbs`, of an unknown number of components."""

    def sample(self, problem: Problem, seed: int) -> DrawsOfNumbers:
        """Sweeps until the gates pass or the sweeps are spent.

        Raises
        ------
        ValueError
            If nothing draws the family's parameters under these priors for an unknown number of components, or weights
            of rows are no whole numbers.
        KeyboardInterrupt
            As of :func:`bayesmix.engines.gibbs.walked`.
        """
        began = time.perf_counter()
        problem = with_copies(problem)
        chains = _chains_from(problem, seed, self.chains)
        limits = sweeps_within(problem.rows.n_rows, _ABOUT, self.max_sweeps)
        kept, notes, made = walked(chains, self, limits, lambda kept: _passes(problem, chains, kept))
        stats = {"n_occupied": np.stack([one.n_occupied for one in kept]), **accepted(kept)}
        seconds = {"sampling": time.perf_counter() - began}
        unknown = problem.priors.weights.hyperprior is not None
        others = {"concentration": np.stack([one.concentration for one in kept])} if unknown else {}
        by_number = tuple(_by_number(problem, chains, kept))
        return DrawsOfNumbers(_numbers(kept), by_number, others, stats, seconds, notes, made)


def _chains_from(problem: Problem, seed: int, n_chains: int) -> list[Telescope]:
    """Chains that start from few groups and from many, each of the rows that are nearest to a random one."""
    check_exact(problem.rows, NO_TRUE_VALUES)
    sweeps = None if problem.conditional is None else problem.conditional.sweeps(problem.rows.n_rows)
    if sweeps is None or sweeps.telescope is None:
        other = "" if problem.has_default_priors else ", or use the family's default prior"
        raise ValueError(
            f"nothing draws a {problem.family} mixture of an unknown number of components under these priors: give "
            f"n_components as a number{other}"
        )
    assert problem.number is not None
    seeds = np.random.SeedSequence(seed).spawn(2 * n_chains)
    [view, *_] = problem.standardised.views(problem.standardised.columns)
    chains = []
    for c, (of_start, of_chain) in enumerate(zip(seeds[::2], seeds[1::2], strict=True)):
        n_groups = min(_STARTS[c % len(_STARTS)], problem.number.most, len(view))
        centres = np.random.default_rng(of_start).choice(len(view), size=n_groups, replace=False)
        chains.append(Telescope(problem, sweeps, nearest(view, view[centres]), of_chain))
    return chains


def _divided(numbers: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """An array (S,) of arrays of these sizes."""
    parts = np.empty(sizes.size, dtype=object)
    for s, stop in enumerate(np.cumsum(sizes)):
        parts[s] = numbers[stop - sizes[s] : stop]
    return parts


def _numbers(kept: list[Kept]) -> np.ndarray:
    return np.array([[weights.size for weights in one.weights] for one in kept])


def _by_number(problem: Problem, chains: list[Telescope], kept: list[Kept]) -> Iterator[OfNumber]:
    """The draws in the units of the data, number after number."""
    numbers = _numbers(kept).ravel()
    weights, states = (np.concatenate([getattr(one, name) for one in kept]) for name in ("weights", "states"))
    like = problem.family.gathered(problem.standardised.columns, np.zeros(problem.rows.n_rows, dtype=np.int64), 1)[0]
    for n_components in np.unique(numbers):
        which = np.flatnonzero(numbers == n_components)
        flat, parts, start = np.stack(list(states[which])), [], 0
        for (width, shared), part in zip(chains[0].layout, like, strict=True):
            stop = start + width * (1 if shared else n_components)
            shape = part.shape if shared else (n_components, *part.shape[1:])
            parts.append(flat[:, start:stop].reshape((which.size, *shape)))
            start = stop
        with one_blas_thread():
            params = problem.standardised.to_params(tuple(parts))
        yield OfNumber(which, np.stack(list(weights[which])), params)


def _passes(problem: Problem, chains: list[Telescope], kept: list[Kept]) -> bool:
    """Whether what does not depend on labels, nor on the number of components, passes its gates."""
    numbers = _numbers(kept)
    total = np.empty((numbers.size, 0))
    for one in _by_number(problem, chains, kept):
        found = problem.family.watched(one.weights, one.params)
        if total.size == 0:
            total = np.empty((numbers.size, found.shape[-1]))
        total[one.which] = found
    others = np.stack(
        [numbers, *(np.stack([getattr(one, name) for one in kept]) for name in _LOOKED_AT)],
    )
    return mixed(np.concatenate([others, np.moveaxis(total.reshape((*numbers.shape, -1)), -1, 0)]))
