"""LOO of many rows from a sample of them: the sum of an approximation, and what the sample says it is off by."""

from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOO, ELPDDataLOOSubsample
from scipy.special import logsumexp

from bayesmix.comparison.pointwise import per_row
from bayesmix.tree import draws_of, family_of, training_rows

_FEWEST_ROWS = 2
# Draws whose mean density stands for a row's LOO where the row is not left out; what it is off by is estimated.
_FEW_DRAWS = 100


def read_n_rows(n_rows: Any, n: int) -> int | None:
    """How many of ``n`` rows are to be left out; None for all.

    Raises
    ------
    ValueError, TypeError
        When it is no whole number, or less than two.
    """
    if n_rows is None:
        return None
    if isinstance(n_rows, bool) or not isinstance(n_rows, int | np.integer):
        raise TypeError(f"n_rows must be a whole number, or None for all rows, not {n_rows!r}.")
    if n_rows < _FEWEST_ROWS:
        raise ValueError(
            f"n_rows must be at least {_FEWEST_ROWS}, not {n_rows}: the error of a sample is measured by how its rows "
            "differ. None leaves out every row."
        )
    return None if n_rows >= n else int(n_rows)


def sample_of_rows(n: int, n_rows: int, seed: int) -> np.ndarray:
    """Positions of ``n_rows`` of ``n`` rows without replacement, in order: the same ones for every model."""
    return np.sort(np.random.default_rng(seed).choice(n, n_rows, replace=False))


def approximate_elpd(tree: xr.DataTree) -> np.ndarray:
    """Log of the mean density of every row over a hundred draws, which stand evenly among all."""
    weights, params = draws_of(tree)
    n_chains, n_draws = weights.shape[:2]
    places = np.unique(np.linspace(0, n_chains * n_draws - 1, _FEW_DRAWS).round().astype(int))
    chain, draw = np.divmod(places, n_draws)
    few = {name: values[chain, draw] for name, values in params.items()}
    rows = training_rows(tree)
    found = np.empty(rows.n_subjects)
    for where, densities in family_of(tree).log_mixture_blocks(
        weights[chain, draw], few, rows.entries, beforehand=rows.beforehand
    ):
        weighed = densities if rows.weights is None else rows.chosen(where).weighed(densities)
        found[where] = logsumexp(weighed, axis=0) - np.log(len(places))
    return found


def estimated(elpd_i: np.ndarray, approximation: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    r"""What a sample of rows says of all of them, by the difference estimator.

    .. math:: \text{elpd} = \sum_{i=1}^N a_i + \frac{N}{n} \sum_{j \in \text{sample}} (\text{elpd}_j - a_j)

    Parameters
    ----------
    elpd_i : (n,) array
        Of the rows of the sample.
    approximation : (N,) array
        Of all rows.
    rows : (n,) array of int

    Returns
    -------
    dict
        ``elpd``; ``se`` over rows, as all rows would have it; ``subsampling_se``, the error of not having left out the
        others; and ``elpd_i`` of all rows, those of the sample and, for the others, the approximation with the mean
        difference, which add up to ``elpd``.

    References
    ----------
    Magnusson, Andersen, Jonasson and Vehtari (2020), Leave-one-out cross-validation for Bayesian model comparison in
    large data, AISTATS, section 3.
    """
    elpd, subsampling_se, se = xr.DataArray(elpd_i, dims="obs").azstats.diff_srs_estimator(
        lpd_approx_sample=xr.DataArray(approximation[rows], dims="obs"),
        lpd_approx_all=xr.DataArray(approximation, dims="obs"),
        n_data_points=approximation.size,
    )
    every = approximation + np.mean(elpd_i - approximation[rows])
    every[rows] = elpd_i
    return {"elpd": float(elpd), "se": float(se), "subsampling_se": float(subsampling_se), "elpd_i": every}


def of_sample(
    tree: xr.DataTree, rows: np.ndarray, elpd_i: np.ndarray, pareto_k: np.ndarray, log_mean: np.ndarray, **known: Any
) -> ELPDDataLOOSubsample:
    """The result of leaving out a sample of rows; the Pareto k of the others is NaN."""
    approximation = approximate_elpd(tree)
    found = estimated(elpd_i, approximation, rows)
    n = approximation.size
    every_k = np.full(n, np.nan)
    every_k[rows] = pareto_k
    return ELPDDataLOOSubsample(
        **known,
        elpd=found["elpd"],
        se=found["se"],
        p=float(n * np.mean(log_mean - elpd_i)),
        n_data_points=n,
        elpd_i=per_row(tree, found["elpd_i"], "elpd_i"),
        pareto_k=per_row(tree, every_k, "pareto_k"),
        subsample_size=rows.size,
        subsampling_se=found["subsampling_se"],
        loo_subsample_observations=rows,
        elpd_loo_approx=per_row(tree, approximation, "elpd_loo_approx"),
    )


def in_words(elpd: ELPDDataLOO) -> list[str]:
    """What a reader of the table must know of a LOO that is of a sample of rows."""
    if not isinstance(elpd, ELPDDataLOOSubsample):
        return []
    error = f"{elpd.subsampling_se:.2g}" if elpd.subsampling_se < 10 else f"{elpd.subsampling_se:.0f}"
    return [
        f"LOO from {elpd.subsample_size:,} of {elpd.n_data_points:,} rows left out, which adds a standard error of "
        f"{error} to it"
    ]
