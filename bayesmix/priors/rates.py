"""Priors of positive numbers and of probabilities, each entry on its own."""

from dataclasses import dataclass, replace
from typing import Any, override

import numpy as np
from scipy.special import betaln, gammaln

from bayesmix.priors.numbers import DataSummary, as_numbers
from bayesmix.priors.protocol import ElementwisePrior

# Shapes that data may scale a gamma prior to: the mode stays off zero, and the prior is no narrower than its mean.
_SMALLEST_SHAPE, _LARGEST_SHAPE = 1.1, 2.0


@dataclass(frozen=True)
class Gamma(ElementwisePrior):
    r"""Gamma prior of a positive parameter: :math:`p(\lambda) \propto \lambda^{a - 1} e^{-b \lambda}`.

    Parameters
    ----------
    shape : float or sequence, optional
        ``a``; above 1 the mode is away from zero. Default: for each column from 1.1 to 2, such that the prior variance
        of a rate is what the column varies beyond its mean, which counts around one rate would not. Of dispersions: 2.
    rate : float or sequence, optional
        ``b``, one for each feature or one for all. Default: ``a / mean(x_j)``, so that the prior mean of a rate is the
        mean of its column. That of a dispersion is in :class:`bayesmix.NegativeBinomial`.

    Raises
    ------
    ValueError
        If a number is not positive and finite.
    """

    shape: float | tuple[float, ...] | None = None
    rate: float | tuple[float, ...] | None = None

    def __post_init__(self):
        for name in ("shape", "rate"):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, as_numbers(given, name, positive=True))

    @override
    def resolve(self, summary: DataSummary, family, n_components: int) -> "Gamma":
        mean, variance = summary.mean, np.diag(summary.covariance)
        shape, rate = self.shape, self.rate
        if shape is None:
            beyond = np.maximum(variance - mean, mean**2 / _LARGEST_SHAPE)
            shape = as_numbers(np.maximum(mean**2 / beyond, _SMALLEST_SHAPE), "shape", positive=True)
        if rate is None:
            rate = as_numbers(np.asarray(shape) / mean, "rate", positive=True)
        return replace(self, shape=shape, rate=rate)

    @override
    def log_density(self, values) -> np.ndarray:
        a, b = np.asarray(self.shape), np.asarray(self.rate)
        with np.errstate(divide="ignore"):
            # a rate of zero is possible where a = 1
            logs = np.where(a == 1, 0.0, (a - 1) * np.log(values))
        return a * np.log(b) - gammaln(a) + logs - b * values

    @override
    def slope(self, values) -> np.ndarray:
        return (np.asarray(self.shape) - 1) / values - np.asarray(self.rate)

    @override
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return rng.gamma(np.broadcast_to(np.asarray(self.shape), shape), 1 / np.asarray(self.rate))

    @override
    def distribution(self, shape: tuple[int, ...]) -> Any:
        import pymc as pm

        return pm.Gamma.dist(np.asarray(self.shape, dtype=float), np.asarray(self.rate, dtype=float), shape=shape)


@dataclass(frozen=True)
class Beta(ElementwisePrior):
    r"""Beta prior of a probability: :math:`p(\theta) \propto \theta^{a - 1} (1 - \theta)^{b - 1}`.

    Parameters
    ----------
    a, b : float, default 2.0
        Two of each put the posterior mode where Laplace's rule has it: one more success and one more failure.

    Raises
    ------
    ValueError
        If a number is not positive and finite.
    """

    a: float = 2.0
    b: float = 2.0

    def __post_init__(self):
        for name in ("a", "b"):
            object.__setattr__(self, name, as_numbers(getattr(self, name), name, positive=True))

    @override
    def log_density(self, values) -> np.ndarray:
        values = np.asarray(values)
        with np.errstate(divide="ignore"):
            successes = np.where(np.equal(self.a, 1), 0.0, (np.asarray(self.a) - 1) * np.log(values))
            failures = np.where(np.equal(self.b, 1), 0.0, (np.asarray(self.b) - 1) * np.log1p(-values))
        return successes + failures - betaln(self.a, self.b)

    @override
    def slope(self, values) -> np.ndarray:
        return (self.a - 1) / np.asarray(values) - (self.b - 1) / (1 - np.asarray(values))

    @override
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return rng.beta(self.a, self.b, size=shape)

    @override
    def distribution(self, shape: tuple[int, ...]) -> Any:
        import pymc as pm

        return pm.Beta.dist(np.asarray(self.a, dtype=float), np.asarray(self.b, dtype=float), shape=shape)
