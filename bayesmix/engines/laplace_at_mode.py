"""The Laplace approximation as an engine: draws of the Gaussian at the mode of the basin with the largest mass."""

import time
from dataclasses import dataclass, replace

import numpy as np

from bayesmix.engines.basins import find_basins
from bayesmix.engines.draws import Draws
from bayesmix.engines.gaussian_check import checked_draws
from bayesmix.engines.protocol import Start
from bayesmix.notes import Note
from bayesmix.problem import Problem
from bayesmix.progress import progress


@dataclass(frozen=True)
class LaplaceAtMode:
    """See :meth:`bayesmix.Mixture.fit_laplace`."""

    draws: int = 1000
    progressbar: bool | None = None

    def run(self, problem: Problem, start: Start) -> Draws:
        """Independent draws, as one chain, judged by Pareto k-hat (:func:`~bayesmix.engines.gaussian_check`)."""
        with progress(self.progressbar) as report:
            report("Laplace at the tops")
            basin = find_basins(start.density, start.em)[0]
            report("draws of the Gaussian")
            began = time.perf_counter()
            rng = np.random.default_rng(start.seeds[0])
            found = checked_draws(
                start.density, basin.gaussian, draws=self.draws, rng=rng, component_variables=start.exchanged
            )
        notes = () if basin.is_maximum else (Note("not_concave"),)
        return replace(found, notes=notes + found.notes, seconds={"sampling": time.perf_counter() - began})
