r"""Priors as variables of a PyMC model: one small class for each covariance.

Conjugate priors declare ``covariances`` or ``variances`` and then ``means`` given them; separated priors declare
``means``, ``scales`` and, where features are correlated, ``correlations``. Values keep the units of the data; the
transforms of `bayesmix.pymc_model.transforms` make the unconstrained values free of them.

Hyperparameters are handed over as NumPy numbers: PyTensor makes a Python float such as 2.5 a single-precision constant.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.separated import LKJ, LogNormal, Normal
from bayesmix.priors.sets import PyMCPrior
from bayesmix.priors.weights import Dirichlet
from bayesmix.pymc_model.by_covariance import ByCovariance
from bayesmix.pymc_model.foreign_priors import declare_foreign
from bayesmix.pymc_model.matrix_priors import InverseWishart, LKJMatrix
from bayesmix.pymc_model.starts import add_variable, shape_of
from bayesmix.pymc_model.transforms import (
    Affine,
    CorrelationRows,
    ScaledCholesky,
    ScaledLog,
    Whitening,
    times_transpose,
)

MEANS_DIMS = ("component", "feature")


@dataclass(frozen=True, eq=False)
class Units:
    """What the transforms need: numbers of components and features, centre and scale of the columns.

    ``scale`` is one that the family can be standardised by: for spherical all its entries are equal. ``half`` is a
    lower Cholesky factor of the columns' covariance.
    ``start`` holds initial values by name, in the units of the data.
    """

    n_components: int
    centre: np.ndarray
    scale: np.ndarray
    half: np.ndarray
    start: Mapping[str, np.ndarray]

    @property
    def n_features(self) -> int:
        """Number of features, D."""
        return self.centre.size

    @property
    def affine(self) -> Affine:
        """The transform of means."""
        return Affine(self.centre, self.scale)


def declare_weights(prior: Any, units: Units) -> Any:
    """``weights``: Dirichlet with PyMC's simplex transform; constant ones for a single component."""
    if units.n_components == 1:
        return pm.Deterministic("weights", pt.ones(1), dims="component")
    start = units.start.get("weights")
    if start is not None:
        # The simplex has no room for exact zeros, and PyMC wants a sum of one.
        start = np.maximum(start, 1e-10)
        start = start / start.sum()
    if isinstance(prior, PyMCPrior):
        return declare_foreign(prior.distribution, "weights", ("component",), start=start)
    assert isinstance(prior, Dirichlet)
    variable = pm.Dirichlet.dist(prior.concentrations(units.n_components))
    return add_variable("weights", variable, ("component",), start=start)


def declare_means(prior: Any, units: Units) -> Any:
    """``means`` of a separated prior: independent normals."""
    start = units.start.get("means")
    if isinstance(prior, PyMCPrior):
        return declare_foreign(prior.distribution, "means", MEANS_DIMS, transform=units.affine, start=start)
    assert isinstance(prior, Normal)
    variable = pm.Normal.dist(np.asarray(prior.mean), np.asarray(prior.sd), shape=shape_of(MEANS_DIMS))
    return add_variable("means", variable, MEANS_DIMS, transform=units.affine, start=start)


class Correlated:
    """What full and tied covariances share: matrices, of one or of every component."""

    leading: tuple[str, ...]

    def conjugate(self, prior: NormalInverseWishart, units: Units) -> dict[str, Any]:
        r"""``covariances`` inverse-Wishart; ``means`` normal with covariance :math:`\Sigma_k / \kappa`."""
        dims = (*self.leading, "feature", "feature_bis")
        covariances = add_variable(
            "covariances",
            InverseWishart.dist(prior.dof, np.asarray(prior.scale), shape=shape_of(dims)),
            dims,
            transform=ScaledCholesky(units.half),
            start=units.start.get("covariances"),
        )
        factor = pt.linalg.cholesky(covariances) / np.sqrt(prior.shrinkage)
        means = add_variable(
            "means",
            pm.MvNormal.dist(np.asarray(prior.mean), chol=factor, shape=shape_of(MEANS_DIMS)),
            MEANS_DIMS,
            transform=Whitening(units.centre, units.half),
            start=units.start.get("means"),
        )
        variances = pt.diagonal(covariances, axis1=-2, axis2=-1)
        pm.Deterministic("scales", pt.sqrt(variances), dims=(*self.leading, "feature"))
        return {"means": means, "covariances": covariances}

    def separated(self, scales_prior: Any, correlations_prior: Any, units: Units) -> dict[str, Any]:
        """``scales`` and ``correlations`` free, ``covariances`` made of them."""
        scales = declare_scales(scales_prior, (*self.leading, "feature"), units.scale, units)
        factor = scales[..., None]
        if units.n_features > 1:
            factor = factor * pt.linalg.cholesky(self._correlations(correlations_prior, units))
        dims = (*self.leading, "feature", "feature_bis")
        return {"covariances": pm.Deterministic("covariances", times_transpose(factor), dims=dims)}

    def _correlations(self, prior: Any, units: Units) -> Any:
        dims = (*self.leading, "feature", "feature_bis")
        start, transform = units.start.get("correlations"), CorrelationRows(units.n_features)
        if isinstance(prior, PyMCPrior):
            return declare_foreign(prior.distribution, "correlations", dims, transform=transform, start=start)
        assert isinstance(prior, LKJ)
        variable = LKJMatrix.dist(prior.eta, units.n_features, shape=shape_of(dims))
        return add_variable("correlations", variable, dims, transform=transform, start=start)


