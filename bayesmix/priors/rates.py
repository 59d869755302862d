"""Priors of positive numbers and of probabilities, each entry on its own."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import betaln, gammaln

from bayesmix.priors.numbers import DataSummary, as_numbers


@dataclass(frozen=True)
class Gamma:
    r"""Gamma prior of a positive parameter: :math:`p(\lambda) \propto \lambda^{a - 1} e^{-b \lambda}`.

    Parameters
    ----------
    shape : float or sequence, default 2.0
        ``a``; above 1 the mode is away from zero.
    rate : float or sequence, optional
        ``b``, one for each feature or one for all. Default: ``a / mean(x_j)``, so that the prior mean of a rate is the
        mean of its column.

    Raises
    ------
    ValueError
        If a number is not positive and finite.
    """

    shape: float | tuple[float, ...] = 2.0
    rate: float | tuple[float, ...] | None = None

    def __post_init__(self):
        object.__setattr__(self, "shape", as_numbers(self.shape, "shape", positive=True))
        if self.rate is not None:
            object.__setattr__(self, "rate", as_numbers(self.rate, "rate", positive=True))

    @property
    def exchangeable(self) -> bool:
        """Every component has the same prior."""
        return True

    def resolve(self, summary: DataSummary, family, n_components: int) -> "Gamma":
        """The same prior with numbers in the place of None.

        Parameters
        ----------
        summary : DataSummary
            Of the data.
        family : Family
        n_components : int

        Returns
        -------
        Gamma
        """
        if self.rate is not None:
            return self
        return replace(self, rate=as_numbers(np.asarray(self.shape) / summary.mean, "rate", positive=True))

    def log_density(self, values) -> np.ndarray:
        """Log density, elementwise.

        Parameters
        ----------
        values : (..., D) array

        Returns
        -------
        array
        """
        a, b = np.asarray(self.shape), np.asarray(self.rate)
        with np.errstate(divide="ignore"):
            # a rate of zero is possible where a = 1
            logs = np.where(a == 1, 0.0, (a - 1) * np.log(values))
        return a * np.log(b) - gammaln(a) + logs - b * values

    def slope(self, values) -> np.ndarray:
        """Derivative of :meth:`log_density`.

        Parameters
        ----------
        values : array

        Returns
        -------
        array
        """
        return (np.asarray(self.shape) - 1) / values - np.asarray(self.rate)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Independent draws.

        Parameters
        ----------
        shape : tuple of int
            Ends in D.
        rng : numpy.random.Generator

        Returns
        -------
        array
        """
        return rng.gamma(np.broadcast_to(self.shape, shape), 1 / np.asarray(self.rate))

    def distribution(self, shape: tuple[int, ...]) -> Any:
        """The PyMC distribution of an array of such parameters.

        Parameters
        ----------
        shape : tuple of int

        Returns
        -------
        TensorVariable
        """
        import pymc as pm

        return pm.Gamma.dist(np.asarray(self.shape, dtype=float), np.asarray(self.rate, dtype=float), shape=shape)


@dataclass(frozen=True)
class Beta:
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

    @property
    def exchangeable(self) -> bool:
        """Every component has the same prior."""
        return True

    def resolve(self, summary: DataSummary, family, n_components: int) -> "Beta":
        """Itself: probabilities have no units.

        Parameters
        ----------
        summary : DataSummary
        family : Family
        n_components : int

        Returns
        -------
        Beta
        """
        return self

    def log_density(self, values) -> np.ndarray:
        """Log density, elementwise.

        Parameters
        ----------
        values : array

        Returns
        -------
        array
        """
        values = np.asarray(values)
        with np.errstate(divide="ignore"):
            successes = np.where(np.equal(self.a, 1), 0.0, (np.asarray(self.a) - 1) * np.log(values))
            failures = np.where(np.equal(self.b, 1), 0.0, (np.asarray(self.b) - 1) * np.log1p(-values))
        return successes + failures - betaln(self.a, self.b)

    def slope(self, values) -> np.ndarray:
        """Derivative of :meth:`log_density`.

        Parameters
        ----------
        values : array

        Returns
        -------
        array
        """
        return (self.a - 1) / np.asarray(values) - (self.b - 1) / (1 - np.asarray(values))

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Independent draws.

        Parameters
        ----------
        shape : tuple of int
        rng : numpy.random.Generator

        Returns
        -------
        array
        """
        return rng.beta(self.a, self.b, size=shape)

    def distribution(self, shape: tuple[int, ...]) -> Any:
        """The PyMC distribution of an array of such probabilities.

        Parameters
        ----------
        shape : tuple of int

        Returns
        -------
        TensorVariable
        """
        import pymc as pm

        return pm.Beta.dist(np.asarray(self.a, dtype=float), np.asarray(self.b, dtype=float), shape=shape)
