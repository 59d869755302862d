"""The sampler that can be trusted for a posterior is chosen before it runs."""

from dataclasses import dataclass, replace

import numpy as np

from bayesmix.engines.basins import find_basins
from bayesmix.engines.draws import Draws
from bayesmix.engines.nuts import is_near_gaussian
from bayesmix.engines.protocol import Start
from bayesmix.engines.whitened import whitened
from bayesmix.notes import Note
from bayesmix.problem import Problem
from bayesmix.registry import ENGINES


@dataclass(frozen=True)
class Auto:
    """See :meth:`bayesmix.Mixture.fit`."""

    draws: int = 1000
    chains: int = 4
    cores: int | None = None
    progressbar: bool = True

    def run(self, problem: Problem, start: Start) -> Draws:
        """Draws of the engine that is chosen, with a note of why."""
        method, because = choose(problem, start)
        engine = ENGINES[method].of({**vars(self), "progressbar": self.progressbar if method == "nuts" else None})
        draws = engine.run(problem, start)
        note = Note("chosen", {"engine": ENGINES[method].name, "because": because})
        return replace(draws, method=method, notes=(note, *draws.notes))


def choose(problem: Problem, start: Start) -> tuple[str, str]:
    """The method, and the reason.

    NUTS is as good as certain to pass its gates where the posterior has one top, and importance sampling from the
    Gaussian there would do well. What looking costs, some thousand densities, is a small part of any run.
    """
    if problem.sweeps is None:
        return "nuts", "no_sampler"
    basins = find_basins(start.density, start.em)
    if len(basins) > 1:
        return "gibbs", "tops"
    around = whitened(start.density, basins[0])
    if basins[0].is_maximum and is_near_gaussian(around, np.random.default_rng(start.seeds[0])):
        return "nuts", "near"
    return "gibbs", "far"
