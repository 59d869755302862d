"""Chains divided among the basins of the posterior, each sampled in its own whitened coordinates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bayesmix.density import Density
from bayesmix.engines.basins import allocate, find_basins
from bayesmix.engines.draws import Draws
from bayesmix.engines.em import EMResult
from bayesmix.engines.interruption import INTERRUPTED, most_draws
from bayesmix.engines.nuts import NutsSettings
from bayesmix.engines.nuts import run as run_in_basin
from bayesmix.engines.protocol import Start
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.shelter import sheltered


class Nuts(NutsSettings):
    """See :meth:`bayesmix.Mixture.fit_nuts`."""

    def run(self, problem: Problem, start: Start) -> Draws:
        """Sample every basin that has a chain, and join the chains.

        An interrupted run keeps the chains and draws that were finished; basins that were still to come are left out.

        Raises
        ------
        KeyboardInterrupt
            If it is interrupted before any chain has a draw.
        """
        return over_basins(start.density, start.em, self, start.seeds)


def over_basins(density: Density, em: EMResult, settings: NutsSettings, seeds: Sequence[int]) -> Draws:
    """See :meth:`Nuts.run`."""
    with progress(None if settings.progressbar else False) as report:
        report("Laplace at the tops")
        basins = find_basins(density, em)
    parts: list[Draws] = []
    for basin, chains, seed in zip(basins, allocate(basins, settings.chains), seeds, strict=False):
        if chains == 0:
            continue
        try:
            with sheltered():
                parts.append(run_in_basin(density, basin, replace(settings, chains=chains), seed))
        except KeyboardInterrupt:
            if not parts:
                raise
            parts[-1] = replace(parts[-1], notes=(*parts[-1].notes, INTERRUPTED))
        if INTERRUPTED in parts[-1].notes:
            break
    q = [chain for part in parts for chain in part.unconstrained]
    kept, n_draws = most_draws([len(chain) for chain in q])
    stats = {name: [chain for part in parts for chain in part.stats[name]] for name in parts[0].stats}
    return Draws(
        np.stack([q[chain][:n_draws] for chain in kept]),
        {name: np.stack([values[chain][:n_draws] for chain in kept]) for name, values in stats.items()},
        {"sampling": sum(part.seconds["sampling"] for part in parts)},
        (INTERRUPTED,) if INTERRUPTED in parts[-1].notes else (),
    )
