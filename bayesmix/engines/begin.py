"""What comes before every engine: the density of a problem, EM's optima, and seeds."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bayesmix.data import check_complete
from bayesmix.density import Density
from bayesmix.engines.em import EMResult, EMSettings, beyond, fit
from bayesmix.engines.em.loop import Ascent
from bayesmix.engines.em.settings import INITS
from bayesmix.engines.protocol import Start
from bayesmix.problem import Problem
from bayesmix.seeds import number_of

if TYPE_CHECKING:
    import pymc as pm

    from bayesmix.engines.em.quasi_newton import Surface


def model_of(problem: Problem, minibatch_size: int | None = None) -> "pm.Model":
    """The PyMC model of a problem, whose initial values are EM's under the default prior.

    Raises
    ------
    ValueError
        If rows belong together, or cells are missing and rows are drawn in batches.
    """
    if problem.rows.subjects is not None:
        raise ValueError(
            "groups is given, and a model of PyMC (fits under priors that only PyMC knows) takes each row by itself: "
            "use priors of bayesmix.priors, or leave groups out"
        )
    if minibatch_size is not None:
        check_complete(problem.rows, "a model of PyMC with minibatch_size")
    from bayesmix.pymc_model.model import declare

    start = fit_em(problem.by_default, EMSettings(), 0, False)
    return declare(problem, start={"weights": start.weights, **start.params}, minibatch_size=minibatch_size)


def density_of(problem: Problem) -> Density:
    """The posterior density in closed form, or where there is none as PyMC compiles it."""
    if (closed := problem.closed_form()) is not None:
        return closed
    from bayesmix.pymc_model.density import PyMCDensity

    return PyMCDensity(model_of(problem))


def fit_em(
    problem: Problem,
    settings: EMSettings,
    random_seed: int | None,
    progressbar: bool | None = None,
    density: Density | None = None,
    cores: int | None = None,
    also: EMResult | None = None,
) -> EMResult:
    """EM, or where M-steps have no closed form L-BFGS on the density; see :func:`bayesmix.engines.em.fit`."""
    make_ascent = partial(_quasi_newton, problem, settings.estimate, density)
    return fit(problem, settings, random_seed, make_ascent, progressbar, cores, also)


def go_beyond(em: EMResult, problem: Problem, near: EMResult) -> EMResult:
    """A higher optimum that ``near`` leads to, or ``em``; see :func:`bayesmix.engines.em.beyond`."""
    return beyond(em, problem, near, partial(_quasi_newton, problem, em.estimate, None))


def _quasi_newton(problem: Problem, estimate: str, density: Density | None) -> Ascent:
    from bayesmix.engines.em.quasi_newton import QuasiNewton

    surface = density_of(problem) if density is None else density
    return QuasiNewton(cast("Surface", surface), problem, penalised=estimate == "map")


def begin(problem: Problem, init: Any, random_seed: Any) -> Start:
    """EM's optima, the density, and seeds for an engine.

    Raises
    ------
    ValueError
        If ``init`` is a text other than ``"em"``.
    """
    if isinstance(init, str) and init != "em":
        remedy = f": start from EM's result, init=mixture.fit_em(X, init={init!r})" if init in INITS else ""
        words = "init must be 'em', an EMResult, labels (N,) or responsibilities (N, K), not"
        raise ValueError(f"{words} {init!r}{remedy}")
    density = density_of(problem)
    seed = number_of(random_seed)
    first, *seeds = np.random.SeedSequence(seed).generate_state(9).tolist()
    settings = EMSettings() if isinstance(init, str) else EMSettings(init=init)
    em = fit_em(problem, settings, first, None, density)
    if isinstance(init, EMResult):
        em = replace(em, optima=_joined(em, init))
    return Start(em, density, seed, tuple(seeds))


def _joined(em: EMResult, init: EMResult):
    """The optimum climbed to from an EMResult, and the other optima which that result knows of."""
    same_objective = init.estimate == "map" and init.priors == em.priors
    return em.optima + (init.optima[1:] if same_objective else ())


def described(init: Any, em: EMResult) -> Any:
    """Where an engine started; an EMResult by how it was made, and by what it has not in common with this fit."""
    if isinstance(init, str):
        return init
    if not isinstance(init, EMResult):
        return em.settings["init"]
    same_rows = np.array_equal(init.rows.values, em.rows.values, equal_nan=True)
    alike = {"priors": init.priors == em.priors, "rows": same_rows}
    other = [what for what, same in alike.items() if not same]
    return {**init.settings, "random_seed": init.seed, **({"other": other} if other else {})}
