"""From a problem to an EMResult: start, climb, map the optima, return to the data's units."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from bayesmix.data import Beforehand
from bayesmix.data.blocks import rows_of_block
from bayesmix.engines.em import splits_and_merges
from bayesmix.engines.em.exploration import SETTLED, SHORT, explore, go_on, resume, short_runs
from bayesmix.engines.em.known import as_known, by_known_names, by_weight
from bayesmix.engines.em.loop import Ascent, Climb, ExpectationMaximisation
from bayesmix.engines.em.neighbours import merges, splits
from bayesmix.engines.em.optima import SAME_HEIGHT, group_optima
from bayesmix.engines.em.result import EMResult, Optimum
from bayesmix.engines.em.settings import INITS, EMSettings
from bayesmix.engines.em.starts import given_memberships, memberships, point_of_memberships
from bayesmix.engines.em.status import Status
from bayesmix.families.column_blocks import Held, HeldTogether
from bayesmix.families.parts import Point, Standardised
from bayesmix.families.protocol import one_pass
from bayesmix.passes.known import with_known
from bayesmix.priors.weights import Dirichlet
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.threads import Threads, one_blas_thread

# Random starts are made from, and first climb on, so many rows at most: a sample of larger data.
SAMPLE = 2048
SAMPLE_PER_PLACE = 64  # rows for each of the K D entries of the places, where that is more
# Splits and merges: how many are tried in a round, and how far below the best place one is worth a climb to its top, in
# nats: tops within 10 are told (`bayesmix.notes`), and the last iterations gain a little.
PROPOSALS = 0.4  # in a round, for each start and component, of at most
MOST_COMPONENTS = 5
ROUNDS_WHERE_STARTS_AGREE, ROUNDS_WHERE_NOT = 2, 5
WORTH = 12.0
BETTER = 1e-3  # nats that an optimum must be higher to be another one
_NEIGHBOURS = EMSettings(n_init=1)


def fit(
    problem: Problem,
    settings: EMSettings,
    random_seed: int | None = None,
    make_ascent: Callable[[], Ascent] | None = None,
    progressbar: bool | None = None,
    cores: int | None = None,
    also: EMResult | None = None,
) -> EMResult:
    """Fit by EM from every start.

    Parameters
    ----------
    problem : Problem
    settings : EMSettings
    random_seed : int, optional
    make_ascent : callable
        Makes the way up where M-steps have no closed form.
    progressbar : bool, optional
        See :func:`bayesmix.progress.progress`.
    cores : int, optional
        Threads that pass over blocks of rows; the result does not depend on it.
    also : EMResult, optional
        Another estimate of the same mixture, whose optima are gone on from in the place of splits and merges: those
        that led there need not be made again.

    Raises
    ------
    ValueError
        If maximum likelihood is asked where the likelihood has no interior maximum.
    """
    began = time.perf_counter()
    if settings.estimate == "ml" and (reason := problem.family.why_no_maximum(problem.rows)):
        raise ValueError(f"estimate='ml' {reason}")
    starts = _Starts(problem, settings, random_seed, also)
    with Threads(cores) as threads, progress(progressbar, starts.total) as report, one_blas_thread():
        by_default = ExpectationMaximisation.of(problem.by_default, threads)
        whole = _ascent_of(problem, settings.estimate, make_ascent, threads)
        points = list(starts)
        if isinstance(whole, ExpectationMaximisation) and not starts.in_memory:
            climbs, starts.total = _of_file(points, replace(whole, kept=[]), starts, settings, report)
        elif isinstance(whole, ExpectationMaximisation):
            sample = starts.sampled(whole)
            climbs = explore(points, sample, whole, settings, report, lambda them: starts.beside(them, sample))
        elif isinstance(settings.init, str) and by_default is not None:
            # Random starts first settle by EM under the default prior: L-BFGS is at its best near a top.
            em = replace(by_default, blocks=starts.blocks)
            settled = short_runs(points, em, settings, report)
            settled += starts.beside(settled, em)
            climbs = go_on(settled, points, em, whole, settings, report, anew=True)
        else:
            climbs = explore(points, whole, whole, settings, report, lambda them: [])
        climbs = _judged(climbs, problem, settings)
        climbs = resume(climbs, points, whole, settings, report, lambda them: _judged(them, problem, settings))
        result = _result(climbs, starts.total, problem, settings, random_seed, threads)
    return replace(result, seconds=time.perf_counter() - began)


def beyond(em: EMResult, problem: Problem, near: EMResult, make_ascent: Callable[[], Ascent] | None = None) -> EMResult:
    """A higher optimum, where an estimate with one component fewer, or one more, leads to one; else ``em`` itself.

    Every component of the one with fewer is split, pairs of the one with more are merged; a few iterations show which
    may lead higher than ``em``, and those climb on.

    Parameters
    ----------
    em : EMResult
        Of ``problem``.
    problem : Problem
    near : EMResult
        Of the same rows, family and kind of estimate.
    make_ascent : callable
        As in :func:`fit`.
    """
    if em.n_components == 1 or not em.optima:
        return em
    began = time.perf_counter()
    settings = replace(_NEIGHBOURS, estimate=em.estimate)
    starts = _Starts(problem, settings, 0 if em.seed is None else em.seed)
    with Threads() as threads, one_blas_thread():
        whole = _ascent_of(problem, em.estimate, make_ascent, threads)
        exact = isinstance(whole, ExpectationMaximisation)
        explorer = whole if exact else ExpectationMaximisation.of(problem.by_default, threads)
        if explorer is None:
            return em
        if not (exact and starts.of_all):
            explorer = replace(explorer, blocks=starts.blocks)
        log_joint = near.family.log_joint(near.weights, near.params, starts.values)
        proposed = splits(log_joint, starts.views) if near.n_components < em.n_components else merges(log_joint)
        here = Point(em.weights, problem.standardised.to_state(em.params))
        bar = explorer.climb(here, SETTLED, 0 if exact else SHORT).objective
        points = (starts.point_of(labels) for labels in proposed)
        found = splits_and_merges.promising(points, explorer, bar, (SETTLED, SHORT))
        climbs = [whole.climb(one.point, settings.tol, settings.max_iter) for one in found]
        climbs = [one for one in _judged(climbs, problem, settings) if one.status.interior]
        best = max(climbs, key=lambda one: one.objective, default=None)
        shift, same_height = problem.standardised.log_likelihood_shift, max(SAME_HEIGHT * problem.rows.total, BETTER)
        if best is None or best.objective + shift < em.optima[0].objective + same_height:
            return em
        higher = _result([best], 1, problem, settings, em.seed, threads)
    return replace(
        higher,
        settings=em.settings,
        optima=(replace(higher.optima[0], n_starts=0), *em.optima),
        starts=tuple({**one, "optimum": one["optimum"] + (one["optimum"] >= 0)} for one in em.starts),
        seconds=em.seconds + time.perf_counter() - began,
    )


def _ascent_of(problem: Problem, estimate: str, make_ascent: Callable[[], Ascent] | None, threads: Threads) -> Ascent:
    """The way up on all rows."""
    if estimate == "ml" and problem.likelihood is not None:
        blocks = problem.blocks
        return ExpectationMaximisation(problem.family, blocks, problem.likelihood, threads=threads)
    whole = ExpectationMaximisation.of(problem, threads)
    if whole is not None:
        return whole
    if make_ascent is None:
        raise TypeError(f"{problem.family} has no M-step in closed form under these priors: give make_ascent")
    return make_ascent()


def _of_file(
    points: list[Point], whole: ExpectationMaximisation, starts: "_Starts", settings: EMSettings, report: Callable
) -> tuple[list[Climb], int]:
    """Climbs from starts on a sample of the rows, and of how many starts they are.

    Passes over a file may take hours: one that is interrupted ends with what the climbs on all rows have reached.
    """
    on_sample = isinstance(settings.init, str)
    sample = replace(whole, blocks=starts.blocks, kept=None) if on_sample else whole
    try:
        climbs = explore(points, sample, whole, settings, report, lambda them: starts.beside(them, sample))
    except KeyboardInterrupt:
        if not whole.kept:
            raise
        return whole.kept, len(whole.kept)
    return climbs, starts.total


class _Starts:
    """The starting points, made one at a time; random ones from ``columns``, where rows are many a sample of them."""

    def __init__(self, problem: Problem, settings: EMSettings, random_seed, also: EMResult | None = None):
        self.problem, self.settings, self.init, self.also = problem, settings, settings.init, also
        self.conditional = problem.by_default.conditional
        rng = np.random.default_rng(random_seed)
        self.rng, self.rngs, self.of_all = rng, [rng], True
        rows, self.row_weights = problem.rows, problem.row_weights
        n_rows = rows.n_rows
        all_known = rows.log_prior is not None and bool((rows.known >= 0).all())
        one = problem.n_components == 1 or all_known
        self.log_prior, self.subjects = rows.log_prior, rows.subjects
        self.in_memory = rows.held is rows
        n_sample = max(SAMPLE, SAMPLE_PER_PLACE * problem.n_components * problem.standardised.n_entries)
        if isinstance(self.init, str):
            self.rngs = [rng] if one else rng.spawn(settings.n_init)
        elif not (self.in_memory or isinstance(self.init, EMResult)):
            raise ValueError(
                "init as an array has an entry for each row, and the rows are not in memory: give an EMResult, or one "
                "of " + ", ".join(map(repr, INITS))
            )
        # one group has its top after one iteration, wherever it starts, and so have groups that are all known
        sampled = isinstance(self.init, str) and n_sample < n_rows
        if not self.in_memory or (sampled and not (one and n_rows <= rows_of_block(rows.n_features))):
            there = len(rows.sample)
            chosen = self._sample(rng, there, min(n_sample, there))
            self.of_all, self.values = False, rows.sample[chosen]
            self.log_prior = None if rows.log_prior is None else rows.log_prior[chosen]
            self.subjects = None if rows.subjects is None else rows.subjects.chosen(chosen)
            self.columns = problem.standardised.some(chosen)
        self.total = len(self.rngs)

    @cached_property
    def values(self) -> np.ndarray:
        return self.problem.rows.entries

    @cached_property
    def columns(self) -> np.ndarray:
        return self.problem.standardised.columns

    @property
    def blocks(self) -> Held:
        """The columns of the starts, with what is known of their rows' components."""
        if self.subjects is not None:
            log_prior = None if self.log_prior is None else self.log_prior[self.subjects.first]
            return HeldTogether(self.columns, self.subjects, log_prior)
        return Held(with_known(self.columns, self.log_prior), self.row_weights)

    @cached_property
    def views(self) -> list[np.ndarray]:
        chosen_from = isinstance(self.init, str) and self.problem.n_components > 1
        return self.problem.standardised.views(self.columns) if chosen_from else [self.columns.T]

    def __iter__(self) -> Iterator[Point]:
        for number, rng in enumerate(self.rngs):
            yield self._one(rng, number)

    def _sample(self, rng: np.random.Generator, n_rows: int, n_sample: int) -> np.ndarray:
        """Which rows are in the sample; where they have weights, a sample of as many rows as these count."""
        weights = self.row_weights
        if not weights.size:
            return rng.choice(n_rows, n_sample, replace=False)
        drawn = rng.choice(n_rows, n_sample, p=weights / weights.sum())
        chosen, times = np.unique(drawn, return_counts=True)
        self.row_weights = times * (weights.sum() / n_sample)
        return chosen

    def sampled(self, ascent: ExpectationMaximisation) -> ExpectationMaximisation:
        """The same climb on the rows that starts are made from."""
        return ascent if self.of_all else replace(ascent, blocks=self.blocks)

    def _one(self, rng, number: int) -> Point:
        family, n_components = self.problem.family, self.problem.n_components
        if isinstance(self.init, EMResult):
            if (self.init.family, self.init.n_components) != (family, n_components):
                raise ValueError(
                    f"init is an EMResult of {self.init.family} with {self.init.n_components} groups, "
                    f"but the mixture is {family} with {n_components}"
                )
            return Point(self.init.weights, self.problem.standardised.to_state(self.init.params))
        rows = self.views[number % len(self.views)]
        if n_components == 1:
            given = np.zeros(rows.shape[0], dtype=np.intp)
        elif isinstance(self.init, str):
            given = self._named(memberships(rows, self.init, n_components, rng, self.row_weights))
        else:
            kept = self.problem.rows.kept
            given = given_memberships(self.init, rows.shape[0] if kept is None else kept.size, n_components)
            given = given if kept is None else given[kept]
        return self.point_of(given)

    def _named(self, given: np.ndarray) -> np.ndarray:
        """Random memberships by the names of the components that they agree best with, where some are known."""
        return given if self.log_prior is None else by_known_names(given, self.log_prior)

    def point_of(self, given: np.ndarray) -> Point:
        """The point that labels or responsibilities of the rows of ``columns`` give."""
        given = given if self.log_prior is None else as_known(given, self.log_prior)
        return point_of_memberships(
            self.columns,
            given,
            self.problem.family,
            self.conditional,
            self.problem.n_components,
            self.row_weights,
        )

    def _tops_of(self, em: EMResult) -> list[Point]:
        high = [top for top in em.optima if em.optima[0].objective - top.objective < WORTH]
        return [Point(top.weights, self.problem.standardised.to_state(top.params)) for top in high]

    def _log_joint(self, point: Point) -> np.ndarray:
        params = self.problem.standardised.to_params(point.state)
        known = Beforehand(self.log_prior, self.subjects)
        return self.problem.family.log_joint(point.weights, params, self.values, known)

    def beside(self, settled: list[Climb], ascent: ExpectationMaximisation) -> list[Climb]:
        """Where splits and merges lead from the best of the ``settled`` climbs of several random starts.

        Maximum likelihood explores with the default prior: without a prior, the more is tried the more components
        shrink onto a few rows.
        """
        interior = [one for one in settled if one.status.interior]
        n_init, settle = self.settings.n_init, (SETTLED, min(SHORT, self.settings.max_iter))
        if len(self.rngs) == 1 or not interior:
            return []
        if self.also is not None:
            return [ascent.climb(point, *settle) for point in self._tops_of(self.also)]
        best = max(interior, key=lambda one: one.objective)
        explorer = ascent
        if self.settings.estimate == "ml":
            by_default = ExpectationMaximisation.of(self.problem.by_default)
            if by_default is None:
                return []
            explorer = replace(by_default, blocks=self.blocks)
            best = explorer.climb(best.point, *settle)
        places = group_optima(settled, self.problem.family, ascent.n_rows)
        agree = places.count(0) >= n_init / 2
        found = splits_and_merges.around(
            best,
            explorer,
            self.views,
            self._log_joint,
            self.point_of,
            round(PROPOSALS * n_init * min(self.problem.n_components, MOST_COMPONENTS)),
            ROUNDS_WHERE_STARTS_AGREE if agree else ROUNDS_WHERE_NOT,
            self.rng,
            settle,
            self.row_weights,
        )
        reached = group_optima(found, self.problem.family, ascent.n_rows)
        best_found = max(one.objective for one in (best, *found))
        places = {number: one for number, one in zip(reached, found, strict=True) if best_found - one.objective < WORTH}
        if explorer is ascent:
            return list(places.values())
        return [ascent.climb(one.point, *settle) for one in places.values()]


