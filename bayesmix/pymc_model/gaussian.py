"""PyMC random variables for Gaussian mixtures: one small class for each covariance."""

from abc import abstractmethod
from typing import Any, ClassVar

import pytensor.tensor as pt
from pymc.distributions.distribution import Distribution, SymbolicRandomVariable, _support_point
from pymc.distributions.shape_utils import rv_size_is_none
from pymc.logprob.abstract import _logprob
from pymc.pytensorf import normalize_rng_param
from pytensor.tensor.random.utils import normalize_size_param

import bayesmix.pymc_model.numba_dispatch
import bayesmix.pymc_model.rewrites  # noqa: F401  (registers; so does the line above)
from bayesmix.pymc_model.by_covariance import ByCovariance
from bayesmix.pymc_model.op import RowLogDensity


class GaussianMixtureRV(SymbolicRandomVariable):
    """Rows whose component is drawn first; inputs are weights, means and covariances or variances."""

    covariance: ClassVar[str]

    @staticmethod
    @abstractmethod
    def factor(spread: Any) -> Any:
        """What `RowLogDensity` takes: Cholesky factors, or standard deviations."""

    @staticmethod
    @abstractmethod
    def deviation(factor: Any, component: Any, normals: Any) -> Any:
        """Standard normal draws (..., D) in the shape of their row's component."""

    @classmethod
    def rv_op(cls, weights: Any, means: Any, spread: Any, *, size: Any = None, rng: Any = None) -> Any:
        """The graph that draws rows."""
        weights, means, spread = (pt.as_tensor(value, dtype="float64") for value in (weights, means, spread))
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        rows = () if rv_size_is_none(size) else tuple(size)
        middle_rng, uniform = pt.random.uniform(size=(*rows, 1), rng=rng, return_next_rng=True)
        # The component is the number of cumulated weights below a uniform number; the last one is never compared,
        # so that weights which sum to 1 - 1e-16 cannot give a component too many.
        component = (uniform > pt.cumsum(weights)[:-1]).sum(axis=-1)
        final_rng, normals = pt.random.normal(size=(*rows, means.shape[-1]), rng=middle_rng, return_next_rng=True)
        draws = means[component] + cls.deviation(cls.factor(spread), component, normals)
        return cls(
            inputs=[rng, size, weights, means, spread],
            outputs=[final_rng, draws],
        )(rng, size, weights, means, spread)


class FullMixtureRV(GaussianMixtureRV):
    """Every component has its own covariance matrix (K, D, D)."""

    name = "gaussian_full_mixture"
    extended_signature = "[rng],[size],(k),(k,d),(k,d,d)->[rng],(d)"
    _print_name = ("GaussianMixture", "\\operatorname{GaussianMixture}")
    covariance = "full"

    @staticmethod
    def factor(spread: Any) -> Any:
        """Cholesky factors (K, D, D)."""
        return pt.linalg.cholesky(spread)

    @staticmethod
    def deviation(factor: Any, component: Any, normals: Any) -> Any:
        """``L_k z``."""
        return (factor[component] * normals[..., None, :]).sum(axis=-1)


class TiedMixtureRV(GaussianMixtureRV):
    """One covariance matrix (D, D) for all components."""

    name = "gaussian_tied_mixture"
    extended_signature = "[rng],[size],(k),(k,d),(d,d)->[rng],(d)"
    _print_name = ("GaussianMixture", "\\operatorname{GaussianMixture}")
    covariance = "tied"

    @staticmethod
    def factor(spread: Any) -> Any:
        """The Cholesky factor (D, D)."""
        return pt.linalg.cholesky(spread)

    @staticmethod
    def deviation(factor: Any, component: Any, normals: Any) -> Any:
        """``L z``."""
        return normals @ factor.T


class DiagMixtureRV(GaussianMixtureRV):
    """Variances of every component and feature (K, D)."""

    name = "gaussian_diag_mixture"
    extended_signature = "[rng],[size],(k),(k,d),(k,d)->[rng],(d)"
    _print_name = ("GaussianMixture", "\\operatorname{GaussianMixture}")
    covariance = "diag"

    @staticmethod
    def factor(spread: Any) -> Any:
        """Standard deviations (K, D)."""
        return pt.sqrt(spread)

    @staticmethod
    def deviation(factor: Any, component: Any, normals: Any) -> Any:
        """``s_k z``, feature by feature."""
        return factor[component] * normals


class SphericalMixtureRV(GaussianMixtureRV):
    """One variance for each component (K,)."""

    name = "gaussian_spherical_mixture"
    extended_signature = "[rng],[size],(k),(k,d),(k)->[rng],(d)"
    _print_name = ("GaussianMixture", "\\operatorname{GaussianMixture}")
    covariance = "spherical"

    @staticmethod
    def factor(spread: Any) -> Any:
        """Standard deviations (K,)."""
        return pt.sqrt(spread)

    @staticmethod
    def deviation(factor: Any, component: Any, normals: Any) -> Any:
        """``s_k z``."""
        return factor[component][..., None] * normals


class GaussianMixture(Distribution):
    """What the four distributions share: three parameters in this order."""

    @classmethod
    def dist(cls, weights: Any, means: Any, spread: Any, **kwargs: Any) -> Any:
        """The distribution outside of a model."""
        return super().dist([weights, means, spread], **kwargs)


class FullMixture(GaussianMixture):
    """Distribution of `FullMixtureRV`."""

    rv_type = FullMixtureRV
    rv_op = FullMixtureRV.rv_op


class TiedMixture(GaussianMixture):
    """Distribution of `TiedMixtureRV`."""

    rv_type = TiedMixtureRV
    rv_op = TiedMixtureRV.rv_op


class DiagMixture(GaussianMixture):
    """Distribution of `DiagMixtureRV`."""

    rv_type = DiagMixtureRV
    rv_op = DiagMixtureRV.rv_op


class SphericalMixture(GaussianMixture):
    """Distribution of `SphericalMixtureRV`."""

    rv_type = SphericalMixtureRV
    rv_op = SphericalMixtureRV.rv_op


GAUSSIAN_MIXTURES = ByCovariance(
    {
        distribution.rv_type.covariance: distribution
        for distribution in (FullMixture, TiedMixture, DiagMixture, SphericalMixture)
    }
)
"""Covariance word -> PyMC distribution."""


@_logprob.register(GaussianMixtureRV)
def row_log_density(op: Any, values: Any, rng: Any, size: Any, *params: Any, **kwargs: Any) -> Any:
    """Log density of each row: a value (..., D) gives (...)."""
    [value] = values
    weights, means, spread = params
    # Transposed once, when PyTensor folds constants, if the value is constant data.
    columns = value.reshape((-1, value.shape[-1])).T if value.type.ndim != 2 else value.T
    rows = RowLogDensity(op.covariance)(columns, pt.log(weights), means, op.factor(spread))
    return rows if value.type.ndim == 2 else rows.reshape(value.shape[:-1])


@_support_point.register(GaussianMixtureRV)
def mixture_mean(op: Any, rv: Any, rng: Any, size: Any, weights: Any, means: Any, spread: Any) -> Any:
    """The mean of the mixture, for every row."""
    return pt.broadcast_to(weights @ means, rv.shape)
