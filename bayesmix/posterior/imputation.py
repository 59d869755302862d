"""Missing cells of the rows that a mixture was fitted to, drawn from their posterior predictive distribution."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows, check_exact
from bayesmix.families import Family
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import check_no_noise
from bayesmix.posterior.predictive import positive
from bayesmix.progress import turns
from bayesmix.seeds import generator_of
from bayesmix.tree import SAMPLE_DIMS, draws_of, family_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult


@named_arguments
def impute(tree: "xr.DataTree | EMResult", n: int = 20, *, random_seed: Any = None) -> xr.Dataset:
    r"""Draw the missing cells of the training rows: complete tables, as many as are asked for.

    For every table a draw of the posterior is taken, by it the group of each row given the cells that were seen, and
    the missing cells from that group given the others:

    .. math:: \theta \sim p(\theta \mid \text{seen}), \qquad z_i \sim r_{ik}(\theta), \qquad
              x_{i,\text{missing}} \sim f(x_{i,\text{missing}} \mid x_{i,\text{seen}}, \theta_{z_i}).

    The tables differ by as much as is not known of the cells, parameters included: an analysis of each of them, pooled
    by Rubin's rules, carries that on (multiple imputation). Nothing in bayesmix needs it: fits and views sum the cells
    out.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Of a point estimate all tables have the same parameters, so that they differ by too little.
    n : int
        Number of tables.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence

    Returns
    -------
    xarray.Dataset
        ``x (imputation, obs, feature)``: the rows in the units of the data, of levels their positions, with the cells
        that were seen as they are; ``missing (obs, feature)``: which cells were drawn; ``group (imputation, obs)``:
        the component that each row was drawn in. Coordinates ``unit (feature)``, where columns have units, and the
        ``chain`` and ``draw`` of each table.

    Raises
    ------
    ValueError, TypeError
        If no cell is missing, or ``n`` is no integer of at least one.

    References
    ----------
    Rubin, D. B. (1987). Multiple imputation for nonresponse in surveys. Wiley.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_faithful()
    >>> X.loc[::10, "eruptions"] = float("nan")
    >>> tree = bm.Mixture(2).fit_nuts(X, random_seed=1, progressbar=False)
    >>> tables = bm.impute(tree, 50, random_seed=1)
    >>> dict(tables.sizes)
    {'imputation': 50, 'obs': 272, 'feature': 2}
    >>> drawn = tables["x"].sel(obs=0, feature="eruptions")  # after a wait of 79 minutes; it was 3.6
    >>> bool(3.5 < drawn.mean() < 5)
    True
    """
    n = positive(n, "n")
    tree = heeded(tree)
    check_no_noise(tree, "bm.impute")
    rows, family = training_rows(tree), family_of(tree)
    if rows.missing is None:
        raise ValueError("No cell of the training rows is missing: there is nothing to draw.")
    check_exact(rows, "bm.impute draws missing cells beside exact ones. Fit the mixture without error_covariances.")
    rng = generator_of(random_seed)
    weights, params = draws_of(tree)
    n_draws = weights.shape[0] * weights.shape[1]
    chosen = np.sort(rng.choice(n_draws, size=n, replace=n > n_draws))
    places = np.unravel_index(chosen, weights.shape[:2])
    x = np.repeat(rows.values[None], n, axis=0)
    group = np.empty((n, rows.n_rows), dtype=np.int64)
    turn = turns("table")
    for table, place in enumerate(zip(*places, strict=True)):
        turn(table)
        here = {name: values[place] for name, values in params.items()}
        group[table] = _fill(x[table], family, weights[place], here, rows, rng)
    posterior = tree["posterior"].to_dataset()
    coords: dict[str, Any] = {"imputation": np.arange(n), "obs": rows.obs, "feature": list(rows.features)}
    coords |= {dim: ("imputation", posterior[dim].values[at]) for dim, at in zip(SAMPLE_DIMS, places, strict=True)}
    if any(rows.units):
        coords["unit"] = ("feature", list(rows.units))
    return xr.Dataset(
        {
            "x": (("imputation", "obs", "feature"), x),
            "missing": (("obs", "feature"), rows.missing),
            "group": (("imputation", "obs"), group),
        },
        coords=coords,
    )


def _fill(table: np.ndarray, family: Family, weights: np.ndarray, params: Any, rows: Rows, rng) -> np.ndarray:
    """Fill the missing cells of a table (N, D) in place, by one draw of the parameters; the groups (N,)."""
    group = np.empty(rows.n_rows, dtype=np.int64)
    for block, shares in family.responsibilities_blocks(weights, params, rows.entries, beforehand=rows.beforehand):
        parts = np.cumsum(shares[..., 0], axis=0)
        group[block] = np.minimum((rng.random(parts.shape[1]) * parts[-1] >= parts).sum(axis=0), len(parts) - 1)
    patterns, which = rows.patterns
    for p, pattern in enumerate(patterns):
        missing, seen = np.flatnonzero(pattern), np.flatnonzero(~pattern)
        of_pattern = np.flatnonzero(which == p)
        if missing.size and of_pattern.size:
            values = rows.values[np.ix_(of_pattern, seen)]
            drawn = family.sample_given(params, missing, seen, values, group[of_pattern], rng)
            table[np.ix_(of_pattern, missing)] = drawn
    return group
