"""Leave-one-out cross-validation by Pareto smoothed importance sampling."""

import warnings
from dataclasses import replace
from typing import Any, cast

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOO

from bayesmix.comparison.pointwise import (
    check_posterior,
    log_densities,
    log_likelihood_blocks,
    per_row,
    relative_efficiency,
    sum_and_error,
)
from bayesmix.tree import SAMPLE_DIMS

# Above this Pareto k the importance weights of a row have no usable variance.
PARETO_K = 0.7


def loo(tree: xr.DataTree, X: Any = None) -> ELPDDataLOO:
    r"""Expected log predictive density of a new row, by leaving each row out.

    .. math::
        \text{elpd} = \sum_i \log p(x_i \mid x_{-i}), \qquad
        p(x_i \mid x_{-i}) \approx \sum_s \tilde w_{is}\, p(x_i \mid \theta_s),

    with Pareto smoothed importance weights. ``az.loo`` does the work on blocks of rows, so that
    the log-likelihood of every draw and row is never held at once where it is not stored. For
    draws of an approximation (ADVI, Laplace) the weights also correct from it to the posterior.
    LOO is conditional on the resolved priors: a data-scaled prior is not scaled again.

    Parameters
    ----------
    tree : xarray.DataTree
        Of ``fit_nuts``, ``fit_advi``, ``fit_laplace`` or ``adopt``.
    X : array-like or data frame, (N, D), optional
        The training rows, to make sure that they are the ones meant.

    Returns
    -------
    arviz_stats.ELPDDataLOO
        As ``az.loo`` returns it, pointwise, without the importance weights; ``az.compare``,
        ``az.plot_khat`` and ``az.plot_compare`` take it. Rows with a Pareto k above 0.7 are not
        reliable: ``bayesmix.compare`` refits them.

    Raises
    ------
    ValueError
        When the tree is a point estimate, or ``X`` is not the data it was fitted on.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC, Statistics and Computing 27. Magnusson, Andersen, Jonasson and
    Vehtari (2019), Bayesian leave-one-out cross-validation for large data, ICML.
    """
    check_posterior(tree, X)
    densities = log_densities(tree)
    efficiency = 1.0 if densities else relative_efficiency(tree)
    made = [_of_block(values, densities, efficiency) for _, values in log_likelihood_blocks(tree)]
    elpd_i = np.concatenate([part.elpd_i.values for part in made])
    pareto_k = np.concatenate([part.pareto_k.values for part in made])
    elpd, se = sum_and_error(elpd_i)
    return replace(
        made[0],
        elpd=elpd,
        se=se,
        p=float(sum(part.p for part in made)),
        n_data_points=elpd_i.size,
        warning=any(part.warning for part in made),
        elpd_i=per_row(tree, elpd_i, "elpd_i"),
        pareto_k=per_row(tree, pareto_k, "pareto_k"),
        log_weights=None,
    )


def _of_block(values, densities, efficiency: float) -> ELPDDataLOO:
    import arviz as az

    block = xr.Dataset({"x": ((*SAMPLE_DIMS, "obs"), values)})
    tree = xr.DataTree.from_dict({"/log_likelihood": block})
    # Pareto k is in the result, where its reader finds it; a warning would be lost in a sweep.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if densities is None:
            elpd = az.loo(tree, pointwise=True, reff=efficiency)
        else:
            log_p, log_q = (density.values for density in densities)
            elpd = az.loo_approximate_posterior(tree, log_p=log_p, log_q=log_q, pointwise=True)
    return cast(ELPDDataLOO, elpd)


def bad_rows(elpd: ELPDDataLOO) -> np.ndarray:
    """Positions of the rows whose Pareto k exceeds 0.7 (or is no number), the worst first."""
    pareto_k = np.nan_to_num(np.asarray(elpd.pareto_k), nan=np.inf)
    order = np.argsort(-pareto_k, kind="stable")
    return order[pareto_k[order] > PARETO_K]
