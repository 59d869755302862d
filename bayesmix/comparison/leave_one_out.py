"""Leave-one-out cross-validation by Pareto smoothed importance sampling."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOO

from bayesmix.comparison.pointwise import (
    bad_rows,
    check_posterior,
    log_densities,
    per_row,
    relative_efficiency,
    sum_and_error,
)
from bayesmix.comparison.refit import read_refits, repair
from bayesmix.comparison.row_sample import of_sample, read_n_rows, sample_of_rows
from bayesmix.comparison.without import point_estimate
from bayesmix.mixture import Mixture
from bayesmix.passes.pareto import left_out, tail_size
from bayesmix.progress import progress
from bayesmix.seeds import number_of
from bayesmix.tree import as_tree, log_likelihood_blocks, training_rows
from bayesmix.verdict import PARETO_GATE, Reason, said_by_caller, warn_once
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult


@named_arguments
def loo(
    tree: "xr.DataTree | EMResult", X: Any = None, *, n_rows: int | None = None, refits: int = 0, random_seed: Any = 0
) -> ELPDDataLOO:
    r"""Expected log predictive density of a new row, by leaving each row out.

    .. math::
        \text{elpd} = \sum_i \log p(x_i \mid x_{-i}), \qquad
        p(x_i \mid x_{-i}) \approx \sum_s \tilde w_{is}\, p(x_i \mid \theta_s),

    with Pareto smoothed importance weights. The numbers are those of ``az.loo``; rows are left out block by block, on
    all processors, so that the log-likelihood of every draw and row is never held at once where it is not stored. For
    draws of an approximation (ADVI, Laplace) the weights also correct from it to the posterior.
    A row with a weight is left out, and predicted, with all of it, :math:`p(x_i \mid \theta)^{w_i}` in the place of
    :math:`p(x_i \mid \theta)`: where a weight counts equal rows, they are left out together. Where ``groups`` said
    which rows belong together, a whole group is left out, and predicted, at once: the sum is over these, along
    ``subject``.

    LOO is conditional on the resolved priors: a data-scaled prior is not scaled again.

    Parameters
    ----------
    tree : xarray.DataTree
        Of ``fit_nuts``, ``fit_advi``, ``fit_laplace`` or ``adopt``.
    X : array-like or data frame, (N, D), optional
        The training rows, to make sure that they are the ones meant.
    n_rows : int, optional
        Leave out so many rows, drawn at random, and estimate the sum over all from them and from the density of every
        row over a hundred draws (difference estimator); by default every row is left out.
    refits : int
        Where it is not 0, rows whose Pareto k is above 0.7 are repaired. Draws of the posterior are moved to where it
        is without the row (moment matching), which costs a few passes over the rows; ``pareto_k`` is then that of the
        moved draws. Where that does not help, so many rows at most, the worst first, are left out by a fit of their
        own: by the sampler that made the tree, under the same resolved priors, several at once. Their ``pareto_k`` is
        then 0, as ``az.reloo`` sets it; a row whose refit cannot be trusted stays as it was.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        Of the rows that are drawn, and of refits. The default draws the same rows for every model of the same data, so
        that their differences have small errors.

    Returns
    -------
    arviz_stats.ELPDDataLOO
        With ``n_rows`` an ``ELPDDataLOOSubsample``, which has the error of the sample as ``subsampling_se`` beside
        ``se``, that over rows. Where a row was not left out its ``pareto_k`` is NaN.
        As ``az.loo`` returns it, pointwise, without the importance weights; ``az.compare``,
        ``az.plot_khat`` and ``az.plot_compare`` take it. Rows with a Pareto k above 0.7 are not
        reliable: ``refits`` mends them, and ``bayesmix.compare`` does so by itself.

    Raises
    ------
    ValueError
        When the tree is a point estimate or has fewer than 25 draws, or ``X`` is not the data it
        was fitted on; ``n_rows`` is less than 2, ``refits`` is negative, or rows are to be
        refitted under a PyMC prior, of which the tree keeps only the text.
    TypeError
        When ``n_rows`` or ``refits`` is no whole number.

    Warns
    -----
    UntrustedWarning
        Where rows have a Pareto k above 0.7, or the posterior itself is not to be trusted.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC, Statistics and Computing 27. Magnusson, Andersen, Jonasson and
    Vehtari (2019), Bayesian leave-one-out cross-validation for large data, ICML. Magnusson, Vehtari, Jonasson and
    Andersen (2020), Leave-one-out cross-validation for Bayesian model comparison in large data, AISTATS. Paananen,
    Piironen, Buerkner and Vehtari (2021), Implicitly adaptive importance sampling, Statistics and Computing 31.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> found = bm.loo(tree)
    >>> round(found.elpd, -1), round(found.se, -1)
    (-1140.0, 20.0)
    >>> int((found.pareto_k > 0.7).sum())
    0
    >>> of_some = bm.loo(tree, n_rows=100)
    >>> bool(abs(of_some.elpd - found.elpd) < 4 * of_some.subsampling_se)
    True
    """
    tree = as_tree(tree)
    check_posterior(tree, X)
    densities = log_densities(tree)
    n, some = training_rows(tree).n_subjects, None
    n_rows = read_n_rows(n_rows, n)
    refits, seed = read_refits(refits), number_of(random_seed)
    if n_rows is not None:
        some = sample_of_rows(n, n_rows, seed)
    sizes = tree["posterior"].to_dataset().sizes
    n_samples = sizes["chain"] * sizes["draw"]
    log_ratios = np.zeros(n_samples) if densities is None else (densities[0] - densities[1]).values.ravel()
    n_tail = tail_size(n_samples, relative_efficiency(tree) if densities is None else 1.0)
    elpd_i, pareto_k, log_mean = np.empty((3, n if n_rows is None else n_rows))
    with progress(None) as report:
        report("LOO")
        blocks = log_likelihood_blocks(tree, some)
        for where, *found in _left_out(blocks, log_ratios, n_tail):
            elpd_i[where], pareto_k[where], log_mean[where] = found
        good_k = min(1 - 1 / np.log10(n_samples), PARETO_GATE)
        known = {
            "n_samples": n_samples,
            "scale": "log",
            "warning": bool((pareto_k > good_k).any()),
            "good_k": good_k,
            "approx_posterior": densities is not None,
        }
        if some is None:
            made = _of_all(tree, elpd_i, pareto_k, log_mean, **known)
        else:
            made = of_sample(tree, some, elpd_i, pareto_k, log_mean, **known)
        if refits and len(bad_rows(made)):
            with said_by_caller():
                mixture = Mixture.from_tree(tree)
                made = repair(
                    made,
                    tree,
                    mixture,
                    point_estimate(tree, mixture),
                    seed=np.random.SeedSequence(seed),
                    max_refits=refits,
                    report=report,
                ).elpd
    n_bad = len(bad_rows(made))
    warn_once(made, "LOO", [Reason("bad_rows", {"rows": n_bad, "n": elpd_i.size})] if n_bad else [])
    return made


def _of_all(
    tree: xr.DataTree, elpd_i: np.ndarray, pareto_k: np.ndarray, log_mean: np.ndarray, **known: Any
) -> ELPDDataLOO:
    """The result of leaving out every row."""
    elpd, se = sum_and_error(elpd_i, training_rows(tree))
    return ELPDDataLOO(
        **known,
        elpd=elpd,
        se=se,
        p=float((log_mean - elpd_i).sum()),
        n_data_points=elpd_i.size,
        elpd_i=per_row(tree, elpd_i, "elpd_i"),
        pareto_k=per_row(tree, pareto_k, "pareto_k"),
    )


def _left_out(
    blocks: Iterable[tuple[Any, np.ndarray]], log_ratios: np.ndarray, n_tail: int
) -> Iterator[tuple[Any, np.ndarray, np.ndarray, np.ndarray]]:
    """Where the rows of each block are, their ``elpd_i``, Pareto k and log mean density.

    While other processors leave rows out, the next block is computed. A row's numbers hang on that row alone, so that
    they are the same for any number of processors.
    """
    n_threads = cpu_count() or 1
    waiting = deque()
    with ThreadPoolExecutor(n_threads) as threads:
        for where, values in blocks:
            densities = np.ascontiguousarray(values.reshape(log_ratios.size, -1))
            waiting.append((where, threads.submit(left_out, densities, log_ratios, n_tail)))
            if len(waiting) > n_threads:
                where, found = waiting.popleft()
                yield where, *found.result()
        for where, found in waiting:
            yield where, *found.result()