class Full(Correlated):
    """A covariance matrix for every component."""

    leading = ("component",)


class Tied(Correlated):
    """One covariance matrix for all components."""

    leading = ()


class Uncorrelated(ABC):
    """What diag and spherical covariances share: variances, with inverse-gamma priors."""

    dims: tuple[str, ...]

    @staticmethod
    @abstractmethod
    def unit(scale: np.ndarray) -> Any:
        """The scale of one entry of ``scales``."""

    @staticmethod
    @abstractmethod
    def by_feature(deviations: Any) -> Any:
        """Standard deviations that broadcast against the means (K, D)."""

    def conjugate(self, prior: NormalInverseWishart, units: Units) -> dict[str, Any]:
        r"""``variances`` inverse-gamma(:math:`\nu/2, s/2`); ``means`` normal with variance :math:`\sigma^2/\kappa`."""
        half_scale = np.asarray(prior.scale) / 2.0
        variances = add_variable(
            "variances",
            pm.InverseGamma.dist(alpha=np.float64(prior.dof / 2.0), beta=half_scale, shape=shape_of(self.dims)),
            self.dims,
            transform=ScaledLog(self.unit(units.scale) ** 2),
            start=units.start.get("variances"),
        )
        scales = pt.sqrt(variances)
        deviations = self.by_feature(scales) / np.sqrt(prior.shrinkage)
        means = add_variable(
            "means",
            pm.Normal.dist(np.asarray(prior.mean), deviations, shape=shape_of(MEANS_DIMS)),
            MEANS_DIMS,
            transform=units.affine,
            start=units.start.get("means"),
        )
        pm.Deterministic("scales", scales, dims=self.dims)
        return {"means": means, "variances": variances}

    def separated(self, scales_prior: Any, correlations_prior: Any, units: Units) -> dict[str, Any]:
        """``scales`` free, ``variances`` their squares; there are no correlations."""
        scales = declare_scales(scales_prior, self.dims, self.unit(units.scale), units)
        return {"variances": pm.Deterministic("variances", pt.square(scales), dims=self.dims)}


class Diag(Uncorrelated):
    """A variance for every component and feature."""

    dims = ("component", "feature")

    @staticmethod
    def unit(scale: np.ndarray) -> Any:
        """Each feature's own scale."""
        return scale

    @staticmethod
    def by_feature(deviations: Any) -> Any:
        """Already (K, D)."""
        return deviations


class Spherical(Uncorrelated):
    """One variance for every component."""

    dims = ("component",)

    @staticmethod
    def unit(scale: np.ndarray) -> Any:
        """The common scale."""
        return scale[0]

    @staticmethod
    def by_feature(deviations: Any) -> Any:
        """From (K,) to (K, 1)."""
        return deviations[:, None]


def declare_scales(prior: Any, dims: tuple[str, ...], unit: Any, units: Units) -> Any:
    """``scales`` (standard deviations) of a separated prior: log-normal."""
    start = units.start.get("scales")
    if isinstance(prior, PyMCPrior):
        return declare_foreign(prior.distribution, "scales", dims, transform=ScaledLog(unit), start=start)
    assert isinstance(prior, LogNormal)
    variable = pm.LogNormal.dist(np.asarray(prior.log_mean), np.float64(prior.log_sd), shape=shape_of(dims))
    return add_variable("scales", variable, dims, transform=ScaledLog(unit), start=start)


COVARIANCES = ByCovariance({"full": Full(), "tied": Tied(), "diag": Diag(), "spherical": Spherical()})
"""Covariance word -> how its parameters are declared."""
