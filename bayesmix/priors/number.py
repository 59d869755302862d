"""Priors of the number of components, for mixtures in which it is unknown."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, override

import numpy as np
from scipy.special import betaln, gammaln

from bayesmix.data import check_n_components
from bayesmix.priors.numbers import as_one_number

# A prior is cut where less than the first lies beyond, or at the second number.
_BEYOND, _MOST = 1e-10, 1000


class PriorOfNumber(ABC):
    """What is believed of the number of components K = 1, 2, ... before the data.

    Every number up to some largest one has a positive probability: a prior without an end is cut where less than 1e-10
    lies beyond, at 1000 at the latest.
    """

    @abstractmethod
    def log_mass(self, numbers: np.ndarray) -> np.ndarray:
        """Log of something proportional to the probability of each number.

        Parameters
        ----------
        numbers : array of int
            At least 1.

        Returns
        -------
        array
        """

    @property
    def most(self) -> int:
        """The largest number that it gives a probability to."""
        mass = np.exp(self.log_mass(np.arange(1, 10 * _MOST + 1)))
        beyond = 1 - np.cumsum(mass / mass.sum())
        return min(int(np.argmax(beyond <= _BEYOND)) + 1, _MOST)

    def probabilities(self) -> np.ndarray:
        """Probability of 1, 2, ..., up to the largest number.

        Returns
        -------
        (M,) array
        """
        logs = self.log_mass(np.arange(1, self.most + 1))
        mass = np.exp(logs - logs.max())
        return mass / mass.sum()

    def to_dict(self) -> dict[str, Any]:
        """Its name and numbers, as files keep them.

        Returns
        -------
        dict
        """
        return {"prior": type(self).__name__} | asdict(self)  # pyright: ignore[reportArgumentType]: a dataclass each

    def __str__(self) -> str:
        given = ", ".join(f"{value:g}" for value in asdict(self).values())  # pyright: ignore[reportArgumentType]
        return f"{type(self).__name__}({given})"


@dataclass(frozen=True)
class ShiftedBetaNegativeBinomial(PriorOfNumber):
    r"""``K - 1`` is beta-negative-binomial: negative binomial, whose probability has a beta prior.

    .. math:: p(K) = \frac{\Gamma(r + K - 1)}{\Gamma(r) \, \Gamma(K)} \frac{B(r + a, K - 1 + b)}{B(a, b)}

    The default has a mean of two groups and a heavy tail, and decreases from one group on. ``K - 1`` with ``r = 1``
    is geometric given its probability.

    Parameters
    ----------
    size : float, default 1.0
        ``r``, positive, as ``a`` and ``b``.
    a, b : float, default 4.0 and 3.0
        Of the beta prior. The mean ``1 + r b / (a - 1)`` is finite where ``a`` is above 1.

    Raises
    ------
    ValueError
        If a number is not positive and finite.

    References
    ----------
    Fruehwirth-Schnatter, Malsiner-Walli and Gruen (2021), Generalized mixtures of finite mixtures and telescoping
    sampling, Bayesian Analysis 16, 1279-1307.

    Examples
    --------
    >>> import bayesmix as bm
    >>> bm.priors.ShiftedBetaNegativeBinomial().probabilities()[:4].round(3).tolist()
    [0.571, 0.214, 0.095, 0.048]
    """

    size: float = 1.0
    a: float = 4.0
    b: float = 3.0

    def __post_init__(self):
        for name in ("size", "a", "b"):
            object.__setattr__(self, name, as_one_number(getattr(self, name), name))

    @override
    def log_mass(self, numbers: np.ndarray) -> np.ndarray:
        k, r = np.asarray(numbers) - 1, self.size
        return gammaln(r + k) - gammaln(r) - gammaln(k + 1) + betaln(r + self.a, k + self.b) - betaln(self.a, self.b)


@dataclass(frozen=True)
class ShiftedGeometric(PriorOfNumber):
    r"""``K - 1`` is geometric: :math:`p(K) = p (1 - p)^{K - 1}`.

    Parameters
    ----------
    probability : float, default 0.1
        ``p``, between 0 and 1; the mean is ``1 / p``.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> import bayesmix as bm
    >>> bm.priors.ShiftedGeometric(0.5).probabilities()[:3].round(3).tolist()
    [0.5, 0.25, 0.125]
    """

    probability: float = 0.1

    def __post_init__(self):
        given = as_one_number(self.probability, "probability")
        if given >= 1:
            raise ValueError(f"probability must be below 1, not {given:g}: Mixture(1) has one group for certain")
        object.__setattr__(self, "probability", given)

    @override
    def log_mass(self, numbers: np.ndarray) -> np.ndarray:
        return (np.asarray(numbers) - 1) * np.log1p(-self.probability)


@dataclass(frozen=True)
class ShiftedPoisson(PriorOfNumber):
    r"""``K - 1`` is Poisson: :math:`p(K) = e^{-\lambda} \lambda^{K - 1} / (K - 1)!`.

    Parameters
    ----------
    rate : float, default 1.0
        The mean is ``1 + rate``.

    Raises
    ------
    ValueError
        If it is not positive, or its numbers are beyond 1000.

    Examples
    --------
    >>> import bayesmix as bm
    >>> bm.priors.ShiftedPoisson(3.0).probabilities()[:4].round(3).tolist()
    [0.05, 0.149, 0.224, 0.224]
    """

    rate: float = 1.0

    def __post_init__(self):
        given = as_one_number(self.rate, "rate")
        if given > _MOST / 2:
            raise ValueError(f"rate must be at most {_MOST // 2}, not {given:g}: more groups than {_MOST} are left out")
        object.__setattr__(self, "rate", given)

    @override
    def log_mass(self, numbers: np.ndarray) -> np.ndarray:
        k = np.asarray(numbers) - 1
        return k * np.log(self.rate) - self.rate - gammaln(k + 1)


@dataclass(frozen=True)
class DiscreteUniform(PriorOfNumber):
    """Every number of components from 1 to ``upper`` is as probable as any other.

    Parameters
    ----------
    upper : int
        At least 1, and at most 1000.

    Raises
    ------
    ValueError, TypeError
        If it is none.

    Examples
    --------
    >>> import bayesmix as bm
    >>> bm.priors.DiscreteUniform(4).probabilities().tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    upper: int

    def __post_init__(self):
        upper = check_n_components(self.upper)
        if upper > _MOST:
            raise ValueError(f"upper must be at most {_MOST}, not {upper}")
        object.__setattr__(self, "upper", upper)

    @property
    @override
    def most(self) -> int:
        return self.upper

    @override
    def log_mass(self, numbers: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(numbers) <= self.upper, 0.0, -np.inf)


KINDS = {
    kind.__name__: kind for kind in (ShiftedBetaNegativeBinomial, ShiftedGeometric, ShiftedPoisson, DiscreteUniform)
}


def number_from_dict(described: Mapping[str, Any] | int) -> PriorOfNumber | int:
    """A number of components, or the prior of it that ``to_dict`` described.

    Raises
    ------
    ValueError, TypeError
        If it is none.
    """
    if not isinstance(described, Mapping):
        return check_n_components(described)
    numbers = {name: value for name, value in described.items() if name != "prior"}
    if described.get("prior") not in KINDS:
        raise ValueError("n_components is no prior of a number of components")
    return KINDS[described["prior"]](**numbers)
