"""Priors of covariance and correlation matrices as PyMC distributions: inverse-Wishart and LKJ.

PyMC has no inverse-Wishart, and its LKJ is one of Cholesky factors in some versions, of matrices in others. These
integrate to one, their draws are symbolic (compiled without Python), and both take a ``size``: a matrix a component.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.distributions.distribution import Distribution, SymbolicRandomVariable
from pymc.distributions.shape_utils import rv_size_is_none
from pymc.pytensorf import normalize_rng_param
from pytensor.raise_op import Assert
from pytensor.tensor.random.utils import normalize_size_param


def _log_diagonal(factor: Any) -> Any:
    return pt.log(pt.diagonal(factor, axis1=-2, axis2=-1))


def _impossible_where_nan(log_density: Any) -> Any:
    """Minus infinity instead of NaN: a failed Cholesky means the matrix is outside the support."""
    return pt.switch(pt.isnan(log_density), -np.inf, log_density)


def _batch_shape(size: Any) -> tuple[Any, ...]:
    return () if rv_size_is_none(size) else tuple(size)


class InverseWishartRV(SymbolicRandomVariable):
    """Draws by Bartlett's decomposition of the Wishart: ``C B^-T B^-1 C'`` with ``C C' = scale``."""

    name = "inverse_wishart"
    extended_signature = "[rng],[size],(),(d,d)->[rng],(d,d)"
    _print_name = ("InverseWishart", "\\operatorname{InverseWishart}")

    @staticmethod
    def _as_drawn(draws: Any) -> Any:
        return draws

    @classmethod
    def rv_op(cls, dof: Any, scale: Any, *, size: Any = None, rng: Any = None) -> Any:
        """The graph that draws matrices."""
        dof, scale = pt.as_tensor(dof, dtype="float64"), pt.as_tensor(scale, dtype="float64")
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        if not (dof.type.ndim == 0 and scale.type.ndim == 2):
            raise NotImplementedError("InverseWishart takes one dof and one scale matrix; use size for many draws")
        batch, n = _batch_shape(size), scale.shape[-1]
        lost = pt.arange(n, dtype="float64")
        middle_rng, gammas = pt.random.gamma(
            pt.broadcast_to((dof - lost) / 2.0, (*batch, n)), scale=1.0, rng=rng, return_next_rng=True
        )
        final_rng, normals = pt.random.normal(size=(*batch, n, n), rng=middle_rng, return_next_rng=True)
        roots = pt.sqrt(2.0 * gammas)[..., None] * pt.eye(n)
        bartlett = pt.tril(normals, -1) + roots
        factor = pt.linalg.cholesky(scale)
        right = pt.broadcast_to(factor.T, bartlett.shape)
        half = pt.linalg.solve_triangular(bartlett, right, lower=True, b_ndim=2)
        draws = cls._as_drawn(half.mT @ half)
        return cls(inputs=[rng, size, dof, scale], outputs=[final_rng, draws])(rng, size, dof, scale)


