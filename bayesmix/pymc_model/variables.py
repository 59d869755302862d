r"""Priors as variables of a PyMC model.

Conjugate priors declare ``covariances`` or ``variances`` and then ``means`` given them; separated priors declare
``means``, ``scales`` and, where features are correlated, ``correlations``. Values keep the units of the data; the
transforms of `bayesmix.pymc_model.transforms` make the unconstrained values free of them.

Hyperparameters are handed over as NumPy numbers: PyTensor makes a Python float such as 2.5 a single-precision constant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesmix.data import Rows
from bayesmix.families import Family
from bayesmix.families.parts import ParameterSpec
from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.separated import LKJ
from bayesmix.priors.sets import Priors, PyMCPrior
from bayesmix.priors.weights import Dirichlet
from bayesmix.problem import Problem
from bayesmix.pymc_model.foreign_priors import declare_foreign
from bayesmix.pymc_model.linear_values import OnSubspace
from bayesmix.pymc_model.loadings import SettledLoadings
from bayesmix.pymc_model.matrix_priors import (
    InverseWishart,
    LKJMatrix,
    RestrictedInverseGamma,
    RestrictedInverseWishart,
)
from bayesmix.pymc_model.one_orientation import OneOrientation
from bayesmix.pymc_model.one_shape import OneShape
from bayesmix.pymc_model.simplexes import Simplexes, SimplexesTransform
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
class DataScale:
    """What the transforms need: numbers of components and features, centre and scale of the columns.

    ``scale`` is one that the family can be standardised by: for spherical all its entries are equal. ``half`` is a
    lower Cholesky factor of the columns' covariance, or of its diagonal.
    ``start`` holds initial values by name, in the units of the data. ``called`` and ``dim`` say what variables and dims
    are called in the model, where they are those of a block of columns.
    """

    n_components: int
    centre: np.ndarray
    scale: np.ndarray
    half: np.ndarray
    start: Mapping[str, np.ndarray]
    called: Callable[[str], str] = str
    dim: Callable[[str], str] = str

    @classmethod
    def of(cls, problem: Problem, start: Mapping[str, np.ndarray]) -> "DataScale":
        """Of the rows of a problem."""
        return cls._of(problem.rows, problem.family, problem.n_components, start)

    @classmethod
    def _of(cls, rows: Rows, family: Family, n_components: int, *more: Any) -> "DataScale":
        centre, scale = rows.centre_and_scale
        # as engines standardise them: rows with errors column by column
        half = rows.covariance_factor if rows.errors is None else np.diag(scale)
        return cls(n_components, centre, family.standard_scale(scale), half, *more)

    def of_block(self, rows: Rows, block: Any) -> "DataScale":
        """Of a block of the columns (see :attr:`bayesmix.families.protocol.Family.blocks`)."""
        start = block.params(self.start)
        return self._of(block.rows(rows), block.family, self.n_components, start, block.called, block.dim)

    def dims(self, own: tuple[str, ...]) -> tuple[str, ...]:
        """Dims as the model calls them."""
        return tuple(map(self.dim, own))

    def shape(self, own: tuple[str, ...]) -> tuple[int, ...]:
        """Lengths of dims."""
        return shape_of(self.dims(own))

    def add(self, name: str, variable: Any, dims: tuple[str, ...], transform: Transform | None = None) -> Any:
        """Register a variable, with its start."""
        return add_variable(
            self.called(name), variable, self.dims(dims), transform=transform, start=self.start.get(name)
        )

    def derive(self, name: str, value: Any, dims: tuple[str, ...]) -> Any:
        """Register what follows from variables."""
        return pm.Deterministic(self.called(name), value, dims=self.dims(dims))

    @property
    def n_features(self) -> int:
        """Number of features, D."""
        return self.centre.size

    @property
    def affine(self) -> Affine:
        """The transform of means."""
        return Affine(self.centre, self.scale)


def declare_weights(prior: Any, units: DataScale) -> Any:
    """``weights``: Dirichlet with PyMC's simplex transform; constant ones for a single component."""
    if units.n_components == 1:
        return pm.Deterministic("weights", pt.ones(1), dims="component")
    start = units.start.get("weights")
    if start is not None:
        # The simplex has no room for exact zeros, and PyMC wants a sum of one.
        start = np.maximum(start, 1e-10)
        start = start / start.sum()
    return _declared(prior, "weights", ("component",), start)


