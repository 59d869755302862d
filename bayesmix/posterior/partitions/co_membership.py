"""Who belongs with whom: the posterior probability that two rows are in one group, which needs no names of groups."""

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.linalg import get_blas_funcs

from bayesmix.data import Rows, read_rows
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import marginal_of
from bayesmix.posterior.predictive import positive
from bayesmix.progress import progress, turns
from bayesmix.seeds import generator_of
from bayesmix.tree import columns_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

MOST_ROWS = 4000
"""Rows of which the probabilities of all pairs are computed unless told otherwise: 128 MB."""

_BLOCK = 4e6  # responsibilities at a time: 32 MB
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@named_arguments
def similarity(
    tree: "xr.DataTree | EMResult", X: Any = None, *, max_rows: int = MOST_ROWS, random_seed: Any = 0
) -> xr.DataArray:
    r"""Posterior probability that two rows belong to the same group.

    .. math:: P(z_i = z_j \mid x) = \frac{1}{S} \sum_s \sum_k r_{ik}^{(s)} r_{jk}^{(s)}, \qquad i \ne j,

    exact given the draws of the parameters: nothing is drawn from the responsibilities r. It does not depend on what
    the groups are called in each draw, nor on how many there are.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        By any engine, of a given or an unknown number of components. An EMResult says how sure rows are of each other
        where the parameters are known.
    X : array-like or data frame, (N, D), optional
        Rows to look at; the training rows by default. Cells may be missing (NaN), as for :func:`responsibilities`.
    max_rows : int
        The result takes ``8 * N ** 2`` bytes: 128 MB for the default of 4000 rows, 800 MB for 10,000. Of more rows a
        sample of so many is taken, and a warning says so; ``obs`` names them.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence, default 0
        Of the sample.

    Returns
    -------
    xarray.DataArray
        (obs, obs_bis), symmetric, with 1 on the diagonal. Attribute ``n_rows``: of how many rows these are.

    Raises
    ------
    ValueError, TypeError
        When X is not what the tree was fitted on, or ``max_rows`` is below 1.

    References
    ----------
    Fritsch and Ickstadt (2009), Improved criteria for clustering based on the posterior similarity matrix, Bayesian
    Analysis 4.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> together = bm.similarity(tree)
    >>> together.dims, together.shape
    (('obs', 'obs_bis'), (272, 272))
    >>> together.values[:3, :3].round(2).tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    tree = heeded(tree)
    rows = rows_of(tree, X)
    chosen = np.arange(rows.n_rows)
    if rows.n_rows > positive(max_rows, "max_rows"):
        chosen = np.sort(generator_of(random_seed).choice(rows.n_rows, int(max_rows), replace=False))
        warnings.warn(
            f"similarity is of {max_rows:,} rows, drawn from {rows.n_rows:,}: all pairs would take "
            f"{memory(rows.n_rows)}. Set max_rows={rows.n_rows} to have them, or choose rows by X.",
            UserWarning,
            stacklevel=2,
            skip_file_prefixes=(_PACKAGE,),
        )
    obs = rows.obs[chosen]
    with progress(None) as report:
        report("similarity of rows")
        together = co_membership(tree, rows.chosen(chosen))
    return xr.DataArray(
        together,
        dims=("obs", "obs_bis"),
        coords={"obs": obs, "obs_bis": obs},
        name="similarity",
        attrs={"n_rows": rows.n_rows},
    )


def co_membership(tree: xr.DataTree, rows: Rows) -> np.ndarray:
    """Probabilities (N, N) that two rows are in one group."""
    draws = marginal_of(tree)
    n_rows = rows.n_rows
    size = max(1, int(_BLOCK // (n_rows * draws.n_components)))
    total, turn = np.zeros((n_rows, n_rows), order="F"), turns("draw")
    add_products: Any = get_blas_funcs("syrk", (total,))
    for start in range(0, draws.n_draws, size):
        turn(start)
        block = slice(start, start + size)
        params = {name: array[block] for name, array in draws.params.items()}
        shares = np.empty((draws.n_components, n_rows, len(draws.weights[block])))
        for some, found in draws.family.responsibilities_blocks(
            draws.weights[block], params, rows.entries, beforehand=rows.beforehand
        ):
            shares[:, some] = found
        for share in shares:  # (N, b), whose transpose is in Fortran's order: it is not copied
            total = add_products(1.0, share.T, beta=1.0, c=total, trans=1, overwrite_c=1)
    total /= draws.n_draws
    np.minimum(total, 1.0, out=total)  # sums of squares may be above by rounding
    if (subjects := rows.subjects) is not None:
        total[subjects.of_rows[:, None] == subjects.of_rows] = 1.0
    for i in range(n_rows):
        total[i, i] = 1.0
        total[i, :i] = total[:i, i]
    return total


def rows_of(tree: xr.DataTree, X: Any) -> Rows:
    """New rows as the tree's columns have them, or the training rows."""
    return training_rows(tree) if X is None else read_rows(X, columns=columns_of(tree), missing="keep")


def memory(n_rows: int) -> str:
    """What the probabilities of all pairs take, in words."""
    size = 8.0 * n_rows**2
    return f"{size / 1e9:.3g} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB"