def _judged(climbs: list[Climb], problem: Problem, settings: EMSettings) -> list[Climb]:
    """The climbs with the statuses that their points deserve."""
    standardised, weights = problem.standardised, problem.priors.weights
    told = {id(one.point): _as_told(one.point, standardised).finite for one in climbs if one.status.interior}
    climbs = [one if told.get(id(one.point), True) else replace(one, status=Status.DEGENERATE) for one in climbs]
    if settings.estimate == "ml":
        interior = {id(one.point): one.point for one in climbs if one.status.interior and one.point.weights.size > 1}
        collapsed = {known for known, point in interior.items() if standardised.collapsed(point.state)}
        return [replace(one, status=Status.DEGENERATE) if id(one.point) in collapsed else one for one in climbs]
    if isinstance(weights, Dirichlet) and weights.concentrations(problem.n_components).min() < 1:
        flat = Status.FLAT_WEIGHTS
        return [replace(one, status=flat) if one.status is Status.CONVERGED else one for one in climbs]
    return climbs


def _as_told(point: Point, standardised: Standardised) -> Point:
    """The point that the parameters in the units of the data stand for, after their rounding.

    A mean far from zero is rounded at its own size, and the least variance of a covariance matrix at the size of the
    largest; what is narrower than that is not finite here.
    """
    return Point(point.weights, standardised.to_state(standardised.to_params(point.state)))


