"""Gibbs sampling of assignments and parameters: chains that walk between the modes of a mixture.

The sweeps are a family's (:mod:`bayesmix.families.sweeps`). Here chains start far apart, run on all cores, and go on
until their draws pass the gates. The first quarter of all sweeps is warm-up; the longer they go on, the further apart
are the draws that are kept.
"""

import os
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from math import ceil
from threading import Event
from typing import Any, NamedTuple, override

import numpy as np

from bayesmix.data import check_exact
from bayesmix.density import Density
from bayesmix.density.many_places import logps
from bayesmix.engines.draws import Draws
from bayesmix.engines.em.known import as_known, by_known_names
from bayesmix.engines.em.starts import nearest
from bayesmix.engines.interruption import INTERRUPTED
from bayesmix.engines.mixing import mixing
from bayesmix.engines.protocol import Start
from bayesmix.engines.small_components import held, worst_held
from bayesmix.families.parts import Sweeps, unflattened
from bayesmix.notes import Note
from bayesmix.priors.concentration import in_powers
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.shelter import sheltered
from bayesmix.threads import one_blas_thread
from bayesmix.verdict import ESS_GATE, RHAT_GATE

# A move goes over the rows of two components one by one, and costs about ten sweeps.
BETWEEN_MOVES = 10
# Rows times components beyond which moves are rarer, by the root of what is beyond: the passes work many rows faster
# than few, moves do not, and groups of many rows leave less open.
_MANY = 6e4
# Unless the user says otherwise: sweeps of a chain, and rows times components that a chain looks at.
_MOST_SWEEPS, _MOST_NUMBERS = 400_000, 4e10
# Before this chains are not looked at, which takes a fraction of a second: short ones that have all missed a mode of a
# few hundredths agree better than those of which one has found it, and would be the ones that stop.
_FEWEST_SWEEPS, _FEWEST_NUMBERS = 20_000, 1e7
# Where rows belong together, sweeps are put together in Python: what that costs, in rows.
_ROWS_OF_A_CALL = 3000
# Rows times components between two looks at the keyboard.
NUMBERS_AT_ONCE = 2e7
_MOMENT = 0.1  # seconds
_MOVES = ("splits", "merges", "exchanges", "recalls")
# Looks of a chain at itself between two looks at all chains, and the last of these that it keeps in mind.
_LOOKS, _MEMORY = 16, 32


class Kept(NamedTuple):
    """Of every sweep that is kept: weights (S, K), flat states (S, P), and numbers (S, ...).

    ``moves`` counts what was proposed and accepted on the way to each.
    """

    weights: np.ndarray
    states: np.ndarray
    log_likelihood: np.ndarray
    n_occupied: np.ndarray
    moves: np.ndarray
    concentration: np.ndarray

    def every(self, step: int) -> "Kept":
        """The last of every ``step``, and the sum of the moves on the way there; a rest at the beginning goes."""
        parts = Kept(*(part[part.shape[0] % step :].reshape((-1, step, *part.shape[1:])) for part in self))
        return Kept(*(part[:, -1] for part in parts))._replace(moves=parts.moves.sum(axis=1))

    def last(self, n: int) -> "Kept":
        """The last so many."""
        return Kept(*(part[part.shape[0] - n :] for part in self))


class Walked(NamedTuple):
    """What each chain kept, what must be said of it, and how many sweeps there were: ``sweeps, warm_up, thin``."""

    kept: list[Kept]
    notes: tuple[Note, ...]
    made: dict[str, int]


