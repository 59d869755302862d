"""The Gaussian at the mode of a density, and the basin of attraction it describes.

It whitens the density for NUTS, gives each basin its mass and starts ADVI; draws of it are an engine of their own.
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy.optimize import minimize

from bayesmix.density import Density
from bayesmix.density.many_places import logp_grads
from bayesmix.engines.gaussian_approximation import GaussianApproximation
from bayesmix.progress import turns

# A direction in which the log density curves less than this is as good as flat: the Gaussian's standard deviation in q
# (units free: one is an e-fold of a weight or of a scale, or a column's standard deviation of a mean) ends at 5.
_FLATTEST = 0.04
_STEP = 1e-4  # of the central differences of the gradient, in q
_NEWTON_STEPS = 20
# Above this many unknowns a Hessian takes many seconds: one is measured, where L-BFGS ends.
MANY_UNKNOWNS = 500
_CLIMBED = 1e-8  # expected gain, in nats, below which the mode is found


@dataclass(frozen=True, eq=False)
class Laplace:
    """A Gaussian approximation ``q = mode + transform @ z`` with z standard normal.

    Attributes
    ----------
    mode : (size,) array
    transform : (size, size) array
        Eigenvectors of the covariance, each times its standard deviation.
    log_density : float
        At the mode.
    log_mass : float
        ``log_density + size/2 log 2 pi + log|transform|``: the log of the basin's probability mass, up to the constant
        that all basins share.
    is_maximum : bool
        Whether the Hessian at the mode is negative definite, no eigenvalue having been replaced.
    """

    mode: np.ndarray
    transform: np.ndarray
    log_density: float
    log_mass: float
    is_maximum: bool

    @property
    def gaussian(self) -> GaussianApproximation:
        """The Gaussian as a distribution."""
        return GaussianApproximation(self.mode, self.transform)


def hessian(density: Density, q: np.ndarray) -> np.ndarray:
    """Second derivatives of the log density, by central differences of its gradient."""
    steps = _STEP * np.eye(q.size)
    around = logp_grads(density, np.concatenate([q + steps, q - steps]), "second derivatives, gradient")
    ahead, behind = np.split(np.array([gradient for _, gradient in around]), 2)
    out = (ahead - behind) / (2 * _STEP)
    return 0.5 * (out + out.T)


def approximate(density: Density, start: np.ndarray) -> Laplace:
    """Climb from ``start`` to the mode and measure the curvature there.

    L-BFGS first, then (up to 500 unknowns) a damped Newton. The mode of ``q`` is not EM's: Jacobians move it, and the
    posterior mean of a covariance can be twice its joint mode. Where the Hessian is not negative definite its
    eigenvalues are replaced by their absolute values, floored.
    """
    turn, counted = turns("gradient"), count()

    def minus(q):
        turn(next(counted))
        value, gradient = density.logp_grad(q)
        if not np.isfinite(value):
            return np.inf, np.zeros_like(q)
        return -value, -gradient

    climbed = minimize(minus, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "maxcor": 30})
    q = climbed.x if np.isfinite(climbed.fun) else start
    value, gradient = density.logp_grad(q)
    curvatures, vectors = np.linalg.eigh(-hessian(density, q))
    for _ in range(_NEWTON_STEPS if q.size <= MANY_UNKNOWNS else 0):
        floored = np.maximum(np.abs(curvatures), _FLATTEST)
        step = vectors @ ((vectors.T @ gradient) / floored)
        gain = float(gradient @ step)
        if gain < _CLIMBED:
            break
        length = min(1.0, 3.0 * np.sqrt(q.size) / np.sqrt(gain))  # stay where the quadratic can be right
        while length > 1e-6:
            new_value, new_gradient = density.logp_grad(q + length * step)
            if np.isfinite(new_value) and new_value >= value:
                break
            length *= 0.5
        else:
            break
        q, value, gradient = q + length * step, new_value, new_gradient
        curvatures, vectors = np.linalg.eigh(-hessian(density, q))
    floored = np.maximum(np.abs(curvatures), _FLATTEST)
    log_mass = value + 0.5 * q.size * np.log(2 * np.pi) - 0.5 * float(np.log(floored).sum())
    return Laplace(q, vectors / np.sqrt(floored), value, log_mass, bool(curvatures[0] >= _FLATTEST))
