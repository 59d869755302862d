"""The widely applicable information criterion, which ArviZ left out from version 1 on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDData
from scipy.special import logsumexp

from bayesmix.comparison.pointwise import (
    check_posterior,
    log_densities,
    per_row,
    sum_and_error,
)
from bayesmix.passes.pareto import smoothed, tail_size
from bayesmix.progress import progress
from bayesmix.tree import as_tree, log_likelihood_blocks, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Above this variance of the log density of a row WAIC is unreliable (Vehtari et al., 2017).
P_WAIC_I = 0.4


@dataclass(kw_only=True, repr=False)
class ELPDDataWAIC(ELPDData):
    """WAIC as ArviZ holds results of cross-validation; ``az.compare`` takes it among its like.

    Attributes
    ----------
    p_waic_i : xarray.DataArray
        Posterior variance of the log density of each row; ``warning`` where one exceeds 0.4.
    """

    _kind: ClassVar[str | None] = "waic"

    p_waic_i: xr.DataArray

    @property
    def n_bad_p(self) -> int:
        """Number of rows whose ``p_waic_i`` exceeds 0.4: there LOO is the better estimate."""
        return int((self.p_waic_i > P_WAIC_I).sum())

    @property
    def share_bad_p(self) -> float:
        """Share of such rows."""
        return self.n_bad_p / self.n_data_points

    def _footer(self) -> Any:
        if not self.warning:
            return ""
        return f"\n\n{self.share_bad_p:.1%} of the rows have p_waic_i > {P_WAIC_I}: prefer LOO (bm.loo)."


@named_arguments
def waic(tree: "xr.DataTree | EMResult", X: Any = None) -> ELPDDataWAIC:
    r"""Widely applicable information criterion, on the scale of the elpd (higher is better).

    .. math::
        \text{elpd}_\text{waic} = \sum_i \Big[\log \text{mean}_s\, p(x_i \mid \theta_s)
        - \text{var}_s \log p(x_i \mid \theta_s)\Big]

    For draws of an approximation (ADVI, Laplace) mean and variance are weighted by Pareto
    smoothed importance weights from it to the posterior. Prefer :func:`bayesmix.loo`, which says
    where it fails.

    Parameters
    ----------
    tree : xarray.DataTree
    X : array-like or data frame, (N, D), optional
        The training rows, to make sure that they are the ones meant.

    Returns
    -------
    ELPDDataWAIC
        ``elpd, se, p``, pointwise ``elpd_i`` and ``p_waic_i``; ``warning`` where some
        ``p_waic_i`` exceeds 0.4.

    Raises
    ------
    ValueError
        When the tree is a point estimate or has fewer than 25 draws, or ``X`` is not the data it
        was fitted on.

    References
    ----------
    Watanabe (2010), Asymptotic equivalence of Bayes cross validation and widely applicable
    information criterion, Journal of Machine Learning Research 11. Vehtari, Gelman and Gabry
    (2017), Statistics and Computing 27.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> round(bm.waic(tree).elpd, -1)
    -1140.0
    """
    tree = as_tree(tree)
    check_posterior(tree, X)
    log_weights = _log_weights(tree)
    densities, variances = [], []
    with progress(None) as report:
        report("WAIC")
        for _, values in log_likelihood_blocks(tree):
            density, variance = _of_block(values.reshape(log_weights.size, -1), log_weights)
            densities.append(density)
            variances.append(variance)
    p_waic_i = np.concatenate(variances)
    elpd_i = np.concatenate(densities) - p_waic_i
    elpd, se = sum_and_error(elpd_i, training_rows(tree))
    return ELPDDataWAIC(
        elpd=elpd,
        se=se,
        p=float(p_waic_i.sum()),
        n_samples=log_weights.size,
        n_data_points=elpd_i.size,
        scale="log",
        warning=bool((p_waic_i > P_WAIC_I).any()),
        good_k=np.nan,
        elpd_i=per_row(tree, elpd_i, "elpd_i"),
        p_waic_i=per_row(tree, p_waic_i, "p_waic_i"),
    )


def _of_block(values: np.ndarray, log_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log posterior mean density and posterior variance of the log density, both (b,)."""
    density = np.asarray(logsumexp(values + log_weights[:, None], axis=0))
    weights = np.exp(log_weights)
    deviation = values - weights @ values
    # Without bias; for equal weights the denominator is 1 - 1/S, that of the sample variance. Where one draw has all
    # the weight nothing is known of the variance, and k-hat is infinite.
    with np.errstate(invalid="ignore"):
        variance = weights @ deviation**2 / (1 - np.sum(weights**2))
    return density, variance


def _log_weights(tree: xr.DataTree) -> np.ndarray:
    """Normalised log weights of all draws: equal ones for Markov chains."""
    densities = log_densities(tree)
    if densities is None:
        sizes = tree["posterior"].to_dataset().sizes
        n_draws = sizes["chain"] * sizes["draw"]
        return np.full(n_draws, -np.log(n_draws))
    log_ratios = (densities[0] - densities[1]).values.ravel()
    # draws so near to the posterior that the largest weights are all the same need no smoothing
    return smoothed(log_ratios, tail_size(log_ratios.size))[0]