def _log_likelihood(best: Climb, told: Point, problem: Problem, threads: Threads) -> float:
    """At the point as it is told; of what was interrupted, and shall not wait for another pass, as it was reached."""
    if best.status is Status.INTERRUPTED:
        return best.statistics.log_likelihood
    return one_pass(problem.family, told, problem.blocks, threads).log_likelihood


def _result(
    climbs: list[Climb],
    n_starts: int,
    problem: Problem,
    settings: EMSettings,
    seed: int | None,
    threads: Threads,
) -> EMResult:
    """The first ``n_starts`` of the climbs are those of starts; what follows was found beside them, if it held."""
    climbs = climbs[:n_starts] + [one for one in climbs[n_starts:] if one.status.interior]
    family, standardised, rows = problem.family, problem.standardised, problem.rows
    reached = group_optima(climbs, family, rows.total)
    best = max(climbs, key=lambda one: (one.status.interior, one.objective, one.status is not Status.FOLLOWER))
    shift = standardised.log_likelihood_shift

    def in_order(one: Climb):
        order = by_weight(one.point.weights, rows.log_prior)
        params = standardised.to_params(one.point.state)
        for spec in family.parameters:
            params[spec.name] = params[spec.name] if spec.shared else params[spec.name][order]
        return one.point.weights[order], params

    tops = {}
    for number, one in zip(reached, climbs, strict=True):
        if number >= 0 and (number not in tops or one.objective > tops[number].objective):
            tops[number] = one
    optima = tuple(
        Optimum(*in_order(tops[number]), tops[number].objective + shift, reached[:n_starts].count(number))
        for number in sorted(tops)
    )
    starts = tuple(
        {
            "objective": one.objective + shift,
            "optimum": number,
            "iterations": one.iterations,
            "status": one.status.value,
        }
        for number, one in zip(reached[:n_starts], climbs[:n_starts], strict=True)
    )
    weights, params = in_order(best)
    told = _as_told(best.point, standardised)
    return EMResult(
        family=family,
        priors=problem.priors,
        settings=settings.described(),
        rows=rows,
        weights=weights,
        params=params,
        log_likelihood=_log_likelihood(best, told, problem, threads) + shift,
        log_prior=best.log_prior,
        status=best.status,
        history=best.history + shift,
        optima=optima,
        starts=starts,
        seed=seed,
    )
