"""Leave-one-out cross-validation by Pareto smoothed importance sampling."""

import warnings
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOO

from bayesmix.comparison.left_out import log_sum
from bayesmix.comparison.pointwise import (
    check_posterior,
    is_flat_tail,
    log_densities,
    per_row,
    relative_efficiency,
    sum_and_error,
)
from bayesmix.progress import progress
from bayesmix.tree import SAMPLE_DIMS, as_tree, log_likelihood_blocks
from bayesmix.verdict import PARETO_GATE, Reason, warn_once
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult


@named_arguments
def loo(tree: "xr.DataTree | EMResult", X: Any = None) -> ELPDDataLOO:
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
        When the tree is a point estimate or has fewer than 25 draws, or ``X`` is not the data it
        was fitted on.

    Warns
    -----
    UntrustedWarning
        Where rows have a Pareto k above 0.7, or the posterior itself is not to be trusted.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC, Statistics and Computing 27. Magnusson, Andersen, Jonasson and
    Vehtari (2019), Bayesian leave-one-out cross-validation for large data, ICML.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> found = bm.loo(tree)
    >>> round(found.elpd, -1), round(found.se, -1)
    (-1140.0, 20.0)
    >>> int((found.pareto_k > 0.7).sum())
    0
    """
    tree = as_tree(tree)
    check_posterior(tree, X)
    densities = log_densities(tree)
    log_ratios = None if densities is None else (densities[0] - densities[1]).values
    efficiency = relative_efficiency(tree) if log_ratios is None else 1.0
    sizes = tree["posterior"].to_dataset().sizes
    n_samples = sizes["chain"] * sizes["draw"]
    with progress(None) as report:
        report("LOO")
        blocks = [_of_block(values, log_ratios, efficiency) for _, values in log_likelihood_blocks(tree)]
    elpd_i, pareto_k, p_loo = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    good_k = min(1 - 1 / np.log10(n_samples), PARETO_GATE)
    elpd, se = sum_and_error(elpd_i)
    made = ELPDDataLOO(
        elpd=elpd,
        se=se,
        p=float(p_loo.sum()),
        n_samples=n_samples,
        n_data_points=elpd_i.size,
        scale="log",
        warning=bool((pareto_k > good_k).any()),
        good_k=good_k,
        elpd_i=per_row(tree, elpd_i, "elpd_i"),
        pareto_k=per_row(tree, pareto_k, "pareto_k"),
        approx_posterior=log_ratios is not None,
    )
    n_bad = len(bad_rows(made))
    warn_once(made, "LOO", [Reason("bad_rows", {"rows": n_bad, "n": elpd_i.size})] if n_bad else [])
    return made


def _of_block(values: np.ndarray, log_ratios: np.ndarray | None, efficiency: float) -> tuple[np.ndarray, ...]:
    """``elpd_i`` and Pareto k of the rows of a block, and its effective number of parameters."""
    block = xr.Dataset({"x": ((*SAMPLE_DIMS, "obs"), values)})
    tree = xr.DataTree.from_dict({"/log_likelihood": block})
    try:
        elpd = _quietly(tree, log_ratios, efficiency)
    except ValueError as error:
        if not is_flat_tail(error):
            raise
        return _without_tail(values, log_ratios, efficiency)
    pareto_k = np.asarray(elpd.pareto_k, dtype=float)
    # where no tail can be fitted, nothing speaks for the estimate
    pareto_k = np.where(np.isnan(pareto_k), np.inf, pareto_k)
    return np.asarray(elpd.elpd_i, dtype=float), pareto_k, np.array([elpd.p])


def _quietly(tree: xr.DataTree, log_ratios: np.ndarray | None, efficiency: float) -> ELPDDataLOO:
    """What ArviZ makes of a block; Pareto k is in the result, so it need not warn of it."""
    import arviz_stats

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if log_ratios is None:
            elpd = arviz_stats.loo(tree, pointwise=True, reff=efficiency)
        else:
            elpd = arviz_stats.loo_approximate_posterior(
                tree, log_p=log_ratios, log_q=np.zeros_like(log_ratios), pointwise=True
            )
    return cast(ELPDDataLOO, elpd)


def _without_tail(values: np.ndarray, log_ratios: np.ndarray | None, efficiency: float) -> tuple[np.ndarray, ...]:
    """A block in which some row's largest weights are all the same, as of a chain that stands still.

    Halved until that row is alone; it gets plain importance weights and an infinite Pareto k.
    """
    n_rows = values.shape[-1]
    if n_rows > 1:
        halves = values[..., : n_rows // 2], values[..., n_rows // 2 :]
        parts = [_of_block(half, log_ratios, efficiency) for half in halves]
        return tuple(np.concatenate(pair) for pair in zip(*parts, strict=True))
    prior = np.zeros(values.size) if log_ratios is None else log_ratios.ravel()
    density = values.ravel()
    # mean of p(x_i | theta) under weights proportional to prior / p(x_i | theta)
    elpd_i = log_sum(prior) - log_sum(prior - density)
    p_loo = log_sum(density) - np.log(density.size) - elpd_i
    return np.array([elpd_i]), np.array([np.inf]), np.array([p_loo])


def bad_rows(elpd: ELPDDataLOO) -> np.ndarray:
    """Positions of the rows whose Pareto k exceeds 0.7, the worst first."""
    pareto_k = np.asarray(elpd.pareto_k, dtype=float)
    order = np.argsort(-pareto_k, kind="stable")
    return order[pareto_k[order] > PARETO_GATE]
