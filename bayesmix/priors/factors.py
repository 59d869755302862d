"""The prior of factor analysers: of loadings, and of the variances that factors leave to each column."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, override

import numpy as np
from scipy.special import gammaln

from bayesmix.priors.numbers import DataSummary, as_numbers
from bayesmix.priors.protocol import ElementwisePrior


@dataclass(frozen=True)
class Loadings(ElementwisePrior):
    r"""Independent normal prior of every loading about zero: :math:`\lambda_{kjf} \sim N(0, s_j^2)`.

    It does not change when factors are turned, so that no rotation, and no order of the columns, is preferred.

    Parameters
    ----------
    sd : float or (D,) sequence, optional
        ``s`` in the units of the data. Default: the data's standard deviations over the root of the number of factors,
        so that all factors together are expected to explain as much as a column varies.

    Raises
    ------
    ValueError
        If a number is not positive and finite.

    References
    ----------
    Leung, D. and Drton, M. (2016). Order-invariant prior specification in Bayesian factor analysis. Statistics and
    Probability Letters 111, 60-66. https://doi.org/10.1016/j.spl.2016.01.006
    """

    sd: float | tuple[float, ...] | None = None

    joint: ClassVar[bool] = True
    """The rotation of loadings is settled on the ground that their prior does not change with it."""

    def __post_init__(self):
        if self.sd is not None:
            object.__setattr__(self, "sd", as_numbers(self.sd, "sd", positive=True))

    @override
    def resolve(self, summary: DataSummary, family, n_components: int) -> "Loadings":
        default = np.sqrt(np.diag(summary.covariance) / family.factors)
        return replace(self, sd=_for_columns(default if self.sd is None else self.sd, default.size, "sd"))

    @override
    def standardised(self, centre: np.ndarray, scale: np.ndarray) -> "Loadings":
        return Loadings(as_numbers(np.asarray(self.sd) / scale, "sd"))

    @property
    def _sd(self) -> np.ndarray:
        """For each column, whatever the factor."""
        return np.asarray(self.sd)[..., None]

    @override
    def log_density(self, values) -> np.ndarray:
        return -0.5 * (np.asarray(values) / self._sd) ** 2 - np.log(self._sd) - 0.5 * np.log(2 * np.pi)

    @override
    def slope(self, values) -> np.ndarray:
        return -np.asarray(values) / self._sd**2

    @override
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return self._sd * rng.standard_normal(shape)

    @override
    def distribution(self, shape: tuple[int, ...]) -> Any:
        import pymc as pm

        mean: Any = np.float64(0.0)
        return pm.Normal.dist(mean, self._sd, shape=shape)


@dataclass(frozen=True)
class InverseGamma(ElementwisePrior):
    r"""Inverse-gamma prior of a variance: :math:`p(\psi) \propto \psi^{-a - 1} e^{-b_j / \psi}`.

    It vanishes at zero faster than any power, so that no column is left without a variance of its own, where maximum
    likelihood may lead (a Heywood case).

    Parameters
    ----------
    shape : float, default 1.5
        ``a``: twice as many rows are what the prior counts as.
    scale : float or (D,) sequence, optional
        ``b`` in squared units of the data. Default: half the data's variances, of which the prior's mean is then the
        whole, and its mode a fifth.

    Raises
    ------
    ValueError
        If a number is not positive and finite.
    """

    shape: float = 1.5
    scale: float | tuple[float, ...] | None = None

    def __post_init__(self):
        object.__setattr__(self, "shape", as_numbers(self.shape, "shape", positive=True))
        if np.ndim(self.shape) != 0:
            raise ValueError("shape must be one number")
        if self.scale is not None:
            object.__setattr__(self, "scale", as_numbers(self.scale, "scale", positive=True))

    @override
    def resolve(self, summary: DataSummary, family, n_components: int) -> "InverseGamma":
        default = 0.5 * np.diag(summary.covariance)
        return replace(self, scale=_for_columns(default if self.scale is None else self.scale, default.size, "scale"))

    @override
    def standardised(self, centre: np.ndarray, scale: np.ndarray) -> "InverseGamma":
        return replace(self, scale=as_numbers(np.asarray(self.scale) / scale**2, "scale"))

    @override
    def log_density(self, values) -> np.ndarray:
        a, b = self.shape, np.asarray(self.scale)
        return a * np.log(b) - gammaln(a) - (a + 1) * np.log(values) - b / np.asarray(values)

    @override
    def slope(self, values) -> np.ndarray:
        return (np.asarray(self.scale) / values - self.shape - 1) / values

    @override
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return np.asarray(self.scale) / rng.standard_gamma(self.shape, size=shape)

    @override
    def distribution(self, shape: tuple[int, ...]) -> Any:
        import pymc as pm

        return pm.InverseGamma.dist(np.float64(self.shape), np.asarray(self.scale, dtype=float), shape=shape)


def _for_columns(value: Any, n_features: int, name: str) -> Any:
    """One number for each column, or a ``ValueError`` that names the hyperparameter."""
    if np.shape(value) not in ((), (n_features,)):
        raise ValueError(f"{name} must be a number, or one for each of the {n_features} features")
    return as_numbers(np.broadcast_to(np.asarray(value, dtype=float), (n_features,)), name)
