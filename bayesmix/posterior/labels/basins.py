"""Which chains settled in the same basin of the posterior."""

import numpy as np
import xarray as xr

from bayesmix.engines.mixing import effective_sizes, normal_scores
from bayesmix.posterior.labels.convergence import entries_of

# Chains differ where the R-hat of the pair exceeds this ...
_RHAT = 1.1
# ... and their means differ by more Monte Carlo standard errors than that, so that slow chains
# within one basin are not taken for several basins.
_STANDARD_ERRORS = 4.0


def chain_groups(quantities: xr.Dataset) -> tuple[tuple[int, ...], ...]:
    """Group the chains that agree on every label-free quantity.

    Two chains disagree on a quantity when, on rank-normalised draws, the R-hat of the two exceeds
    1.1 and their means differ by more than 4 Monte Carlo standard errors. Chains that are linked by
    a path of agreeing pairs form one group. More than one group is real multimodality: the chains'
    pooled draws weigh the basins by the number of chains that started in them, not by their mass.

    Parameters
    ----------
    quantities : xarray.Dataset
        From ``label_free``.

    Returns
    -------
    tuple of tuple of int
        Chain names, the group with the most chains first.
    """
    chains = [int(chain) for chain in quantities["chain"].values]
    _, columns = entries_of(quantities)
    if len(chains) < 2 or quantities.sizes["draw"] < 4 or not columns:
        return (tuple(chains),)
    differ = np.zeros((len(chains), len(chains)), dtype=bool)
    scores = normal_scores(np.stack(columns))
    means, variances = scores.mean(axis=-1), scores.var(axis=-1, ddof=1)
    sizes = effective_sizes(scores.reshape(-1, 1, scores.shape[-1])).reshape(variances.shape)
    # a chain that stands still counts once
    squared_errors = variances / np.where(np.isfinite(sizes), sizes, 1.0)
    for one in range(len(chains)):
        for other in range(one + 1, len(chains)):
            gap = (means[:, one] - means[:, other]) ** 2
            within = (variances[:, one] + variances[:, other]) / 2
            apart = gap / 2 > (_RHAT**2 - 1) * within
            sure = gap > _STANDARD_ERRORS**2 * (squared_errors[:, one] + squared_errors[:, other])
            differ[one, other] = differ[other, one] = bool(np.any(apart & sure))
    groups = _connected(~differ)
    return tuple(tuple(chains[c] for c in group) for group in groups)


def _connected(linked: np.ndarray) -> list[list[int]]:
    from scipy.sparse.csgraph import connected_components

    n_groups, of = connected_components(linked, directed=False)
    groups = [np.flatnonzero(of == group).tolist() for group in range(n_groups)]
    return sorted(groups, key=lambda group: (-len(group), group))
