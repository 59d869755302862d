"""Components of few rows, which some chains hold and others do not: R-hat of the ranked weights hides them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayesmix.engines.mixing import mixing
from bayesmix.problem import Problem
from bayesmix.verdict import ESS_GATE, RHAT_GATE

# A mode of less than this mass is not looked for.
_RARE = 0.05
# Draws that are enough to say where a component lies.
_ENOUGH = 200


def held(weights: np.ndarray, n_rows: float) -> np.ndarray:
    """Whether draws hold a component that others do not: 1 where one of the sorted weights is above a bound.

    R-hat of the weights hides it, since they are ranked: a mode of small mass, where a component has some rows. Bounds
    are 2, 4, 8, ... rows, up to the share of a component; those that fewer than one in twenty draws are above, or
    below, are left out.
    """
    return _held(weights, n_rows)[0]


def _held(weights: np.ndarray, n_rows: float) -> tuple[np.ndarray, np.ndarray]:
    """The same, (M, chain, draw), and which of the sorted weights each looks at, (M,)."""
    n_components = weights.shape[-1]
    bounds = 2.0 ** np.arange(1, max(2, np.log2(n_rows / n_components))) / n_rows
    above = np.moveaxis(np.sort(weights, axis=-1), -1, 0)[:, None] > bounds[:, None, None]
    shares = above.mean(axis=(2, 3))
    told = (shares >= _RARE) & (shares <= 1 - _RARE)
    return above[told].astype(float), np.nonzero(told)[0]


def worst_held(problem: Problem, values: Mapping[str, np.ndarray]) -> dict[str, Any] | None:
    """The component that chains hold least equally often; None where all pass their gates.

    Parameters
    ----------
    problem : Problem
    values : mapping of arrays, (chain, draw, ...)
        Weights and parameters in the units of the data.

    Returns
    -------
    dict or None
        ``rows``: how many it has where it is there; ``place``: where it lies, by feature (or level); ``shares``: of the
        draws of each chain, those that hold it.
    """
    weights = values["weights"]
    indicators, ranks = _held(weights, problem.rows.total)
    if not len(indicators):
        return None
    rhat, bulk, tail = mixing(indicators)
    enough = min(ESS_GATE, indicators[0].size / 4)
    worst = int(np.argmin(bulk))
    if min(bulk.min(), tail.min()) >= enough and not np.nanmax(rhat, initial=0.0) > RHAT_GATE:
        return None
    there = np.argwhere(indicators[worst] > 0)
    chains, draws = there[:: max(1, len(there) // _ENOUGH)].T
    each = np.arange(len(draws))
    which = np.argsort(weights[chains, draws], axis=-1)[:, ranks[worst]]
    params = {spec.name: values[spec.name][chains, draws] for spec in problem.family.parameters}
    first, *_ = problem.family.summaries(params, problem.rows)
    place = np.median(first.values[each, which], axis=0)
    return {
        "rows": float(np.median(weights[chains, draws, which]) * problem.rows.total),
        "place": dict(zip(map(str, first.entries), map(float, place), strict=True)),
        "shares": indicators[worst].mean(axis=-1).tolist(),
    }
