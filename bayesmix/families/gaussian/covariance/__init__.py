"""The four covariance structures of a Gaussian component, each a small final class with the same methods.

A structure works with a *factor*: lower Cholesky factors for correlated features, standard deviations for
uncorrelated ones. What an iteration of EM needs of it is compiled, in ``dense`` (full, tied) and ``axis`` (diag,
spherical). The prior's part in the M-step and in the score is that of pseudo-rows: with ``u_k = A_k (m - mean_k)`` it
adds ``kappa u_k`` to the first moments and ``kappa u_k u_k'`` plus ``A_k Lambda A_k'`` to the second, and a number of
pseudo-counts to the log determinant.
"""

from bayesmix.families.gaussian.covariance.diagonal import Diagonal
from bayesmix.families.gaussian.covariance.full import Full
from bayesmix.families.gaussian.covariance.spherical import Spherical
from bayesmix.families.gaussian.covariance.tied import Tied

STRUCTURES = {structure.name: structure for structure in (Full(), Tied(), Diagonal(), Spherical())}

__all__ = ["STRUCTURES", "Diagonal", "Full", "Spherical", "Tied"]
