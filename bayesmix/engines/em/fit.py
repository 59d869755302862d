"""From checked rows to an EMResult: standardise, start, climb, map the optima, return to the data's units."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from bayesmix.data import Rows, check_fit
from bayesmix.engines.em.exploration import explore, go_on, resume, short_runs
from bayesmix.engines.em.loop import Ascent, Climb, ExpectationMaximisation, one_pass
from bayesmix.engines.em.optima import group_optima
from bayesmix.engines.em.result import EMResult, Optimum
from bayesmix.engines.em.settings import EMSettings
from bayesmix.engines.em.starts import given_memberships, memberships, point_of_memberships
from bayesmix.engines.em.status import Status
from bayesmix.families import Family
from bayesmix.families.units import Point, Units
from bayesmix.priors import Dirichlet, NormalInverseWishart
from bayesmix.priors.numbers import summarise
from bayesmix.priors.sets import ConjugatePriors, Priors
from bayesmix.priors.weights import log_dirichlet_constant
from bayesmix.progress import progress
from bayesmix.threads import one_blas_thread

# A covariance this small in some direction, relative to the data's, is a collapse and not a group.
DEGENERATE_RATIO = 1e-8
# Random starts are made from, and first climb on, so many rows at most: a sample of larger data.
SAMPLE = 2048
SAMPLE_PER_MEAN = 64  # rows for each of the K D entries of the means, where that is more
# Random starts look at every column on its own scale. Groups that lie apart in a direction in which the columns vary
# this little (relative to their deviations) are not to be seen there: every other start then looks at whitened rows.
# Elsewhere those find spurious groups of few rows in many columns, whose posterior mode can be the higher one.
THIN = 0.01


def fit(
    rows: Rows,
    family: Family,
    priors: Priors,
    n_components: int,
    settings: EMSettings,
    random_seed: int | None = None,
    make_ascent: Callable[[Units], Ascent] | None = None,
    progressbar: bool | None = None,
) -> EMResult:
    """Fit by EM from every start.

    Parameters
    ----------
    rows : Rows
    family : Family
    priors : Priors
        Resolved.
    n_components : int
    settings : EMSettings
    random_seed : int, optional
    make_ascent : callable, optional
        Makes the way up for priors without a closed M-step; needed unless the priors are conjugate or
        ``estimate="ml"``.
    progressbar : bool, optional
        See :func:`bayesmix.progress.progress`.

    Raises
    ------
    ValueError
        If the rows cannot be fitted (see :func:`bayesmix.data.check_fit`), or maximum likelihood is asked of a
        full or tied covariance whose data covariance is singular.
    """
    began = time.perf_counter()
    check_fit(rows, n_components, correlated=family.correlated)
    if settings.estimate == "ml" and family.correlated and rows.singular:
        raise ValueError(
            f"estimate='ml' needs a data covariance of full rank for {family}: X has {rows.n_rows} rows and "
            f"{rows.n_features} features; use estimate='map', or a diag or spherical covariance"
        )
    units = Units.whitened(rows, family)
    default = NormalInverseWishart().resolve(summarise(rows), family, n_components)
    start_prior = default.standardised(units.centre, units.scale)
    if settings.estimate == "ml":
        whole: Ascent = ExpectationMaximisation(family, units.columns)
    elif make_ascent is None:
        whole = _conjugate_ascent(priors, units, n_components)
    else:
        whole = make_ascent(units)

    starts = _Starts(units, settings, n_components, start_prior, random_seed)
    with progress(progressbar, starts.total) as report, one_blas_thread():
        points = list(starts)
        if isinstance(whole, ExpectationMaximisation):
            climbs = explore(points, replace(whole, columns=starts.columns), whole, settings, report)
        elif isinstance(settings.init, str):
            # Random starts first settle by EM under the data-scaled conjugate prior: L-BFGS is at its best near a top.
            em = ExpectationMaximisation(family, starts.columns, start_prior)
            settled = short_runs(points, em, settings, report)
            climbs = go_on(settled, points, em, whole, settings, report, anew=True)
        else:
            climbs = explore(points, whole, whole, settings, report)
        climbs = _judged(climbs, priors, units, settings)
        climbs = resume(climbs, points, whole, settings, report, lambda them: _judged(them, priors, units, settings))
    result = _result(climbs, rows, family, priors, settings, units, random_seed)
    return replace(result, seconds=time.perf_counter() - began)


def _conjugate_ascent(priors: Priors, units: Units, n_components: int) -> ExpectationMaximisation:
    """MAP; a concentration below 1 counts as 1 (see :attr:`Status.FLAT_WEIGHTS`)."""
    if not isinstance(priors, ConjugatePriors) or not isinstance(priors.weights, Dirichlet):
        raise TypeError("only conjugate priors have a closed M-step: give make_ascent for the others")
    components = priors.components.standardised(units.centre, units.scale)
    concentrations = np.maximum(priors.weights.concentrations(n_components), 1)
    shift = units.log_prior_shift(n_components) + log_dirichlet_constant(concentrations)
    return ExpectationMaximisation(units.family, units.columns, components, concentrations - 1, shift)


class _Starts:
    """The starting points, made one at a time; random ones from ``columns``, where rows are many a sample of them."""

    def __init__(self, units, settings, n_components, prior, random_seed):
        self.units, self.init, self.n_components = units, settings.init, n_components
        self.prior = units.family.structure.hyperparameters(prior)
        rng, n_features, n_rows = np.random.default_rng(random_seed), *units.columns.shape
        self.rngs, self.columns = [rng], units.columns
        self.views = [self.columns.T]
        if isinstance(self.init, str) and n_components > 1:
            self.rngs = rng.spawn(settings.n_init)
            n_sample = max(SAMPLE, SAMPLE_PER_MEAN * n_components * n_features)
            if n_sample < n_rows:
                self.columns = np.take(units.columns, rng.choice(n_rows, n_sample, replace=False), axis=1)
            self.views = [units.in_columns(self.columns)]
            if units.least_spread < THIN:
                self.views.append(self.columns.T)
        self.total = len(self.rngs)

    def __iter__(self) -> Iterator[Point]:
        for number, rng in enumerate(self.rngs):
            yield self._one(rng, self.views[number % len(self.views)])

    def _one(self, rng, rows: np.ndarray) -> Point:
        family = self.units.family
        if isinstance(self.init, EMResult):
            if (self.init.family, self.init.n_components) != (family, self.n_components):
                raise ValueError(
                    f"init is an EMResult of {self.init.family} with {self.init.n_components} groups, "
                    f"but the mixture is {family} with {self.n_components}"
                )
            return self.units.to_point(self.init.weights, self.init.params)
        if self.n_components == 1:
            given = np.zeros(rows.shape[0], dtype=np.intp)
        elif isinstance(self.init, str):
            given = memberships(rows, self.init, self.n_components, rng)
        else:
            given = given_memberships(self.init, rows.shape[0], self.n_components)
        return point_of_memberships(self.columns.T, given, family, self.n_components, self.prior)


def _judged(climbs: list[Climb], priors: Priors, units: Units, settings: EMSettings) -> list[Climb]:
    """The climbs with the statuses that their points deserve."""
    told = {id(one.point): _as_told(one.point, units).finite for one in climbs if one.status.interior}
    climbs = [one if told.get(id(one.point), True) else replace(one, status=Status.DEGENERATE) for one in climbs]
    if settings.estimate == "ml":
        interior = {id(one.point): one.point for one in climbs if one.status.interior and one.point.weights.size > 1}
        collapsed = {known for known, point in interior.items() if _is_degenerate(point, units)}
        return [replace(one, status=Status.DEGENERATE) if id(one.point) in collapsed else one for one in climbs]
    if isinstance(priors.weights, Dirichlet) and np.min(priors.weights.concentration) < 1:
        flat = Status.FLAT_WEIGHTS
        return [replace(one, status=flat) if one.status is Status.CONVERGED else one for one in climbs]
    return climbs


def _as_told(point: Point, units: Units) -> Point:
    """The point that the parameters in the units of the data stand for, after their rounding.

    A mean far from zero is rounded at its own size, and the least variance of a covariance matrix at the size of the
    largest; what is narrower than that is not finite here.
    """
    return units.to_point(point.weights, units.to_params(point))


def _is_degenerate(point: Point, units: Units) -> bool:
    """Whether some covariance has a generalised eigenvalue against var(X) below 1e-8."""
    structure = units.family.structure
    n_components, n_features = point.means.shape
    if not structure.correlated:
        spread = (units.spread / units.scale) ** 2
        variances = np.diagonal(structure.matrices(structure.values(point.factor), n_components, n_features), 0, 1, 2)
        return bool((variances / spread).min() < DEGENERATE_RATIO)
    factors = np.reshape(point.factor, (-1, n_features, n_features))  # var(X) is the identity in these units
    smallest = np.linalg.svd(factors, compute_uv=False)[:, -1] ** 2
    return bool(smallest.min() < DEGENERATE_RATIO)


def _result(climbs, rows, family, priors, settings, units, seed) -> EMResult:
    reached = group_optima(climbs, rows.n_rows)
    best = max(climbs, key=lambda one: (one.status.interior, one.objective, one.status is not Status.FOLLOWER))
    shift = units.log_likelihood_shift

    def in_order(one: Climb):
        order = np.argsort(-one.point.weights, kind="stable")
        params = units.to_params(one.point)
        for spec in family.parameters:
            params[spec.name] = params[spec.name] if spec.shared else params[spec.name][order]
        return one.point.weights[order], params

    tops = {}
    for number, one in zip(reached, climbs, strict=True):
        if number >= 0 and (number not in tops or one.objective > tops[number].objective):
            tops[number] = one
    optima = tuple(
        Optimum(*in_order(tops[number]), tops[number].objective + shift, reached.count(number))
        for number in sorted(tops)
    )
    starts = tuple(
        {
            "objective": one.objective + shift,
            "optimum": number,
            "iterations": one.iterations,
            "status": one.status.value,
        }
        for number, one in zip(reached, climbs, strict=True)
    )
    weights, params = in_order(best)
    return EMResult(
        family=family,
        priors=priors,
        settings=settings.described(),
        rows=rows,
        weights=weights,
        params=params,
        log_likelihood=one_pass(family, _as_told(best.point, units), units.columns).log_likelihood + shift,
        log_prior=best.log_prior,
        status=best.status,
        history=best.history + shift,
        optima=optima,
        starts=starts,
        seed=seed,
    )
