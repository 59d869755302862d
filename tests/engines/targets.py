"""Densities with known answers."""

import numpy as np

from bayesmix.density import FreeVariable


class Target:
    """What every target shares: a vector of plain coordinates."""

    size: int

    @property
    def variables(self):
        return (FreeVariable("q", (self.size,), slice(0, self.size)),)

    def constrain(self, q):
        return {"q": q}

    def unconstrain(self, values):
        return np.asarray(values["q"], dtype=float)

    def start(self, values):
        return self.unconstrain(values)

    def map_logp_grad(self, q):
        return self.logp_grad(q)

    def logp_grad(self, q):
        raise NotImplementedError


class GaussianTarget(Target):
    """``log normaliser + log N(q; mean, covariance)``."""

    def __init__(self, mean, covariance, log_normaliser=0.0):
        self.mean, self.precision = mean, np.linalg.inv(covariance)
        self.size = mean.size
        self.constant = log_normaliser - 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]

    def logp_grad(self, q):
        slope = -self.precision @ (q - self.mean)
        return self.constant + 0.5 * (q - self.mean) @ slope, slope


class Bananas(Target):
    """Independent pairs, ``x ~ N(0, 1)`` and ``y ~ N(x^2, 0.1)`` given x; integrates to one."""

    def __init__(self, n_pairs):
        self.size = 2 * n_pairs
        self.constant = n_pairs * (-np.log(2 * np.pi) + 0.5 * np.log(10))

    def logp_grad(self, q):
        x, y = q.reshape(-1, 2).T
        rest = y - x**2
        value = self.constant - 0.5 * np.sum(x**2) - 5 * np.sum(rest**2)
        return value, np.stack([-x + 20 * rest * x, -10 * rest], axis=1).ravel()


class Walled(GaussianTarget):
    """A Gaussian that is undefined beyond some standard deviations of its first coordinate."""

    wall = 4.0

    def logp_grad(self, q):
        value, slope = super().logp_grad(q)
        beyond = abs(q[0] - self.mean[0]) * np.sqrt(self.precision[0, 0]) > self.wall
        return (np.nan, np.full(self.size, np.nan)) if beyond else (value, slope)
