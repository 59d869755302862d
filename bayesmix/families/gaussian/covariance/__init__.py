"""The covariance structures of a Gaussian component, each a small final class in a file of its own.

A structure works with a *factor*: lower Cholesky factors for correlated features, standard deviations for
uncorrelated ones. What an iteration of EM needs of it is compiled, in ``dense`` and ``axis``. The prior's part in the
M-step and in the score is that of pseudo-rows: with ``u_k = A_k (m - mean_k)`` it adds ``kappa u_k`` to the first
moments and ``kappa u_k u_k'`` plus ``A_k Lambda A_k'`` to the second, and a number of pseudo-counts to the log
determinant.
"""

from bayesmix.families.gaussian.covariance.diagonal import Diagonal
from bayesmix.families.gaussian.covariance.eei import EEI
from bayesmix.families.gaussian.covariance.eev import EEV
from bayesmix.families.gaussian.covariance.eii import EII
from bayesmix.families.gaussian.covariance.eve import EVE
from bayesmix.families.gaussian.covariance.evi import EVI
from bayesmix.families.gaussian.covariance.evv import EVV
from bayesmix.families.gaussian.covariance.full import Full
from bayesmix.families.gaussian.covariance.spherical import Spherical
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.covariance.tied import Tied
from bayesmix.families.gaussian.covariance.vee import VEE
from bayesmix.families.gaussian.covariance.vei import VEI
from bayesmix.families.gaussian.covariance.vev import VEV
from bayesmix.families.gaussian.covariance.vve import VVE

STRUCTURES: dict[str, Structure] = {
    structure.name: structure
    for structure in (
        Full(),
        Tied(),
        Diagonal(),
        Spherical(),
        EII(),
        EEI(),
        VEI(),
        EVI(),
        VEE(),
        EVE(),
        VVE(),
        EEV(),
        VEV(),
        EVV(),
    )
}
_BY_CODE = {structure.code: structure for structure in STRUCTURES.values()}


def structure_named(name: str) -> Structure | None:
    """The structure of a name or of mclust's code for it; None where there is none."""
    return STRUCTURES.get(name) or _BY_CODE.get(name)


__all__ = ["STRUCTURES", "structure_named"]