class InverseWishart(Distribution):
    r"""Inverse-Wishart distribution of a covariance matrix.

    .. math:: p(\Sigma) = \frac{|\Lambda|^{\nu/2}}{2^{\nu D/2}\, \Gamma_D(\nu/2)}
              |\Sigma|^{-(\nu + D + 1)/2} \exp\bigl(-\tfrac12 \operatorname{tr} \Lambda \Sigma^{-1}\bigr)

    Parameters
    ----------
    dof : scalar
        :math:`\nu > D - 1`.
    scale : (D, D) matrix
        :math:`\Lambda`, positive definite.
    """

    rv_type = InverseWishartRV
    rv_op = InverseWishartRV.rv_op

    @classmethod
    def dist(cls, dof: Any, scale: Any, **kwargs: Any) -> Any:
        """The distribution outside of a model."""
        return super().dist([dof, scale], **kwargs)

    @staticmethod
    def support_point(rv: Any, size: Any, dof: Any, scale: Any) -> Any:
        """The mode."""
        return pt.broadcast_to(scale / (dof + scale.shape[-1] + 1.0), rv.shape)

    @staticmethod
    def logp(value: Any, dof: Any, scale: Any) -> Any:
        """Log density of each matrix (..., D, D)."""
        n = scale.shape[-1].astype("float64")
        scale_factor = pt.linalg.cholesky(scale)
        factor = pt.linalg.cholesky(value)
        right = scale_factor
        for _ in range(value.type.ndim - 2):
            right = right[None]
        whitened = pt.linalg.solve_triangular(factor, right, lower=True, b_ndim=2)
        log_gamma = (
            n * (n - 1.0) / 4.0 * np.log(np.pi)
            + pt.gammaln((dof - pt.arange(scale.shape[-1], dtype="float64")) / 2.0).sum()
        )
        constant = dof * _log_diagonal(scale_factor).sum() - dof * n / 2.0 * np.log(2.0) - log_gamma
        return _impossible_where_nan(
            constant
            - (dof + n + 1.0) * _log_diagonal(factor).sum(axis=-1)
            - 0.5 * pt.square(whitened).sum(axis=(-2, -1))
        )


class RestrictedInverseWishartRV(InverseWishartRV):
    """Has a density, and refuses draws."""

    name = "restricted_inverse_wishart"

    @staticmethod
    def _as_drawn(draws: Any) -> Any:
        return Assert("nothing draws from this prior of covariances: it is known up to a constant")(draws, False)


class RestrictedInverseWishart(InverseWishart):
    """Inverse-Wishart densities of matrices that have something in common, up to a constant."""

    rv_type = RestrictedInverseWishartRV
    rv_op = RestrictedInverseWishartRV.rv_op


class RestrictedInverseGammaRV(SymbolicRandomVariable):
    """Has a density, and refuses draws."""

    name = "restricted_inverse_gamma"
    extended_signature = "[rng],[size],(),(d)->[rng],(d)"
    _print_name = ("RestrictedInverseGamma", "\\operatorname{RestrictedInverseGamma}")

    @classmethod
    def rv_op(cls, shape: Any, rate: Any, *, size: Any = None, rng: Any = None) -> Any:
        """The graph that draws variances."""
        shape, rate = pt.as_tensor(shape, dtype="float64"), pt.as_tensor(rate, dtype="float64")
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        batch = _batch_shape(size)
        final_rng, gammas = pt.random.gamma(
            pt.broadcast_to(shape, (*batch, rate.shape[-1])), scale=1.0, rng=rng, return_next_rng=True
        )
        draws = Assert("nothing draws from this prior of variances: it is known up to a constant")(rate / gammas, False)
        return cls(inputs=[rng, size, shape, rate], outputs=[final_rng, draws])(rng, size, shape, rate)


class RestrictedInverseGamma(Distribution):
    """Inverse-gamma densities of variances (..., D) that have something in common, up to a constant.

    Parameters
    ----------
    shape : scalar
    rate : (D,) array
    """

    rv_type = RestrictedInverseGammaRV
    rv_op = RestrictedInverseGammaRV.rv_op

    @classmethod
    def dist(cls, shape_parameter: Any, rate: Any, **kwargs: Any) -> Any:
        """The distribution outside of a model."""
        return super().dist([shape_parameter, rate], **kwargs)

    @staticmethod
    def support_point(rv: Any, size: Any, shape: Any, rate: Any) -> Any:
        """The mode."""
        return pt.broadcast_to(rate / (shape + 1.0), rv.shape)

    @staticmethod
    def logp(value: Any, shape: Any, rate: Any) -> Any:
        """Log density of each row of variances."""
        of_each = shape * pt.log(rate) - pt.gammaln(shape) - (shape + 1.0) * pt.log(value) - rate / value
        return _impossible_where_nan(of_each.sum(axis=-1))


