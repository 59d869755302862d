"""Priors of the concentration of a Dirichlet prior, where it is unknown too."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import betaln, fdtri, gammaincinv

from bayesmix.priors.numbers import as_one_number
from bayesmix.priors.rates import Gamma


class PriorOfConcentration(Protocol):
    """What is believed of a concentration: :class:`FisherF` or :class:`~bayesmix.priors.Gamma`, of one number."""

    def log_density(self, values: Any) -> np.ndarray:
        """Log density of positive numbers."""
        ...


@dataclass(frozen=True)
class FisherF:
    r"""F distribution of a positive number, as a prior of the concentration of the weights' prior.

    .. math:: p(x) \propto x^{a / 2 - 1} \left(1 + \frac{a}{b} x\right)^{-(a + b) / 2}

    ``FisherF(6, 3)`` has its mode at 0.4 and a mean of 3: few groups are likely, and no number of them is ruled out.

    Parameters
    ----------
    numerator, denominator : float, default 6.0 and 3.0
        Degrees of freedom, ``a`` and ``b``, positive. The mean is ``b / (b - 2)`` where ``b`` is above 2.

    Raises
    ------
    ValueError
        If a number is not positive and finite.

    References
    ----------
    Fruehwirth-Schnatter, Malsiner-Walli and Gruen (2021), Generalized mixtures of finite mixtures and telescoping
    sampling, Bayesian Analysis 16, 1279-1307, whose default it is.

    Examples
    --------
    >>> import bayesmix as bm
    >>> prior = bm.priors.DynamicDirichlet(bm.priors.FisherF(6, 3))
    >>> mixture = bm.Mixture(bm.priors.ShiftedBetaNegativeBinomial(), "diag", priors={"weights": prior})
    >>> tree = mixture.fit(bm.datasets.load_galaxies(), random_seed=1, progressbar=False)
    >>> tree["posterior"]["concentration"].dims
    ('chain', 'draw')
    """

    numerator: float = 6.0
    denominator: float = 3.0

    def __post_init__(self):
        for name in ("numerator", "denominator"):
            object.__setattr__(self, name, as_one_number(getattr(self, name), name))

    def log_density(self, values) -> np.ndarray:
        """Log density of positive numbers.

        Parameters
        ----------
        values : array

        Returns
        -------
        array
        """
        a, b, x = self.numerator, self.denominator, np.asarray(values, dtype=float)
        front = 0.5 * a * np.log(a / b) - betaln(0.5 * a, 0.5 * b)
        return front + (0.5 * a - 1) * np.log(x) - 0.5 * (a + b) * np.log1p(a / b * x)


def of_one_number(prior: Any, name: str) -> Any:
    """A prior of a concentration.

    Raises
    ------
    ValueError
        If it is a gamma prior that data would scale, or of several numbers.
    """
    if isinstance(prior, Gamma) and not all(isinstance(number, float) for number in (prior.shape, prior.rate)):
        raise ValueError(f"{name} is {prior}: give its shape and its rate, one number each, as bm.priors.Gamma(1, 20)")
    return prior


def quantiles(prior: PriorOfConcentration, shares: Any) -> np.ndarray:
    """The numbers that these shares of the prior lie below."""
    if isinstance(prior, Gamma):
        return gammaincinv(prior.shape, shares) / prior.rate
    assert isinstance(prior, FisherF)
    return fdtri(prior.numerator, prior.denominator, shares)


def in_powers(prior: PriorOfConcentration | None) -> np.ndarray:
    r"""Numbers (4,) p, b, q and r, of which its log density is, but for a constant; none without a prior.

    .. math:: (p - 1) \log x - b x - q \log(1 + r x)
    """
    if prior is None:
        return np.empty(0)
    if isinstance(prior, Gamma):
        return np.array([prior.shape, prior.rate, 0.0, 0.0], dtype=float)
    assert isinstance(prior, FisherF)
    a, b = prior.numerator, prior.denominator
    return np.array([0.5 * a, 0.0, 0.5 * (a + b), a / b])