def _declared(prior: Any, name: str, dims: tuple[str, ...], start: Any, transform: Transform | None = None) -> Any:
    """A variable whose prior is its own: PyMC's, or one of this package that has a distribution."""
    if isinstance(prior, PyMCPrior):
        return declare_foreign(prior.distribution, name, dims, transform=transform, start=start)
    shape = shape_of(dims)
    if isinstance(prior, Dirichlet):
        variable = pm.Dirichlet.dist(prior.concentrations(*shape))
    elif isinstance(prior, LKJ):
        variable = LKJMatrix.dist(prior.eta, shape[-1], shape=shape)
    else:
        variable = prior.distribution(shape)
    return add_variable(name, variable, dims, transform=transform, start=start)


_INSIDE = {"nonnegative": (1e-10, np.inf), "probability": (1e-10, 1 - 1e-10), "simplex": (1e-10, 1.0)}


def declare_parameters(family: Family, priors: Priors, units: DataScale, rows: Rows) -> dict[str, Any]:
    """All parameters of a family by name; of blocks of columns, those of one block after the other."""
    if family.has_noise:
        *_, share = family.parameters
        of_groups = declare_parameters(family.groups, family.priors_of_groups(priors), units, rows)
        return {**of_groups, share.name: _on_its_own(family, share, priors.parts[share.name], units)}
    if family.blocks:
        named: dict[str, Any] = {}
        for block in family.blocks:
            own = declare_parameters(block.family, block.priors(priors), units.of_block(rows, block), rows)
            named |= block.named(own)
        return named
    parts = priors.parts
    params: dict[str, Any] = {}
    if "components" in parts:
        params = _jointly(family, parts["components"], units)
    elif "scales" in parts and all(spec.name != "scales" for spec in family.parameters):
        means = _in_units(parts["means"], "means", MEANS_DIMS, units, units.affine)
        params = {"means": means} | _separately(family, parts["scales"], parts["correlations"], units)
    elif "loadings" in parts:
        return _by_factors(family, parts, units)
    for spec in family.parameters:
        if spec.name not in params:
            params[spec.name] = _on_its_own(family, spec, parts[spec.name], units)
    return {spec.name: params[spec.name] for spec in family.parameters}


def _on_its_own(family: Any, spec: ParameterSpec, prior: Any, units: DataScale) -> Any:
    """A parameter whose prior is its own; a start on the boundary of its support is moved off it."""
    start = units.start.get(spec.name)
    if start is not None and spec.support in _INSIDE:
        start = np.clip(start, *_INSIDE[spec.support])
    if spec.support == "simplex" and not isinstance(prior, PyMCPrior):
        variable = Simplexes.dist(float(prior.concentration), family.sizes, shape=units.shape(spec.dims))
        name, dims = units.called(spec.name), units.dims(spec.dims)
        return add_variable(name, variable, dims, transform=SimplexesTransform(family.sizes), start=start)
    return _declared(prior, units.called(spec.name), units.dims(spec.dims), start)


def _in_units(prior: Any, name: str, dims: tuple[str, ...], units: DataScale, transform: Transform) -> Any:
    """A variable whose prior is its own, with its start and a transform of the units of the data."""
    return _declared(prior, units.called(name), units.dims(dims), units.start.get(name), transform)


def _jointly(family: Any, prior: NormalInverseWishart, units: DataScale) -> dict[str, Any]:
    r"""``covariances`` inverse-Wishart or ``variances`` inverse-gamma; ``means`` normal given them."""
    if not family.correlated:
        return _variances_jointly(family.parameters[1], family.structure, prior, units)
    return _matrices_jointly(family.parameters[1], family.structure, prior, units)