class LKJMatrixRV(SymbolicRandomVariable):
    """Draws by the onion: squared row lengths of the Cholesky factor are beta, their directions uniform."""

    name = "lkj_matrix"
    extended_signature = "[rng],[size],(),(d,d)->[rng],(d,d)"
    _print_name = ("LKJ", "\\operatorname{LKJ}")

    @classmethod
    def rv_op(cls, eta: Any, identity: Any, *, size: Any = None, rng: Any = None) -> Any:
        """The graph that draws matrices."""
        eta, identity = pt.as_tensor(eta, dtype="float64"), pt.as_tensor(identity, dtype="float64")
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        if not (eta.type.ndim == 0 and identity.type.ndim == 2):
            raise NotImplementedError("LKJMatrix takes one eta; use size for many draws")
        batch, n = _batch_shape(size), identity.shape[-1]
        place = pt.arange(1, n, dtype="float64")  # row i + 1 has i free entries
        middle_rng, lengths = pt.random.beta(
            pt.broadcast_to(place / 2.0, (*batch, n - 1)),
            pt.broadcast_to(eta + (n - 1.0 - place) / 2.0, (*batch, n - 1)),
            rng=rng,
            return_next_rng=True,
        )
        final_rng, normals = pt.random.normal(size=(*batch, n - 1, n), rng=middle_rng, return_next_rng=True)
        direction = pt.tril(normals)[..., : n - 1]
        direction = direction / pt.sqrt(pt.square(direction).sum(axis=-1, keepdims=True))
        below = pt.zeros((*batch, n, n))[..., 1:, : n - 1].set(direction * pt.sqrt(lengths)[..., None])
        diagonal = pt.ones((*batch, n))[..., 1:].set(pt.sqrt(1.0 - lengths))
        factor = below + diagonal[..., None] * pt.eye(n)
        draws = factor @ factor.mT
        return cls(inputs=[rng, size, eta, identity], outputs=[final_rng, draws])(rng, size, eta, identity)


class LKJMatrix(Distribution):
    r"""LKJ distribution of a correlation matrix.

    .. math:: p(R) = |R|^{\eta - 1} / c(\eta, D), \qquad
              \log c = \sum_{k=1}^{D-1} (D - k) \bigl[(2\eta - 2 + D - k) \log 2
              + \log \mathrm{B}(b_k, b_k)\bigr], \qquad b_k = \eta + (D - k - 1)/2.

    Parameters
    ----------
    eta : scalar
        Positive; 1 is uniform over correlation matrices.
    n_features : int
        ``D``, at least 2.

    References
    ----------
    Lewandowski, D., Kurowicka, D. and Joe, H. (2009). Generating random correlation matrices based on vines and
    extended onion method. Journal of Multivariate Analysis 100, 1989-2001.
    """

    rv_type = LKJMatrixRV
    rv_op = LKJMatrixRV.rv_op

    @classmethod
    def dist(cls, eta: Any, n_features: int, **kwargs: Any) -> Any:
        """The distribution outside of a model."""
        # The identity carries the number of features in its static shape.
        return super().dist([eta, np.eye(n_features)], **kwargs)

    @staticmethod
    def support_point(rv: Any, size: Any, eta: Any, identity: Any) -> Any:
        """The identity."""
        return pt.broadcast_to(identity, rv.shape)

    @staticmethod
    def logp(value: Any, eta: Any, identity: Any) -> Any:
        """Log density of each matrix (..., D, D)."""
        n = identity.shape[-1]
        left = pt.arange(n - 1, 0, -1, dtype="float64")  # D - k for k = 1 .. D - 1
        b = eta + (left - 1.0) / 2.0
        log_beta = 2.0 * pt.gammaln(b) - pt.gammaln(2.0 * b)
        constant = (left * ((2.0 * eta - 2.0 + left) * np.log(2.0) + log_beta)).sum()
        log_determinant = 2.0 * _log_diagonal(pt.linalg.cholesky(value)).sum(axis=-1)
        return _impossible_where_nan((eta - 1.0) * log_determinant - constant)
