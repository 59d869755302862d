"""R-hat and effective sample sizes, one row per number that can vary."""

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.engines.mixing import mixing
from bayesmix.tree import SAMPLE_DIMS

COLUMNS = ("rhat", "ess_bulk", "ess_tail")

# Entries of one matrix variable beyond which only its diagonals are judged: every entry takes
# milliseconds, and with many features there would be thousands that say the same.
MAX_ENTRIES = 1500

# Spread, relative to size, below which a quantity is constant up to rounding.
_ROUNDING = 1e-13


def convergence_table(quantities: xr.Dataset, *, independent: bool = False) -> pd.DataFrame:
    """Rank-normalised split R-hat, bulk and tail ESS of every entry of every variable.

    Parameters
    ----------
    quantities : xarray.Dataset
        Variables with dims ``chain, draw, ...``.
    independent : bool
        True for draws that come from no Markov chain: the numbers are then NaN.

    Returns
    -------
    pandas.DataFrame
        Index: names such as ``means[1, waiting]``; columns ``rhat, ess_bulk, ess_tail``. Constants
        are left out, and of a symmetric matrix the entries below the diagonal; of one with more
        than 1500 entries (all components together) all but the diagonals.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, Bayesian Analysis 16.
    """
    names, columns = entries_of(quantities)
    if not names:
        return pd.DataFrame(columns=list(COLUMNS), dtype=float)
    if independent:
        return pd.DataFrame(np.nan, index=names, columns=list(COLUMNS))
    found = mixing(np.stack([near_one(one) for one in columns]))
    return pd.DataFrame(dict(zip(COLUMNS, found, strict=True)), index=names)


def worst(table: pd.DataFrame) -> tuple[float, float]:
    """Largest R-hat and smallest ESS; NaN where one of them is NaN or none is there."""
    if table.empty:
        return np.nan, np.nan
    numbers = table.to_numpy(dtype=float)
    return float(np.max(numbers[:, 0])), float(np.min(numbers[:, 1:]))


def near_one(values: np.ndarray) -> np.ndarray:
    """The values in a unit that is a power of two, which rounds nothing, so that no square overflows or vanishes."""
    return np.ldexp(values, -np.frexp(np.abs(values).max())[1])


def entries_of(quantities: xr.Dataset) -> tuple[list[str], list[np.ndarray]]:
    """Names and (chain, draw) arrays of the entries that vary, each symmetric entry once."""
    names, columns = [], []
    for variable, array in quantities.data_vars.items():
        array = array.transpose(*SAMPLE_DIMS, ...)
        diagonal_only = array[0, 0].size > MAX_ENTRIES
        places = array.dims[2:]
        for index in np.ndindex(array.shape[2:]):
            at = dict(zip(places, index, strict=True))
            bis = next((dim for dim in at if str(dim).endswith("_bis")), None)
            above = 0 if bis is None else at[bis] - at.get(str(bis).removesuffix("_bis"), 0)
            if above < 0 or (above > 0 and diagonal_only):
                continue
            values = array.values[(..., *index)]
            if np.ptp(values) <= _ROUNDING * np.abs(values).max():
                continue
            inside = ", ".join(_coordinate(array, str(dim), i) for dim, i in at.items())
            names.append(f"{variable}[{inside}]" if inside else str(variable))
            columns.append(values)
    return names, columns


def _coordinate(array: xr.DataArray, dim: str, index: int) -> str:
    return str(array.coords[dim].values[index]) if dim in array.coords else str(index)