class Walk(ABC):
    """One chain on its way: how far it came, and what it kept."""

    _at_once: float
    _kept: Kept | None = None
    _stride: int = 1
    n_sweeps: int = 0

    @abstractmethod
    def _sweeps(self, n_kept: int, stride: int) -> Kept:
        """Go on by so many draws that are kept, each so many sweeps after the one before."""

    def extend(self, n_sweeps: int, stride: int, stopped: Event) -> None:
        """Go on until there were so many sweeps, of which every ``stride``-th is kept, or somebody stops it."""
        if self._kept is not None and stride > self._stride:
            self._kept = self._kept.every(stride // self._stride)
        self._stride = stride
        parts = [] if self._kept is None else [self._kept]
        at_once = max(1, min(int(self._at_once / stride), ceil((n_sweeps - self.n_sweeps) / stride / _LOOKS)))
        while self.n_sweeps < n_sweeps and not stopped.is_set():
            n_kept = min(at_once, (n_sweeps - self.n_sweeps) // stride)
            parts.append(self._sweeps(n_kept, stride))
            self.n_sweeps += n_kept * stride
        self._kept = Kept(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def draws(self, n: int, thin: int) -> Kept:
        """Every ``thin``-th of the last ``n * thin`` sweeps."""
        assert self._kept is not None
        step = thin // self._stride
        return self._kept.last(n * step).every(step)


class Chain(Walk):
    """A chain of a given number of components: a generator of its own, the assignments and the state it has come to."""

    def __init__(self, problem: Problem, sweeps: Sweeps, labels: np.ndarray, seed: np.random.SeedSequence):
        family, n_components = problem.family, problem.n_components
        columns = problem.standardised.columns
        state, statistics = family.gathered(columns, labels, n_components)
        self.shapes = [part.shape for part in state]
        self._run, self._rng, self.cost = sweeps.run, np.random.default_rng(seed), sweeps.cost
        weights = problem.priors.weights
        concentrations = np.asarray(weights.concentrations(n_components), dtype=float)
        self._problem = (columns, concentrations, sweeps.numbers, (sweeps.n_known, sweeps.shared))
        self._of_concentration = (in_powers(weights.hyperprior), float(weights.parts(n_components)))
        self._n_components = n_components
        self.memory: deque[np.ndarray] = deque(maxlen=_MEMORY)
        self._labels, self._state = labels.astype(np.int64), np.concatenate([np.ravel(part) for part in state])
        self._form = tuple(np.ascontiguousarray(part)[None] for part in statistics.form)
        numbers = labels.size * n_components * self.cost
        self._at_once = NUMBERS_AT_ONCE / numbers
        log_prior = problem.rows.log_prior
        self._known = np.empty((0, labels.size)) if log_prior is None else np.ascontiguousarray(log_prior.T)
        moving = problem.rows.beforehand is None  # moves exchange components, of which something is known, row by row
        self._between_moves = round(BETWEEN_MOVES * max(1.0, numbers / _MANY) ** 0.5) if moving else 0
        self.n_rows = labels.size
        self.remembered = np.empty((0, labels.size), dtype=bool)
        self._remember()

    @override
    def _sweeps(self, n_kept: int, stride: int) -> Kept:
        problem = (*self._problem, self.remembered, self._of_concentration, self._known)
        position, plan = (self._labels, self._state, self._form), (n_kept, stride, self._between_moves)
        *kept, shares, self._form = self._run(self._rng, problem, position, plan)
        self._remember()
        return Kept(*kept, shares * self._of_concentration[1])

    def _remember(self) -> None:
        """The rows of one component, small ones first, unless it has all."""
        counts = np.bincount(self._labels, minlength=self._n_components)
        chances = (counts > 0) / (1.0 + counts)
        rows = self._labels == self._rng.choice(counts.size, p=chances / chances.sum())
        if not rows.all():
            self.memory.append(rows)


def lengths() -> Iterator[tuple[int, int]]:
    """How far apart draws are in one look at the chains after the other, and which sweeps are kept until then.

    1, 2, 3, 4, 6, 8, 12, ...: every look sees a third to a half more sweeps than the one before. At most three for
    each draw are kept.
    """
    yield 1, 1
    for power in count(1):
        stride = 2 ** (power - 1)
        yield 2 * stride, stride
        yield 3 * stride, stride


NO_TRUE_VALUES = (
    "Gibbs sampling does not draw their true values. Use fit, fit_nuts, fit_advi, fit_laplace or fit_em, which sum the "
    "errors out, with n_components and concentrations as numbers."
)


@dataclass(frozen=True)
class Gibbs:
    """See :meth:`bayesmix.Mixture.fit_gibbs`."""

    draws: int = 1000
    chains: int = 4
    cores: int | None = None
    thin: int | None = None
    max_sweeps: int | None = None
    progressbar: bool | None = None

    def __post_init__(self):
        for name in ("draws", "chains", "cores", "thin", "max_sweeps"):
            value = getattr(self, name)
            if value is None and name in ("cores", "thin", "max_sweeps"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, not {value!r}")

    def run(self, problem: Problem, start: Start) -> Draws:
        """Sweeps until the gates pass or the sweeps are spent, the first quarter of them warm-up.

        Raises
        ------
        ValueError
            If the family has no sampler under these priors, or weights of rows are no whole numbers.
        KeyboardInterrupt
            If it is interrupted before the first look at the chains. Later, the draws of the last look are kept.
        """
        began = time.perf_counter()
        problem = with_copies(problem)
        chains = chains_from(problem, start, self.chains)
        n_rows = _rows_of_a_sweep(problem) * chains[0].cost
        limits = sweeps_within(n_rows, problem.n_components, self.max_sweeps)
        kept, notes, made = walked(
            chains, self, limits, lambda kept: passes(problem, chains, kept), lambda: share(chains)
        )
        if any(note.kind == "sweeps_spent" for note in notes):
            component = worst_held(problem, named(problem, chains, kept))
            notes = tuple(Note(note.kind, {**note.data, "component": component}) for note in notes)
        seconds = {"sampling": time.perf_counter() - began}
        return _as_draws(problem, start.density, chains, Walked(kept, notes, made), seconds)


def with_copies(problem: Problem) -> Problem:
    """The problem of rows that are repeated as often as they count: each copy is assigned by itself.

    That is what a whole weight means, as the component of one copy says nothing of another one's but through the
    parameters; a row that counts as one and a half has no such components.

    Raises
    ------
    ValueError
        If weights are no whole numbers, or there are too many copies.
    """
    rows = problem.rows
    if rows.weights is None:
        return problem
    remedy = "use fit_nuts, whose likelihood takes any weights"
    if not rows.weighs_whole:
        wrong = np.flatnonzero(rows.weights != np.floor(rows.weights))
        raise ValueError(
            "sample_weight must hold whole numbers for Gibbs sampling, which draws the group of every copy of a row, "
            f"but has {wrong.size} others, {rows.weights[wrong[0]]:.6g} first: {rows.called(wrong[:1], 1)}. Give whole "
            f"numbers, or {remedy}."
        )
    if not problem.has_copies:
        raise ValueError(
            f"sample_weight sums to {rows.total:,.0f} rows, and Gibbs sampling would draw the group of each: {remedy}."
        )
    return problem.copies


def _rows_of_a_sweep(problem: Problem) -> int:
    """How many rows a sweep takes as long as, where every row is drawn in compiled code."""
    rows = problem.rows
    return rows.n_rows if rows.subjects is None else max(rows.n_rows, _ROWS_OF_A_CALL)


def sweeps_within(n_rows: float, n_components: int, most: int | None) -> tuple[int, int]:
    """How many sweeps a chain has at least, and at most unless the user says so."""
    numbers = n_rows * n_components
    most = most or int(min(_MOST_SWEEPS, _MOST_NUMBERS / numbers))
    # looks lie at most twice as far on as the one before: the first that counts is not beyond the last
    return int(min(most / 2, _FEWEST_SWEEPS, _FEWEST_NUMBERS / numbers)), most


def walked(
    chains: Sequence[Walk],
    settings: Any,
    limits: tuple[int, int],
    passes: Callable[[list[Kept]], bool],
    prepare: Callable[[], None] = lambda: None,
) -> Walked:
    """What each chain kept when the gates passed or the most sweeps were spent.

    ``settings`` are those of :class:`Gibbs`, ``limits`` the fewest and the most sweeps; ``prepare`` is called whenever
    chains are about to go on.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted before the first look at the chains. Later, the draws of the last look are kept.
    """
    looks = lengths() if settings.thin is None else iter([(settings.thin, settings.thin)])
    kept, notes, made, stopped, draws, (fewest, most) = [], (), {}, Event(), settings.draws, limits
    with progress(settings.progressbar) as report, ThreadPoolExecutor(settings.cores or os.cpu_count()) as threads:
        try:
            for thin, stride in looks:
                wanted = draws * thin + ceil(draws * thin / (3 * stride)) * stride
                if wanted < fewest and settings.thin is None:
                    continue
                if kept and wanted > most:
                    notes = (Note("sweeps_spent", {"sweeps": chains[0].n_sweeps}),)
                    break
                report(f"Gibbs sampling: {wanted:,} sweeps of each chain")
                prepare()
                with sheltered(), one_blas_thread():
                    running = [threads.submit(chain.extend, wanted, stride, stopped) for chain in chains]
                    while wait(running, _MOMENT).not_done:  # an interruption is heard between two waits
                        pass
                for one in running:
                    one.result()
                kept = [chain.draws(draws, thin) for chain in chains]
                made = {"sweeps": wanted, "warm_up": wanted - draws * thin, "thin": thin}
                if passes(kept):
                    break
        except KeyboardInterrupt:
            if not kept:
                raise
            notes = (INTERRUPTED,)
        finally:
            stopped.set()
    return Walked(kept, notes, made)


def chains_from(problem: Problem, start: Start, n_chains: int) -> list[Chain]:
    """Chains from EM's optima, from one component that has all rows, and from random centres, in turn.

    Starts from EM alone hide modes that no climb has found.

    Raises
    ------
    ValueError
        If the family has no sampler under these priors.
    """
    sweeps = problem.sweeps
    if sweeps is None:
        check_exact(problem.rows, NO_TRUE_VALUES)
        other = "" if problem.has_default_priors else ", or the family's default prior"
        raise ValueError(
            f"nothing draws the parameters of a {problem.family} mixture given assignments, since that has no closed "
            f"form under these priors: use method='nuts'{other}"
        )
    seeds = np.random.SeedSequence(start.seeds[0]).spawn(2 * n_chains)
    optima = start.em.optima or (start.em,)
    [view, *_] = problem.standardised.views(problem.standardised.columns)
    chains = []
    for c, (of_start, of_chain) in enumerate(zip(seeds[::2], seeds[1::2], strict=True)):
        rng = np.random.default_rng(of_start)
        if c % 4 == 2 and sweeps.moving and problem.rows.beforehand is None:
            labels = np.zeros(problem.rows.n_rows, dtype=np.int64)
        elif c % 4 >= 2:
            labels = nearest(view, view[rng.choice(len(view), size=problem.n_components, replace=False)])
        else:
            top = optima[(c // 4 * 2 + c % 4) % len(optima)]
            labels = problem.family.log_joint(top.weights, top.params, problem.rows.values).argmax(axis=-1)
        if (log_prior := problem.rows.log_prior) is not None:
            labels = as_known(by_known_names(labels, log_prior) if c % 4 == 3 else labels, log_prior).argmax(axis=-1)
        if (subjects := problem.rows.subjects) is not None:
            labels = labels[subjects.first][subjects.of_rows]
        chains.append(Chain(problem, sweeps, labels, of_chain))
    return chains


def memory_of(chains: list[Chain]) -> np.ndarray:
    """The different sets of rows (M, N) that chains have in mind.

    All chains share them until the next look, so that none of their moves hangs on where a chain is. Looks are ever
    farther apart, and what was learnt ever less: the sweeps converge as if nothing were learnt (diminishing adaptation,
    Roberts and Rosenthal 2007).
    """
    n_rows = chains[0].n_rows
    sets = {rows.tobytes(): rows for chain in chains for rows in chain.memory}
    return np.array(list(sets.values()), dtype=bool).reshape(-1, n_rows)


def share(chains: list[Chain]) -> None:
    """Let every chain remember what any of them has in mind."""
    remembered = memory_of(chains)
    for chain in chains:
        chain.remembered = remembered


def named(problem: Problem, chains: list[Chain], kept: list[Kept]) -> dict[str, np.ndarray]:
    """Weights and parameters (chain, draw, ...) in the units of the data."""
    state = unflattened(np.stack([one.states for one in kept]), chains[0].shapes)
    with one_blas_thread():
        return {"weights": np.stack([one.weights for one in kept]), **problem.standardised.to_params(state)}


def passes(problem: Problem, chains: list[Chain], kept: list[Kept]) -> bool:
    """Whether R-hat and effective sample sizes of what does not depend on labels pass their gates.

    Beside what a posterior is judged by, whether chains hold small components, and how many, equally often.
    """
    values = named(problem, chains, kept)
    weights = values["weights"]
    total = problem.family.watched(weights, values)
    quantities = np.concatenate(
        [
            np.stack([one.log_likelihood for one in kept])[None],
            np.stack([one.n_occupied for one in kept])[None],
            np.stack([one.concentration for one in kept])[None],
            np.moveaxis(np.sort(weights, axis=-1), -1, 0),
            np.moveaxis(total, -1, 0),
            held(weights, chains[0].n_rows),
        ]
    )
    return mixed(quantities)


def mixed(quantities: np.ndarray) -> bool:
    """Whether those of the quantities (M, chain, draw) that vary pass their gates."""
    size = np.abs(quantities).max(axis=(1, 2))
    varying = np.ptp(quantities, axis=(1, 2)) > 1e-13 * size
    rhat, bulk, tail = mixing(quantities[varying] / size[varying, None, None])
    reached = min(bulk.min(), tail.min()) >= min(ESS_GATE, quantities[0].size / 4)
    return bool(reached and (quantities.shape[1] == 1 or rhat.max() <= RHAT_GATE))


def _as_draws(problem: Problem, density: Density, chains: list[Chain], walked: Walked, seconds) -> Draws:
    """The draws in unconstrained values, with ArviZ's ``lp``, occupied components and accepted moves.

    The density holds an unknown concentration at one number, and ``lp`` is made that of all unknowns.
    """
    kept, prior = walked.kept, problem.priors.weights
    values = named(problem, chains, kept)
    complete = {"weights": values["weights"], **problem.family.complete(values, problem.priors)}
    q = density.unconstrain(complete)
    lp = logps(density, q.reshape(-1, density.size), "draw").reshape(q.shape[:2])
    others = {}
    if prior.hyperprior is not None:
        others["concentration"] = concentration = np.stack([one.concentration for one in kept])
        weights = values["weights"]
        lp += prior.log_density(weights, concentration) - prior.log_density(weights)
        lp += prior.hyperprior.log_density(concentration)
    stats: dict[str, Any] = {"lp": lp, "n_occupied": np.stack([one.n_occupied for one in kept])}
    return Draws(q, stats | accepted(kept), seconds, walked.notes, attrs=dict(walked.made), others=others)


def accepted(kept: list[Kept]) -> dict[str, np.ndarray]:
    """How many moves of each kind were accepted on the way to each draw."""
    moves = np.stack([one.moves for one in kept])
    return {f"accepted_{name}": moves[..., kind, 1] for kind, name in enumerate(_MOVES[: moves.shape[2]])}
