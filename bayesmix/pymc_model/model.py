"""The declaration: a complete, ordinary PyMC model of a mixture."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm

from bayesmix.data import Rows
from bayesmix.priors.sets import ConjugatePriors, Priors, PyMCPrior
from bayesmix.pymc_model.foreign_priors import is_loose_at_zero
from bayesmix.pymc_model.likelihood import MixtureLikelihood
from bayesmix.pymc_model.variables import COVARIANCES, Units, declare_means, declare_weights


def declare(
    rows: Rows,
    family: Any,
    priors: Priors,
    n_components: int,
    *,
    start: Mapping[str, np.ndarray] | None = None,
    minibatch_size: int | None = None,
) -> pm.Model:
    """The PyMC model of a mixture, with its data.

    The free variables, in this order, are ``weights``, ``covariances`` (or ``variances``) and ``means`` under a
    conjugate prior, and ``weights``, ``means``, ``scales`` and ``correlations`` under a separated one. The observed
    variable is ``x (obs, feature)``.

    Parameters
    ----------
    rows : Rows
    family : Family
    priors : ConjugatePriors or SeparatedPriors
        Resolved: every number in the units of the data.
    n_components : int
    start : mapping of str to array, optional
        Initial values by name, in the units of the data: weights and the family's parameters (from EM), from
        which ``scales`` and ``correlations`` are derived where they are free.
    minibatch_size : int, optional
        Rows of a random batch, for ``pm.fit``; the likelihood is scaled up to all rows.

    Returns
    -------
    pm.Model

    Warns
    -----
    UserWarning
        If scales have a half-normal, half-Cauchy or exponential prior and at least D + 1 rows have the same value
        in some column: a component can then collapse onto them.
    """
    centre, scale = rows.centre_and_scale
    start = _complete_start(start, family)
    units = Units(n_components, centre, family.standard_scale(scale), rows.covariance_factor, start)
    covariance = COVARIANCES[family.covariance]
    with pm.Model(coords=_coords(rows, n_components)) as model:
        weights = declare_weights(priors.weights, units)
        if isinstance(priors, ConjugatePriors):
            params = covariance.conjugate(priors.components, units)
        else:
            _warn_of_ties(rows, priors.scales)
            means = declare_means(priors.means, units)
            params = {"means": means} | covariance.separated(priors.scales, priors.correlations, units)
        if minibatch_size is None:
            MixtureLikelihood("x", weights, family, params, observed=rows.values, dims=("obs", "feature"))
        else:
            batch = pm.Minibatch(rows.values, batch_size=minibatch_size)
            MixtureLikelihood("x", weights, family, params, observed=batch, total_size=rows.n_rows)
    return model


def _coords(rows: Rows, n_components: int) -> dict[str, Any]:
    return {
        "component": np.arange(n_components),
        "feature": list(rows.features),
        "feature_bis": list(rows.features),
        "obs": rows.obs,
    }


def _complete_start(start: Mapping[str, np.ndarray] | None, family: Any) -> dict[str, np.ndarray]:
    """Initial values with standard deviations and correlations added where they follow from the rest."""
    if start is None:
        return {}
    complete = {name: np.asarray(value, dtype=np.float64) for name, value in start.items()}
    if "covariances" in complete or "variances" in complete:
        complete.setdefault("scales", family.scales(complete))
    if "covariances" in complete and "correlations" not in complete:
        deviations = complete["scales"]
        products = deviations[..., :, None] * deviations[..., None, :]
        complete["correlations"] = complete["covariances"] / products
    return complete


def _warn_of_ties(rows: Rows, prior: Any) -> None:
    if not (isinstance(prior, PyMCPrior) and is_loose_at_zero(prior.distribution)):
        return
    for name, column in zip(rows.features, rows.values.T, strict=True):
        most = np.unique(column, return_counts=True)[1].max()
        if most > rows.n_features:
            warnings.warn(
                f"{most} rows have the same value of {name!r}: under this prior of scales a group can collapse "
                "onto them, because its density is positive at zero; a log-normal prior (bm.priors.LogNormal) "
                "is not affected",
                UserWarning,
                stacklevel=6,
            )
            return
