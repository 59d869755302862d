"""Steps of a Gaussian towards a log density along its natural gradient, from random draws.

For ``q = N(m, S)`` with precision ``P``, by the identities of Bonnet and Price,

    ELBO = E_q[log p - log q],   slope in m: E_q[grad log p],   in S: (E_q[hess log p] + P) / 2,

and with ``theta = m + L z``, by Stein's lemma, ``L' E[hess log p] L = E[L' grad log p(theta) z']``.
The natural gradient step of size rho replaces the precision by ``(1 - rho) P - rho E[hess log p]``
and then moves the mean by rho times its inverse times ``E[grad log p]``: for a Gaussian log density
and rho = 1 it is exact from anywhere.

Draws come in pairs z, -z. The even part of the gradient serves the mean, the odd part the
precision, and neither sees the other's noise. ``z`` itself, which is minus the gradient of log q in
these coordinates, is added to the odd part: where q is right the noise of full rank vanishes
("sticking the landing").

References
----------
Khan and Lin (2017), Conjugate-computation variational inference, AISTATS. Opper and Archambeau
(2009), The variational Gaussian approximation revisited, Neural Computation 21. Roeder, Wu and
Duvenaud (2017), Sticking the landing, NeurIPS.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bayesmix.engines.gaussian_approximation import GaussianApproximation

# A step changes no variance by more than a factor of four; the mean moves a typical radius at most
_LEAST, _MOST = 0.25, 4.0


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over antithetic pairs, in coordinates where q is standard normal.

    Attributes
    ----------
    n : int
        Number of pairs.
    slope : array
        Sum of the slopes of the mean.
    excess : array
        Sum of the estimates of ``I - precision of the target``; the diagonal only for mean-field.
    squares : float
        Sum of ``|slope|^2 + |excess|^2 / 2`` of the single pairs.
    """

    n: int
    slope: np.ndarray
    excess: np.ndarray
    squares: float

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.n + other.n,
            self.slope + other.slope,
            self.excess + other.excess,
            self.squares + other.squares,
        )

    @property
    def gap(self) -> float:
        """What the ELBO would gain by the step, to second order, noise included."""
        return float(np.sum(self.slope**2) + 0.5 * np.sum(self.excess**2)) / (2 * self.n**2)

    @property
    def noise(self) -> float:
        """What of the gap is expected from noise alone: what the step would lose by it."""
        return max(0.0, 0.5 * self.squares / self.n - self.gap) / (self.n - 1)

    def cosine(self, other: "Moments") -> float:
        """Of the angle between two steps: negative where the second one turns back."""
        product = np.sum(self.slope * other.slope) + 0.5 * np.sum(self.excess * other.excess)
        return 0.5 * product / (self.n * other.n) / np.sqrt(self.gap * other.gap)


class Rank(Protocol):
    """A Gaussian that can be moved."""

    @property
    def mean(self) -> np.ndarray:
        """Its mean, (size,)."""
        ...

    @property
    def approximation(self) -> GaussianApproximation:
        """The Gaussian."""
        ...

    def stretched(self, z: np.ndarray) -> np.ndarray:
        """``L z`` of the rows of z."""
        ...

    def moments(self, z: np.ndarray, even: np.ndarray, odd: np.ndarray) -> Moments:
        """Of gradients ``even + odd`` at ``m + L z`` and ``even - odd`` at ``m - L z``."""
        ...

    def moved(self, moments: Moments, rho: float) -> "Rank":
        """After a step of size ``rho``."""
        ...

    def shrunk(self) -> "Rank":
        """Half as wide."""
        ...


