"""The declaration: a complete, ordinary PyMC model of a mixture."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm

from bayesmix.data import Rows
from bayesmix.families import Family
from bayesmix.priors.sets import PyMCPrior
from bayesmix.problem import Problem
from bayesmix.pymc_model.foreign_priors import is_loose_at_zero
from bayesmix.pymc_model.known_labels import declare_told_rows
from bayesmix.pymc_model.likelihood import MixtureLikelihood
from bayesmix.pymc_model.measured_rows import declare_measured_rows
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

    Raises
    ------
    ValueError
        If scales have a half-normal, half-Cauchy or exponential prior and rows are so tied that a component can
        collapse onto them: the posterior is improper.
    """
    rows, family, priors = problem.rows, problem.family, problem.priors
    units = DataScale.of(problem, {} if start is None else {"weights": start["weights"], **family.complete(start)})
    if problem.n_components > 1:
        _check_ties(rows, family, problem.n_components, priors.parts.get("scales"))
    with pm.Model(coords=_coords(problem)) as model:
        weights = declare_weights(priors.weights, units)
        params = declare_parameters(family, priors, units, rows)
        if rows.errors is not None:
            if rows.missing is not None:
                raise ValueError(
                    "error_covariances and missing cells do not go together in a model of PyMC: give complete rows, or "
                    "use the default priors, under which none is needed"
                )
            if minibatch_size is not None:
                raise ValueError("minibatch_size and error_covariances do not go together: leave one of them out")
            of_x = {"n_components": problem.n_components, "dims": ("obs", "feature")}
            declare_measured_rows("x", weights, family, params, rows, **of_x)
            return model
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


def _check_ties(rows: Rows, family: Family, n_components: int, prior: Any) -> None:
    r"""Refuse scales that may be zero where rows are tied.

    Of n rows with one value in a column the likelihood is :math:`\sigma^{-n}` near zero, for means within
    :math:`\sigma` of it. Where the prior stays positive, :math:`\int \sigma^{1 - n} d\sigma` is infinite from two rows
    on. One scale for all columns needs equal rows, and one for all components a column of no more values than
    components.
    """
    if not (isinstance(prior, PyMCPrior) and is_loose_at_zero(prior.distribution)):
        return
    dims = next(spec.dims for spec in family.variables if spec.name == "scales")
    values = rows.values
    if "feature" not in dims:
        tied = "rows are equal" if len(np.unique(values, axis=0)) < len(values) else None
    elif "component" not in dims:
        few = [name for name, one in zip(rows.features, values.T, strict=True) if np.unique(one).size <= n_components]
        tied = f"{few[0]!r} has no more values than there are groups" if few else None
    else:
        most = [np.unique(column, return_counts=True)[1].max() for column in values.T]
        worst = int(np.argmax(most))
        tied = f"{most[worst]} rows have the same value of {rows.features[worst]!r}" if most[worst] > 1 else None
    if tied is not None:
        raise ValueError(
            f"{tied}, and the prior of scales is positive at zero (half-normal, half-Cauchy, exponential): the "
            "posterior is improper, since a group can collapse onto them. Use a prior of scales that vanishes at zero, "
            "such as bm.priors.LogNormal() or pm.LogNormal.dist(...), or the default prior"
        )
