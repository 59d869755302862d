"""Which compiled sampler serves the separated prior."""

from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.sweeps import axis_separated, dense_separated
from bayesmix.families.gaussian.units import Units
from bayesmix.families.missing_cells import of_seen
from bayesmix.families.parts import Sweeps
from bayesmix.priors.separated import LKJ, LogNormal, Normal
from bayesmix.priors.sets import Priors

_KINDS = {"means": Normal, "scales": LogNormal, "correlations": LKJ}


def separated(structure: Structure, units: Units, priors: Priors) -> Sweeps | None:
    """The sampler; None under the conjugate prior, and under one that only PyMC knows."""
    if not all(isinstance(priors.parts.get(part), kind) for part, kind in _KINDS.items()):
        return None
    compiled = dense_separated if structure.correlated else axis_separated
    numbers = compiled.numbers_of(structure, units, priors)
    if units.has_gaps:
        return of_seen(Sweeps(structure.sweeps_of_seen.run_separated, numbers, 0, moving=False), masses=True)
    return Sweeps(compiled.entry(units.spread.size), numbers, 0, moving=False)
