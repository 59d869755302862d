"""A problem and an engine become a tree."""

from dataclasses import fields
from typing import Any

import xarray as xr

from bayesmix.engines.begin import begin, described
from bayesmix.engines.draws import Draws
from bayesmix.engines.protocol import Choice, Engine
from bayesmix.first_use import compiling_shown
from bayesmix.posterior.assembly import tree_of_draws
from bayesmix.posterior.labels.judgement import heed, verdict_of
from bayesmix.posterior.labels.relabelling import check_method
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.verdict import said_by_caller

# Of an engine's settings those that its draws do not depend on, and those that are told whatever they are.
_OUTWARD = ("cores", "progressbar")
_ALWAYS_TOLD = ("draws", "chains")
_DEFAULTS = {"init": "em", "relabel": "ecr", "log_likelihood": None}


def fit_posterior(
    problem: Problem,
    method: str,
    engine: Engine,
    *,
    init: Any = "em",
    relabel: str | None = "ecr",
    random_seed: Any = None,
    log_likelihood: bool | None = None,
    shown: bool | None = None,
) -> xr.DataTree:
    """Start an engine from EM, run it, and build the tree of its draws.

    Parameters
    ----------
    problem : Problem
    method : str
        What the record calls the engine.
    engine : Engine
    init, relabel, random_seed, log_likelihood
        As of :meth:`bayesmix.Mixture.fit_nuts`.
    shown : bool, optional
        See :func:`bayesmix.progress.progress`.
    """
    check_relabel(relabel)
    waiting = None if shown else shown  # what an engine shows at once is its own
    with compiling_shown(shown):
        with progress(waiting) as report:
            report("EM")
            start = begin(problem, init, random_seed)
        of_fit = {"init": described(init, start.em), "relabel": relabel, "log_likelihood": log_likelihood}
        settings = settings_of(engine) | differing(of_fit, _DEFAULTS)

        def tree_of(draws: Draws) -> xr.DataTree:
            with progress(waiting) as report:
                report("the posterior")
                return tree_of_draws(
                    draws,
                    start,
                    method=method,
                    relabel_method=relabel,
                    log_likelihood=log_likelihood,
                    settings=settings,
                )

        draws = engine.run(problem, start)
        if not isinstance(engine, Choice):
            return tree_of(draws)
        with said_by_caller():  # who would be told of draws that are not kept?
            tree = tree_of(draws)
        other = engine.instead(problem, start, draws, verdict_of(tree))
        if other is not None:
            return tree_of(other)
        heed(tree)
        return tree


def settings_of(engine: Any) -> dict[str, Any]:
    """What an engine's draws depend on: how many, and settings that differ from their defaults."""
    own = [field for field in fields(engine) if field.name not in _OUTWARD]
    settings = {field.name: getattr(engine, field.name) for field in own}
    defaults = {field.name: field.default for field in own if field.name not in _ALWAYS_TOLD}
    return differing(settings, defaults)


def differing(settings: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The entries that are not their default, or have none."""
    return {name: value for name, value in settings.items() if name not in defaults or value != defaults[name]}


def check_relabel(relabel: str | None) -> None:
    """Refuse a way of relabelling that a fit does not know."""
    if relabel is not None:
        check_method(relabel, "relabel")
