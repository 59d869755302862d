"""The declaration: a complete, ordinary PyMC model of a mixture."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm

from bayesmix.data import Rows
from bayesmix.priors.sets import PyMCPrior
from bayesmix.problem import Problem
from bayesmix.pymc_model.foreign_priors import is_loose_at_zero
from bayesmix.pymc_model.known_labels import declare_told_rows
from bayesmix.pymc_model.likelihood import MixtureLikelihood
from bayesmix.pymc_model.variables import DataScale, declare_parameters, declare_weights


def declare(
    problem: Problem,
    *,
    start: Mapping[str, np.ndarray] | None = None,
    minibatch_size: int | None = None,
) -> pm.Model:
    """The PyMC model of a mixture, with its data.

    The free variables are ``weights`` and then, of Gaussians, ``covariances`` (or ``variances``) and ``means`` under a
    conjugate prior, ``means``, ``scales`` and ``correlations`` under a separated one; of others the parameters in the
    order of the family's table. The observed variable is ``x (obs, feature)``.

    Parameters
    ----------
    problem : Problem
    start : mapping of str to array, optional
        Initial values by name, in the units of the data: weights and the family's parameters (from EM), and what
        follows from them.
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
    rows, family, priors = problem.rows, problem.family, problem.priors
    units = DataScale.of(problem, {} if start is None else {"weights": start["weights"], **family.complete(start)})
    _warn_of_ties(rows, priors.parts.get("scales"))
    with pm.Model(coords=_coords(problem)) as model:
        weights = declare_weights(priors.weights, units)
        params = declare_parameters(family, priors, units, rows)
        if rows.log_prior is not None:
            if rows.weights is not None:
                raise ValueError(
                    "sample_weight and labels do not go together in a model of PyMC: leave one of them out"
                )
            if minibatch_size is not None:
                raise ValueError("minibatch_size and labels do not go together: leave one of them out")
            declare_told_rows(
                "x", weights, family, params, rows.log_prior, observed=rows.values, dims=("obs", "feature")
            )
            return model
        x, row_weights, of_x = rows.values, rows.weights, {"dims": ("obs", "feature")}
        if minibatch_size is not None:
            of_x = {"total_size": rows.n_rows}
            if row_weights is None:
                x = pm.Minibatch(x, batch_size=minibatch_size)
            else:
                x, row_weights = pm.Minibatch(x, row_weights, batch_size=minibatch_size)
        MixtureLikelihood("x", weights, family, params, observed=x, row_weights=row_weights, **of_x)
    return model


def _coords(problem: Problem) -> dict[str, Any]:
    rows = problem.rows
    features = list(rows.features)
    coords = {"component": np.arange(problem.n_components), "feature": features, "feature_bis": features}
    return {**coords, **problem.family.coords(rows), "obs": rows.obs}


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
