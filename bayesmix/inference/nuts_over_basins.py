"""Chains divided among the basins of the posterior, each sampled in its own whitened coordinates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bayesmix.density import Density
from bayesmix.em import EMResult
from bayesmix.inference.basins import allocate, find_basins
from bayesmix.inference.draws import Draws
from bayesmix.inference.nuts import NutsSettings
from bayesmix.inference.nuts import run as run_in_basin


def run(density: Density, em: EMResult, settings: NutsSettings, seeds: Sequence[int]) -> Draws:
    """Sample every basin that has a chain, and join the chains."""
    basins = find_basins(density, em)
    parts = [
        run_in_basin(density, basin, replace(settings, chains=chains), seed)
        for basin, chains, seed in zip(basins, allocate(basins, settings.chains), seeds, strict=False)
        if chains > 0
    ]
    shortest = min(part.unconstrained.shape[1] for part in parts)
    return Draws(
        np.concatenate([part.unconstrained[:, :shortest] for part in parts]),
        {name: np.concatenate([part.stats[name][:, :shortest] for part in parts]) for name in parts[0].stats},
        {"sampling": sum(part.seconds["sampling"] for part in parts)},
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )
