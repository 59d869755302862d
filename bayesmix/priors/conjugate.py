"""The default prior of a Gaussian component: normal-inverse-Wishart, scaled by the data."""

from dataclasses import dataclass, replace
from typing import ClassVar, override

import numpy as np
from scipy.linalg import solve_triangular

from bayesmix.priors.numbers import DataSummary, as_numbers
from bayesmix.priors.protocol import Prior
from bayesmix.threads import one_blas_thread


def _is_positive(scale: np.ndarray) -> bool:
    """Whether variances are positive, or a matrix symmetric and positive definite, whatever its columns' units."""
    variances = np.diagonal(scale) if scale.ndim == 2 else scale
    if not np.all(variances > 0):
        return False
    if scale.ndim < 2:
        return True
    deviations = np.sqrt(variances)
    correlations = scale / deviations[:, None] / deviations
    symmetric = np.allclose(correlations, correlations.T, rtol=0, atol=1e-10)
    return bool(symmetric and np.linalg.eigvalsh(correlations)[0] > 0)


@dataclass(frozen=True)
class NormalInverseWishart(Prior):
    r"""Conjugate prior of means and covariances, after Fraley and Raftery (2007).

    .. math:: \mu_k \mid \Sigma_k \sim N(m, \Sigma_k / \kappa), \qquad
              \Sigma_k \sim \text{inverse-Wishart}(\nu, \Lambda).

    For diagonal covariances each variance is inverse-gamma with shape ``nu / 2`` and rate ``s_j / 2``; for
    spherical ones the single variance is, with ``s``, the mean of the ``s_j``. What is None is scaled by the data
    when the prior is resolved.

    Parameters
    ----------
    mean : (D,) sequence, optional
        ``m``, in the units of the data. Default: the data mean.
    shrinkage : float, default 0.01
        ``kappa``: the prior mean counts as much as this many rows.
    dof : float, optional
        ``nu``, above ``D - 1``. Default: ``D + 2``.
    scale : (D, D), (D,) or scalar, optional
        ``Lambda`` for full and tied covariances, the ``s_j`` for diagonal and ``s`` for spherical ones, in squared
        units of the data. Default: ``var(X) / K^(2/D)``, with ``N - 1``.

    Raises
    ------
    ValueError
        If a number is not finite, or one that must be positive is not.

    References
    ----------
    Fraley, C. and Raftery, A. E. (2007). Bayesian regularization for normal mixture estimation and model-based
    clustering. Journal of Classification 24, 155-181. https://doi.org/10.1007/s00357-007-0004-5
    """

    mean: tuple[float, ...] | None = None
    shrinkage: float = 0.01
    dof: float | None = None
    scale: float | tuple | None = None

    joint: ClassVar[bool] = True
    """Several parameters have it together, so that no prior of one of them can take its place."""

    def __post_init__(self):
        object.__setattr__(self, "shrinkage", as_numbers(self.shrinkage, "shrinkage", positive=True))
        if self.mean is not None:
            object.__setattr__(self, "mean", as_numbers(self.mean, "mean"))
        if self.dof is not None:
            object.__setattr__(self, "dof", as_numbers(self.dof, "dof", positive=True))
        if self.scale is not None:
            object.__setattr__(self, "scale", as_numbers(self.scale, "scale"))
        for name in ("shrinkage", "dof"):
            if np.ndim(getattr(self, name)) != 0:
                raise ValueError(f"{name} must be one number, not {getattr(self, name)!r}")

    @override
    def resolve(self, summary: DataSummary, family, n_components: int) -> "NormalInverseWishart":
        n_features = summary.mean.size
        default_scale = family.reduce(summary.covariance / n_components ** (2 / n_features))
        mean = np.asarray(summary.mean if self.mean is None else self.mean)
        dof = n_features + 2.0 if self.dof is None else self.dof
        scale = np.asarray(default_scale if self.scale is None else self.scale)
        if mean.shape != (n_features,):
            raise ValueError(f"mean must have one number for each of the {n_features} features")
        if dof <= n_features - 1:
            raise ValueError(f"dof must be above {n_features - 1} for {n_features} features, not {dof}")
        if scale.shape != np.shape(default_scale):
            raise ValueError(f"scale must have shape {np.shape(default_scale)} for {family}, not {scale.shape}")
        if not _is_positive(scale):
            raise ValueError("scale must be positive (a symmetric positive definite matrix for full and tied)")
        return replace(self, mean=as_numbers(mean, "mean"), dof=dof, scale=as_numbers(scale, "scale"))

    @override
    def standardised(self, centre: np.ndarray, scale: np.ndarray) -> "NormalInverseWishart":
        own, shift = np.asarray(self.scale), np.asarray(self.mean) - centre
        if own.ndim == 2:
            with one_blas_thread():
                half = solve_triangular(scale, own, lower=True)
                return replace(
                    self,
                    mean=solve_triangular(scale, shift, lower=True),
                    scale=solve_triangular(scale, half.T, lower=True),
                )
        return replace(self, mean=shift / scale, scale=own / (scale if own.ndim else scale[0]) ** 2)
