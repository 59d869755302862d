"""Prior of the weights."""

from dataclasses import dataclass
from typing import Any, ClassVar, override

import numpy as np
from scipy.special import gammaln

from bayesmix.priors.concentration import FisherF, PriorOfConcentration, of_one_number, quantiles
from bayesmix.priors.numbers import as_numbers
from bayesmix.priors.protocol import Prior
from bayesmix.priors.rates import Gamma


def log_dirichlet_constant(concentrations: np.ndarray) -> Any:
    """``log Gamma(sum a) - sum log Gamma(a)``, what a Dirichlet density has in front, of concentrations (..., K)."""
    return gammaln(concentrations.sum(axis=-1)) - gammaln(concentrations).sum(axis=-1)


@dataclass(frozen=True)
class Dirichlet(Prior):
    r"""Dirichlet prior of the weights.

    .. math:: p(w) = \frac{\Gamma(\sum_k a_k)}{\prod_k \Gamma(a_k)} \prod_k w_k^{a_k - 1}

    Parameters
    ----------
    concentration : float, sequence of K floats, Gamma or FisherF, default 1.0
        ``a``, positive; one number serves every component. Different numbers make the components
        distinguishable, so that labels are identified by the prior. A prior of the one number,
        :class:`bayesmix.priors.Gamma` or :class:`bayesmix.priors.FisherF`, makes it one of the unknowns, which
        ``fit`` and ``fit_gibbs`` draw: ``Dirichlet(Gamma(1, 20))``.

    Raises
    ------
    ValueError
        If a concentration is not a positive finite number, nor a prior of one.
    """

    concentration: Any = 1.0

    dynamic: ClassVar[bool] = False
    """Whether the components share it out."""

    def __post_init__(self):
        if self.hyperprior is not None:
            of_one_number(self.concentration, "concentration")
            return
        object.__setattr__(self, "concentration", as_numbers(self.concentration, "concentration", positive=True))
        if np.ndim(self.concentration) > 1:
            raise ValueError("concentration must be a number or one number a component")

    def parts(self, n_components: int) -> int:
        """Of how many parts the concentration of one component is one.

        Parameters
        ----------
        n_components : int

        Returns
        -------
        int
        """
        return n_components if self.dynamic else 1

    @property
    def hyperprior(self) -> PriorOfConcentration | None:
        """What is believed of the concentration, where it is unknown."""
        return self.concentration if isinstance(self.concentration, Gamma | FisherF) else None

    @override
    def resolve(self, summary, family, n_components: int) -> "Dirichlet":
        self.concentrations(n_components)
        return self

    def concentrations(self, n_components: int) -> np.ndarray:
        """``a`` as an array; where it is unknown, the median of its prior.

        Parameters
        ----------
        n_components : int

        Returns
        -------
        (K,) array

        Raises
        ------
        ValueError
            Where the length does not fit.
        """
        if self.hyperprior is not None:
            return np.full(n_components, float(quantiles(self.hyperprior, 0.5)) / self.parts(n_components))
        if np.ndim(self.concentration) == 1 and np.size(self.concentration) != n_components:
            raise ValueError(
                f"priors['weights'] has {np.size(self.concentration)} concentrations for "
                f"{n_components} groups: give one number, or one a group"
            )
        share = np.asarray(self.concentration, dtype=float) / self.parts(n_components)
        return np.broadcast_to(share, (n_components,)).copy()

    def draw(self, size: int, n_components: int, rng: np.random.Generator) -> np.ndarray:
        """Independent draws, of an unknown concentration too.

        Parameters
        ----------
        size, n_components : int
        rng : numpy.random.Generator

        Returns
        -------
        (size, K) array
        """
        if self.hyperprior is None:
            return rng.dirichlet(self.concentrations(n_components), size=size)
        shares = quantiles(self.hyperprior, rng.random(size)) / self.parts(n_components)
        # NumPy's draws of tiny concentrations are those of the largest weight alone, and never NaN
        return np.array([rng.dirichlet(np.full(n_components, share)) for share in shares])

    def log_density(self, weights, concentration=None) -> np.ndarray:
        """Log density of weights (..., K), one number for each set of weights.

        Parameters
        ----------
        weights : (..., K) array
        concentration : (...) array, optional
            What it is, where it is unknown.

        Returns
        -------
        (...) array
        """
        weights = np.asarray(weights)
        n_components = weights.shape[-1]
        if concentration is None:
            a = self.concentrations(n_components)
        else:
            share = np.asarray(concentration, dtype=float)[..., None] / self.parts(n_components)
            a = np.broadcast_to(share, weights.shape)
        constant = log_dirichlet_constant(a)
        # (a - 1) log w is 0 where a = 1, also for an empty component
        terms = np.where(a == 1, 0.0, (a - 1) * np.log(np.where(a == 1, 1.0, weights)))
        return constant + terms.sum(axis=-1)


@dataclass(frozen=True)
class DynamicDirichlet(Dirichlet):
    r"""Dirichlet prior of the weights whose concentration is shared out among the components.

    .. math:: w \mid K \sim \text{Dirichlet}(a / K, \dots, a / K)

    The more components there are, the more of them stay without rows: the number of groups that have rows hardly
    depends on K where K is large, and tends to that of a Dirichlet process of concentration ``a``.

    Parameters
    ----------
    concentration : float, Gamma or FisherF, default 1.0
        ``a``, positive; or a prior of it, as of :class:`Dirichlet`.

    Raises
    ------
    ValueError
        If it is not one positive finite number, nor a prior of one.

    Examples
    --------
    >>> import bayesmix as bm
    >>> bm.priors.DynamicDirichlet(1.0).concentrations(4).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    dynamic: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        if np.ndim(self.concentration) != 0:
            raise ValueError("concentration must be one number, which the components share")
