"""The separated prior: means, scales and correlations each with a distribution of its own."""

from dataclasses import dataclass, replace
from typing import Any, override

import numpy as np
from scipy.special import gammaln

from bayesmix.priors.numbers import DataSummary, as_numbers
from bayesmix.priors.protocol import ElementwisePrior, Prior


def _fits(value, shape: tuple[int, ...], name: str) -> np.ndarray:
    """``value`` broadcast to ``shape``, or a ``ValueError`` that names the hyperparameter."""
    try:
        return np.broadcast_to(np.asarray(value, dtype=float), shape).copy()
    except ValueError as error:
        raise ValueError(f"{name} must be a number or have shape {shape}, not {np.shape(value)}") from error


@dataclass(frozen=True)
class Normal(ElementwisePrior):
    r"""Independent normal prior of every component's mean: :math:`\mu_{kj} \sim N(m_j, s_j^2)`.

    Parameters
    ----------
    mean, sd : float or (D,) sequence, optional
        ``m`` and ``s`` in the units of the data. Default: the data mean, and twice the data's standard deviation.

    Raises
    ------
    ValueError
        If a number is not finite, or ``sd`` is not positive.
    """

    mean: float | tuple[float, ...] | None = None
    sd: float | tuple[float, ...] | None = None

    def __post_init__(self):
        if self.mean is not None:
            object.__setattr__(self, "mean", as_numbers(self.mean, "mean"))
        if self.sd is not None:
            object.__setattr__(self, "sd", as_numbers(self.sd, "sd", positive=True))

    @override
    def resolve(self, summary: DataSummary, family, n_components: int) -> "Normal":
        shape = summary.mean.shape
        deviation = family.standard_scale(np.sqrt(np.diag(summary.covariance)))
        return replace(
            self,
            mean=_fits(summary.mean if self.mean is None else self.mean, shape, "mean"),
            sd=_fits(2 * deviation if self.sd is None else self.sd, shape, "sd"),
        )

    @override
    def standardised(self, centre: np.ndarray, scale: np.ndarray) -> "Normal":
        mean = as_numbers((np.asarray(self.mean) - centre) / scale, "mean")
        return Normal(mean, as_numbers(np.asarray(self.sd) / scale, "sd"))

    @override
    def log_density(self, values) -> np.ndarray:
        sd = np.asarray(self.sd)
        z = (np.asarray(values) - np.asarray(self.mean)) / sd
        return -0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)

    @override
    def slope(self, values) -> np.ndarray:
        return (np.asarray(self.mean) - values) / np.asarray(self.sd) ** 2

    @override
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return np.asarray(self.mean) + np.asarray(self.sd) * rng.standard_normal(shape)

    @override
    def distribution(self, shape: tuple[int, ...]) -> Any:
        import pymc as pm

        mean: Any = np.asarray(self.mean)
        return pm.Normal.dist(mean, np.asarray(self.sd), shape=shape)