@dataclass(frozen=True, eq=False)
class FullRank:
    """Any covariance, ``factor @ factor.T``."""

    mean: np.ndarray
    factor: np.ndarray

    @property
    def approximation(self) -> GaussianApproximation:
        """See :class:`Rank`."""
        return GaussianApproximation(self.mean, self.factor)

    def stretched(self, z: np.ndarray) -> np.ndarray:
        """See :class:`Rank`."""
        return z @ self.factor.T

    def moments(self, z: np.ndarray, even: np.ndarray, odd: np.ndarray) -> Moments:
        """See :class:`Rank`."""
        slopes = even @ self.factor
        odd = odd @ self.factor + z
        outer = odd.T @ z
        # |(o z' + z o') / 2|^2 = (|o|^2 |z|^2 + (o'z)^2) / 2
        products = 0.5 * ((odd**2).sum(axis=1) * (z**2).sum(axis=1) + (odd * z).sum(axis=1) ** 2)
        squares = float((slopes**2).sum() + 0.5 * products.sum())
        return Moments(len(z), slopes.sum(axis=0), 0.5 * (outer + outer.T), squares)

    def moved(self, moments: Moments, rho: float) -> "FullRank":
        """See :class:`Rank`."""
        eigenvalues, vectors = np.linalg.eigh(moments.excess / moments.n)
        precisions = np.maximum(1 - rho * eigenvalues, _LEAST)
        step = vectors @ ((vectors.T @ moments.slope) * rho / moments.n / precisions)
        root = (vectors / np.sqrt(np.minimum(precisions, _MOST))) @ vectors.T
        return FullRank(self.mean + self.factor @ _limited(step), self.factor @ root)

    def shrunk(self) -> "FullRank":
        """See :class:`Rank`."""
        return FullRank(self.mean, 0.5 * self.factor)


@dataclass(frozen=True, eq=False)
class MeanField:
    """Independent coordinates with standard deviations ``deviations``.

    The mean is moved in the coordinates of ``transform``, a root of a covariance like the target's:
    one coordinate at a time, strong correlations would make the steps diverge or crawl.
    ``precision``, the inverse of that covariance, takes the place that log q has in full rank:
    added to the odd part, it takes off the noise of a Gaussian target.
    """

    mean: np.ndarray
    deviations: np.ndarray
    transform: np.ndarray
    precision: np.ndarray

    @classmethod
    def like(cls, mean: np.ndarray, transform: np.ndarray) -> "MeanField":
        """The nearest to ``N(mean, transform @ transform.T)``: the diagonal of its precision."""
        inverse = np.linalg.inv(transform)
        precision = inverse.T @ inverse
        return cls(mean, 1 / np.sqrt(np.diagonal(precision)), transform, precision)

    @property
    def approximation(self) -> GaussianApproximation:
        """See :class:`Rank`."""
        return GaussianApproximation(self.mean, np.diag(self.deviations))

    def stretched(self, z: np.ndarray) -> np.ndarray:
        """See :class:`Rank`."""
        return z * self.deviations

    def moments(self, z: np.ndarray, even: np.ndarray, odd: np.ndarray) -> Moments:
        """See :class:`Rank`; the slopes are those of the coordinates of ``transform``."""
        slopes = even @ self.transform
        rest = odd + (z * self.deviations) @ self.precision
        expected = 1 - np.diagonal(self.precision) * self.deviations**2
        excess = expected + rest * self.deviations * z
        squares = float((slopes**2).sum() + 0.5 * (excess**2).sum())
        return Moments(len(z), slopes.sum(axis=0), excess.sum(axis=0), squares)

    def moved(self, moments: Moments, rho: float) -> "MeanField":
        """See :class:`Rank`."""
        precisions = np.clip(1 - rho * moments.excess / moments.n, _LEAST, _MOST)
        step = _limited(rho * moments.slope / moments.n)
        deviations = self.deviations / np.sqrt(precisions)
        return replace(self, mean=self.mean + self.transform @ step, deviations=deviations)

    def shrunk(self) -> "MeanField":
        """See :class:`Rank`."""
        return replace(self, deviations=0.5 * self.deviations)


def _limited(step: np.ndarray) -> np.ndarray:
    """The step, no longer than a typical radius."""
    longest = np.sqrt(step.size)
    return step * min(1.0, longest / max(np.linalg.norm(step), longest))
