"""Rows that importance sampling cannot leave out: the draws are moved to where it can, or a fit leaves them out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOO, ELPDDataLOOSubsample

from bayesmix.comparison.left_out import log_predictive
from bayesmix.comparison.moment_matching import MomentMatching
from bayesmix.comparison.pointwise import bad_rows, log_densities, sum_and_error
from bayesmix.comparison.row_sample import estimated
from bayesmix.comparison.without import densities, fit_without, mixed, side_by_side
from bayesmix.data import Rows
from bayesmix.data.words import counted
from bayesmix.engines.em import EMResult
from bayesmix.mixture import Mixture
from bayesmix.tree import training_rows
from bayesmix.verdict import PARETO_GATE

# Refits of one model; more bad rows than this say that the model is fragile, and cost too much.
MAX_REFITS = 10

_LARGEST_ERROR = 0.5


@dataclass(frozen=True, eq=False)
class Repair:
    """LOO of which some rows were repaired.

    Attributes
    ----------
    elpd : ELPDDataLOO
        ``elpd_i`` of the refitted rows is exact up to Monte Carlo error, and their ``pareto_k`` is
        0, as ``az.reloo`` sets it; that of rows for which draws were moved is of the moved draws' weights.
    matched, refitted, remaining : tuple of int
        Positions of the rows with a Pareto k above 0.7 for which draws were moved, of those that were left out by a
        fit, and of the others.
    spent : bool
        Whether more rows than may be refitted were left to refits.
    """

    elpd: ELPDDataLOO
    matched: tuple[int, ...] = ()
    refitted: tuple[int, ...] = ()
    remaining: tuple[int, ...] = ()
    spent: bool = False


def read_refits(refits: Any) -> int:
    """How many rows may be refitted.

    Raises
    ------
    ValueError, TypeError
        When it is no whole number from 0 on.
    """
    if isinstance(refits, bool) or not isinstance(refits, int | np.integer):
        raise TypeError(f"refits must be a whole number, the most rows that may be refitted, not {refits!r}.")
    if refits < 0:
        raise ValueError(f"refits must not be negative, not {refits}: 0 refits no row.")
    return int(refits)


def repair(
    elpd: ELPDDataLOO,
    tree: xr.DataTree,
    mixture: Mixture,
    em: EMResult | None,
    *,
    seed: np.random.SeedSequence,
    options: Mapping[str, Any] | None = None,
    max_refits: int = MAX_REFITS,
    report: Callable[[str], None] = lambda stage: None,
) -> Repair:
    """Repair the rows whose Pareto k exceeds 0.7, the worst first: by moment matching, and else by refits.

    Moving the draws costs a few passes for a row, and a refit many. Where no move helps, ``elpd_i`` is the log
    predictive density under draws of the posterior without the row (see ``log_predictive``), for at most ``max_refits``
    rows: by the sampler that made the tree (NUTS where that is an approximation), with the same resolved priors,
    started from the EM optima of all rows. A row stays as it was where the chains of its refit do not mix, or its Monte
    Carlo error exceeds half a nat.

    Parameters
    ----------
    elpd : ELPDDataLOO
        Of ``tree``.
    tree : xarray.DataTree
        Posterior draws given all rows.
    mixture : Mixture
        With resolved priors.
    em : EMResult or None
        Of all rows; None where the number of components is unknown.
    seed : numpy.random.SeedSequence
        Every row's seed follows from it and the row's position.
    options : mapping, optional
        Settings of the engine that leaves a row out; ``cores`` rows are left out at once.
    max_refits : int
    report : callable
        Told what is being done.
    """
    bad = bad_rows(elpd).tolist()
    if not bad:
        return Repair(elpd)
    cores = (options or {}).get("cores")
    matched = _by_moved_draws(bad, elpd, tree, cores, report)
    left = [row for row in bad if row not in matched]
    tried = left[:max_refits]
    # rows side by side, the chains of each one after another
    alone = {**(options or {}), "cores": 1}
    if tried:
        report(f"leaving out row 1 of {len(tried)}")
    exact = {}
    found = side_by_side(lambda row: _left_out(row, tree, mixture, em, seed, alone), tried, cores)
    for count, (row, value) in enumerate(zip(tried, found, strict=True), start=1):
        if value is not None:
            exact[row] = (value, 0.0)
        if count < len(tried):
            report(f"leaving out row {count + 1} of {len(tried)}")
    return Repair(
        _with_repaired(elpd, {**matched, **exact}, training_rows(tree)),
        tuple(sorted(matched)),
        tuple(sorted(exact)),
        tuple(sorted(set(left) - set(exact))),
        spent=len(left) > max_refits,
    )


def _by_moved_draws(
    bad: list[int], elpd: ELPDDataLOO, tree: xr.DataTree, cores: int | None, report: Callable[[str], None]
) -> dict[int, tuple[float, float]]:
    """``log p(x_i | x_-i)`` and the Pareto k of the rows for which draws can be moved."""
    report(f"moment matching for {counted(len(bad), 'row')}")
    matching = MomentMatching.of(tree)
    if matching is None:
        return {}
    tried = bad[: matching.most_rows]
    pareto_k = np.asarray(elpd.pareto_k, dtype=float)
    found = side_by_side(lambda row: matching.left_out(row, float(pareto_k[row])), tried, cores)
    return {row: one for row, one in zip(tried, found, strict=True) if one is not None}


def _left_out(
    row: int,
    tree: xr.DataTree,
    mixture: Mixture,
    em: EMResult | None,
    seed: np.random.SeedSequence,
    options: Mapping[str, Any],
) -> float | None:
    """``log p(x_i | x_-i)``; None where the other rows have no posterior that can be trusted."""
    own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, row))
    without = fit_without(np.array([row]), tree, mixture, em, int(own.generate_state(1)[0]), options)
    if without is None or not mixed(without):
        return None
    every = training_rows(tree)
    x = every.chosen(every.of_subjects(np.array([row])))
    # an approximation's draws are not the posterior's, and cannot stand on the other side
    including = None if log_densities(tree) else densities(tree, x).ravel()
    value, error = log_predictive(densities(without, x).ravel(), including)
    return value if error < _LARGEST_ERROR else None


def _with_repaired(elpd: ELPDDataLOO, repaired: Mapping[int, tuple[float, float]], rows_of: Rows) -> ELPDDataLOO:
    """LOO with other values, and Pareto k, of some rows."""
    if not repaired:
        return elpd
    rows = list(repaired)
    values, ks = np.array([repaired[row] for row in rows]).T
    elpd_i, pareto_k = elpd.elpd_i.copy(deep=True), elpd.pareto_k.copy(deep=True)
    gained = float(np.sum(values - elpd_i.values[rows]))
    elpd_i.values[rows] = values
    pareto_k.values[rows] = ks
    # p = sum_i (log posterior mean density - elpd_i), and only the second term has changed
    known = {"warning": bool((pareto_k > PARETO_GATE).any()), "pareto_k": pareto_k}
    if isinstance(elpd, ELPDDataLOOSubsample):
        sample = elpd.loo_subsample_observations
        found = estimated(elpd_i.values[sample], elpd.elpd_loo_approx.values, sample)
        elpd_i.values[:] = found.pop("elpd_i")
        p = elpd.p - gained * elpd.n_data_points / elpd.subsample_size
        return replace(elpd, p=p, elpd_i=elpd_i, **found, **known)
    total, se = sum_and_error(elpd_i.values, rows_of)
    return replace(elpd, elpd=total, se=se, p=elpd.p - gained, elpd_i=elpd_i, **known)