@dataclass(frozen=True)
class LogNormal(ElementwisePrior):
    r"""Independent log-normal prior of every standard deviation: :math:`\log\sigma_{kj} \sim N(l_j, t^2)`.

    It vanishes faster than any power at zero, so that a component cannot collapse onto tied rows.

    Parameters
    ----------
    log_mean : float or (D,) sequence, optional
        ``l``, the log of the median standard deviation, in the units of the data. Default: the log of the data's
        standard deviation divided by ``K^(1/D)``.
    log_sd : float, default 0.75
        ``t``.

    Raises
    ------
    ValueError
        If a number is not finite, or ``log_sd`` is not positive.
    """

    log_mean: float | tuple[float, ...] | None = None
    log_sd: float = 0.75

    def __post_init__(self):
        if self.log_mean is not None:
            object.__setattr__(self, "log_mean", as_numbers(self.log_mean, "log_mean"))
        object.__setattr__(self, "log_sd", as_numbers(self.log_sd, "log_sd", positive=True))
        if np.ndim(self.log_sd) != 0:
            raise ValueError("log_sd must be one number")

    @override
    def resolve(self, summary: DataSummary, family, n_components: int) -> "LogNormal":
        n_features = summary.mean.size
        deviation = np.sqrt(family.reduce(np.diag(summary.covariance)))
        default = np.log(deviation) - np.log(n_components) / n_features
        log_mean = default if self.log_mean is None else self.log_mean
        return replace(self, log_mean=_fits(log_mean, np.shape(default), "log_mean"))

    @override
    def standardised(self, centre: np.ndarray, scale: np.ndarray) -> "LogNormal":
        own = np.asarray(self.log_mean)
        return replace(self, log_mean=own - np.log(scale[0] if own.ndim == 0 else scale))

    @override
    def log_density(self, values) -> np.ndarray:
        logs = np.log(np.asarray(values))
        z = (logs - np.asarray(self.log_mean)) / self.log_sd
        return -0.5 * z**2 - logs - np.log(self.log_sd) - 0.5 * np.log(2 * np.pi)

    @override
    def slope(self, values) -> np.ndarray:
        z = (np.log(values) - np.asarray(self.log_mean)) / self.log_sd
        return -(z / self.log_sd + 1) / values

    @override
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return np.exp(np.asarray(self.log_mean) + self.log_sd * rng.standard_normal(shape))

    @override
    def distribution(self, shape: tuple[int, ...]) -> Any:
        import pymc as pm

        mean: Any = np.asarray(self.log_mean)
        return pm.LogNormal.dist(mean, np.float64(self.log_sd), shape=shape)


@dataclass(frozen=True)
class LKJ(Prior):
    r"""LKJ prior of every correlation matrix: :math:`p(R) = c(\eta, D)\,|R|^{\eta - 1}`.

    Parameters
    ----------
    eta : float, default 1.0
        Positive; 1 is uniform over correlation matrices, more pulls towards the identity.

    Raises
    ------
    ValueError
        If ``eta`` is not a positive finite number.

    References
    ----------
    Lewandowski, D., Kurowicka, D. and Joe, H. (2009). Generating random correlation matrices based on vines and
    extended onion method. Journal of Multivariate Analysis 100, 1989-2001. https://doi.org/10.1016/j.jmva.2009.04.008
    """

    eta: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "eta", as_numbers(self.eta, "eta", positive=True))
        if np.ndim(self.eta) != 0:
            raise ValueError("eta must be one number")

    def resolve(self, summary: DataSummary, family, n_components: int) -> "LKJ":
        """Itself: correlations have no units.

        Parameters
        ----------
        summary : DataSummary
            Of the data.
        family : Family
        n_components : int

        Returns
        -------
        LKJ
        """
        return self

    def standardised(self, centre: np.ndarray, scale: np.ndarray) -> "LKJ":
        """Itself: correlations have no units.

        Parameters
        ----------
        centre, scale : (D,) array

        Returns
        -------
        LKJ
        """
        return self

    def log_normaliser(self, n_features: int) -> float:
        r"""``log c(eta, D)``, from the onion construction.

        With :math:`b_i = \eta + (D - 1 - i)/2`, row ``i + 1`` of the Cholesky factor has a squared length of
        off-diagonal entries ~ Beta(i/2, b_i), uniformly spread on the sphere, so that
        :math:`c^{-1} = \prod_{i=1}^{D-1} \pi^{i/2}\,\Gamma(b_i)/\Gamma(b_i + i/2)`.

        Parameters
        ----------
        n_features : int

        Returns
        -------
        float
        """
        i = np.arange(1, n_features)
        b = self.eta + (n_features - 1 - i) / 2
        return float(-np.sum(i / 2 * np.log(np.pi) + gammaln(b) - gammaln(b + i / 2)))

    def log_density(self, correlations) -> np.ndarray:
        """Log density of correlation matrices (..., D, D), one number a matrix.

        Parameters
        ----------
        correlations : (..., D, D) array

        Returns
        -------
        (...) array
        """
        correlations = np.asarray(correlations)
        log_determinant = np.linalg.slogdet(correlations)[1]
        return self.log_normaliser(correlations.shape[-1]) + (self.eta - 1) * log_determinant