def _matrices_jointly(
    spec: ParameterSpec, structure: Any, prior: NormalInverseWishart, units: DataScale
) -> dict[str, Any]:
    distribution: Any = InverseWishart
    half = units.half if structure.affine else np.diag(units.scale)
    transform = ScaledCholesky(half)
    if structure.restricted:
        distribution = RestrictedInverseWishart
        chart = structure.chart(units.n_components)
        transform = _RESTRICTED[chart.geometry](transform, units.n_components, chart)
    covariances = units.add(
        spec.name,
        distribution.dist(prior.dof, np.asarray(prior.scale), shape=units.shape(spec.dims)),
        spec.dims,
        transform,
    )
    factor = pt.linalg.cholesky(covariances) / np.sqrt(prior.shrinkage)
    means = units.add(
        "means",
        pm.MvNormal.dist(np.asarray(prior.mean), chol=factor, shape=units.shape(MEANS_DIMS)),
        MEANS_DIMS,
        Whitening(units.centre, half),
    )
    units.derive("scales", pt.sqrt(pt.diagonal(covariances, axis1=-2, axis2=-1)), spec.dims[:-1])
    return {"means": means, spec.name: covariances}


def _of_one_volume(of_each: ScaledCholesky, n_components: int, structure: Any) -> Transform:
    shape = (n_components, of_each.rows.size)
    return OnSubspace(of_each, shape, structure.linear(n_components, of_each.size), 3)


def _of_one_matrix(of_each: ScaledCholesky, n_components: int, structure: Any) -> Transform:
    return of_each


_RESTRICTED = {
    "one_shape": OneShape,
    "one_orientation": OneOrientation,
    "one_volume": _of_one_volume,
    "dense": _of_one_matrix,
}


def _variances_jointly(
    spec: ParameterSpec, structure: Any, prior: NormalInverseWishart, units: DataScale
) -> dict[str, Any]:
    distribution, shape = pm.InverseGamma, units.shape(spec.dims)
    transform = ScaledLog(_unit(spec.dims, units.scale) ** 2)
    if structure.restricted:
        distribution = RestrictedInverseGamma
        transform = OnSubspace(transform, shape, structure.linear(*shape), 2)
    variances = units.add(
        spec.name,
        distribution.dist(np.float64(prior.dof / 2.0), np.asarray(prior.scale) / 2.0, shape=shape),
        spec.dims,
        transform,
    )
    scales = pt.sqrt(variances)
    by_feature = scales if "feature" in spec.dims else scales[..., None]
    means = units.add(
        "means",
        pm.Normal.dist(np.asarray(prior.mean), by_feature / np.sqrt(prior.shrinkage), shape=units.shape(MEANS_DIMS)),
        MEANS_DIMS,
        units.affine,
    )
    units.derive("scales", scales, spec.dims)
    return {"means": means, spec.name: variances}


def _separately(family: Any, scales_prior: Any, correlations_prior: Any, units: DataScale) -> dict[str, Any]:
    """``scales`` and, of correlated features, ``correlations`` free; what is made of them."""
    spec = family.parameters[1]
    if not family.correlated:
        unit = ScaledLog(_unit(spec.dims, units.scale))
        scales = _in_units(scales_prior, "scales", spec.dims, units, unit)
        return {spec.name: units.derive(spec.name, pt.square(scales), spec.dims)}
    unit = ScaledLog(units.scale)
    scales = _in_units(scales_prior, "scales", spec.dims[:-1], units, unit)
    factor = scales[..., None]
    if units.n_features > 1:
        rows = CorrelationRows(units.n_features)
        factor = factor * pt.linalg.cholesky(_in_units(correlations_prior, "correlations", spec.dims, units, rows))
    return {spec.name: units.derive(spec.name, times_transpose(factor), spec.dims)}


def _by_factors(family: Any, parts: Mapping[str, Any], units: DataScale) -> dict[str, Any]:
    """``means``, ``loadings`` and ``uniquenesses``; the standard deviations and communalities that they make."""
    transforms = {
        "means": units.affine,
        "loadings": SettledLoadings(units.scale, family.factors),
        "uniquenesses": ScaledLog(units.scale**2),
    }
    params = {
        spec.name: _in_units(parts[spec.name], spec.name, spec.dims, units, transforms[spec.name])
        for spec in family.parameters
    }
    explained = pt.square(params["loadings"]).sum(axis=-1)
    variances = explained + params["uniquenesses"]
    units.derive("scales", pt.sqrt(variances), MEANS_DIMS)
    units.derive("communalities", explained / variances, MEANS_DIMS)
    return params


def _unit(dims: tuple[str, ...], scale: np.ndarray) -> Any:
    """The scale of one entry of standard deviations: each feature's own, or the common one."""
    return scale if "feature" in dims else scale[0]
