"""Responsibilities of every draw, computed where they are asked for."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from bayesmix.data import Rows
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.membership import missing_cells, new_rows
from bayesmix.tree import SAMPLE_DIMS, draws_of, family_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult


@named_arguments
def responsibility_draws(
    tree: "xr.DataTree | EMResult", X: Any = None, *, error_covariances: Any = None
) -> xr.DataArray:
    """Responsibilities draw by draw, as an array that is computed where it is read.

    Nothing is computed or held until values are asked for, and then only of the chains, draws and rows that are
    selected: as of a file that ``xarray.open_dataset`` opened. Summaries over all draws of many rows are what
    :func:`responsibilities` gives; for others, go through the rows in blocks, or ``chunk`` the array where Dask is
    installed.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Relabelled draws, as the fits return them.
    X : array-like or data frame, (N, D), optional
        Rows to allocate; the training rows by default. Cells may be missing (NaN), as in :func:`responsibilities`.
    error_covariances : array, optional
        Of the errors of the rows of X, as in :func:`responsibilities`.

    Returns
    -------
    xarray.DataArray
        ``probability (chain, draw, obs, component)``; sums over the components are one, or, of a mixture with noise,
        one less its probability.

    Raises
    ------
    ValueError, TypeError
        When X is not what the tree was fitted on; names the columns.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> draws = bm.responsibility_draws(tree)
    >>> draws.sizes["obs"], draws.sizes["draw"]
    (272, 1000)
    >>> one_row = draws.sel(obs=0)  # 4000 draws of one row, and nothing else, are computed
    >>> round(float(one_row.sel(component=0).mean()), 2)
    1.0
    """
    tree = heeded_with_names(tree, "responsibility_draws")
    plain = X is None and error_covariances is None
    rows = training_rows(tree) if plain else new_rows(tree, X, error_covariances)
    computed = _Responsibilities(tree, rows)
    posterior = tree["posterior"].to_dataset()
    return xr.DataArray(
        xr.Variable((*SAMPLE_DIMS, "obs", "component"), indexing.LazilyIndexedArray(computed)),
        coords={
            **{dim: posterior[dim].values for dim in SAMPLE_DIMS},
            "obs": rows.obs,
            "component": np.arange(computed.shape[-1]),
        },
        name="probability",
        attrs=missing_cells(rows),
    )


class _Responsibilities(BackendArray):
    """What xarray reads parts of, in the place of a file."""

    dtype = np.dtype(float)

    def __init__(self, tree: xr.DataTree, rows: Rows):
        self._family = family_of(tree)
        self._weights, self._params = draws_of(tree)
        self._rows = rows
        n_chains, n_draws, n_components = self._weights.shape
        self.shape = (n_chains, n_draws, rows.n_rows, n_components)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._part)

    def _part(self, key: tuple[Any, ...]) -> np.ndarray:
        """Of each axis an integer, a slice or an array of integers."""
        chains, draws, rows, components = (
            np.atleast_1d(np.arange(size)[one]) for size, one in zip(self.shape, key, strict=True)
        )
        chosen = np.ix_(chains, draws)
        weights = self._weights[chosen]
        params = {name: values[chosen] for name, values in self._params.items()}
        out = np.empty((len(chains), len(draws), len(rows), len(components)))
        some = self._rows.chosen(rows)
        for block, shares in self._family.responsibilities_blocks(
            weights, params, some.entries, beforehand=some.beforehand
        ):
            part = shares[components].transpose(2, 1, 0)
            out[:, :, block] = part.reshape(len(chains), len(draws), *part.shape[1:])
        return out[tuple(0 if isinstance(one, int | np.integer) else slice(None) for one in key)]
