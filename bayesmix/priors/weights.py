"""Prior of the weights."""

from dataclasses import dataclass
from typing import ClassVar, override

import numpy as np
from scipy.special import gammaln

from bayesmix.priors.numbers import as_numbers
from bayesmix.priors.protocol import Prior


def log_dirichlet_constant(concentrations: np.ndarray) -> float:
    """``log Gamma(sum a) - sum log Gamma(a)``, what a Dirichlet density has in front."""
    return float(gammaln(concentrations.sum()) - gammaln(concentrations).sum())


@dataclass(frozen=True)
class Dirichlet(Prior):
    r"""Dirichlet prior of the weights.

    .. math:: p(w) = \frac{\Gamma(\sum_k a_k)}{\prod_k \Gamma(a_k)} \prod_k w_k^{a_k - 1}

    Parameters
    ----------
    concentration : float or sequence of K floats, default 1.0
        ``a``, positive; one number serves every component. Different numbers make the components
        distinguishable, so that labels are identified by the prior.

    Raises
    ------
    ValueError
        If a concentration is not a positive finite number.
    """

    concentration: float | tuple[float, ...] = 1.0

    dynamic: ClassVar[bool] = False
    """Whether the components share it out."""

    def __post_init__(self):
        object.__setattr__(self, "concentration", as_numbers(self.concentration, "concentration", positive=True))
        if np.ndim(self.concentration) > 1:
            raise ValueError("concentration must be a number or one number a component")

    @override
    def resolve(self, summary, family, n_components: int) -> "Dirichlet":
        self.concentrations(n_components)
        return self

    def concentrations(self, n_components: int) -> np.ndarray:
        """``a`` as an array.

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
        if np.ndim(self.concentration) == 1 and np.size(self.concentration) != n_components:
            raise ValueError(
                f"priors['weights'] has {np.size(self.concentration)} concentrations for "
                f"{n_components} groups: give one number, or one a group"
            )
        return np.broadcast_to(np.asarray(self.concentration, dtype=float), (n_components,)).copy()

    def log_density(self, weights) -> np.ndarray:
        """Log density of weights (..., K), one number for each set of weights.

        Parameters
        ----------
        weights : (..., K) array

        Returns
        -------
        (...) array
        """
        weights = np.asarray(weights)
        a = self.concentrations(weights.shape[-1])
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
    concentration : float, default 1.0
        ``a``, positive.

    Raises
    ------
    ValueError
        If it is not one positive finite number.

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

    @override
    def concentrations(self, n_components: int) -> np.ndarray:
        return super().concentrations(n_components) / n_components
