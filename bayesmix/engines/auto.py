"""The sampler that can be trusted for a posterior is chosen before it runs."""

import time
from collections.abc import Mapping, Sequence
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
from bayesmix.verdict import ESS_GATE, Reason

# Reasons against chains that another sampler may have less of.
_POOR = ("basins", "disagreement", "divergences")


@dataclass(frozen=True)
class Auto:
    """See :meth:`bayesmix.Mixture.fit`."""

    draws: int = 1000
    chains: int = 4
    cores: int | None = None
    progressbar: bool = True

    def run(self, problem: Problem, start: Start) -> Draws:
        """Draws of the engine that is chosen, with a note of why."""
        began = time.perf_counter()
        method, because = choose(problem, start)
        spent = {"choosing": time.perf_counter() - began}
        return self._by(method, problem, start, spent, {"because": because})

    def instead(self, problem: Problem, start: Start, draws: Draws, reasons: Sequence[Reason]) -> Draws | None:
        """Draws by Gibbs sampling where NUTS was taken and its chains do not pass; None where there is nothing to do.

        Fewer draws than the gate asks for do not pass by any sampler, and an interruption is no wish for another one.
        """
        n_draws, kinds = draws.stats["lp"].size, {note.kind for note in draws.notes}
        poor = [one for one in reasons if one.kind in _POOR or one.numbers.get("ess", n_draws) < n_draws / 4]
        if draws.method != "nuts" or problem.sweeps is None or "interrupted" in kinds:
            return None
        if n_draws < ESS_GATE or not poor:
            return None
        spent = {"choosing": draws.seconds["choosing"], "tried": draws.seconds["sampling"]}
        tried = {"because": "tried", "reasons": [one.to_dict() for one in poor]}
        return self._by("gibbs", problem, start, spent, tried)

    def _by(self, method: str, problem: Problem, start: Start, spent: Mapping[str, float], why: Mapping) -> Draws:
        engine = ENGINES[method].of({**vars(self), "progressbar": self.progressbar if method == "nuts" else None})
        draws = engine.run(problem, start)
        note = Note("chosen", {"engine": ENGINES[method].name, **why})
        return replace(draws, method=method, seconds={**spent, **draws.seconds}, notes=(note, *draws.notes))


def choose(problem: Problem, start: Start) -> tuple[str, str]:
    """The method, and the reason.

    NUTS is as good as certain to pass its gates where the posterior has one top, and importance sampling from the
    Gaussian there would do well. What looking costs, some thousand densities, is a small part of any run.
    """
    if problem.sweeps is None:
        if not problem.has_copies:
            return "nuts", "parts_of_rows"
        return "nuts", "no_sampler" if problem.rows.errors is None else "measured_rows"
    basins = find_basins(start.density, start.em)
    if len(basins) > 1:
        return "gibbs", "tops"
    around = whitened(start.density, basins[0])
    if basins[0].is_maximum and is_near_gaussian(around, np.random.default_rng(start.seeds[0])):
        return "nuts", "near"
    return "gibbs", "far"
