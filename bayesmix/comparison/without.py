"""Fits without some of the rows: of single ones, and of folds."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from os import cpu_count
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.engines.begin import fit_em
from bayesmix.engines.em import EMResult, EMSettings
from bayesmix.engines.telescoping import Telescoping
from bayesmix.mixture import Mixture
from bayesmix.posterior.fitting import fit_posterior
from bayesmix.posterior.labels import Diagnosis, diagnose
from bayesmix.posterior.unknown_number import fit_unknown_number
from bayesmix.problem import Problem
from bayesmix.registry import ENGINES, from_chains
from bayesmix.threads import one_blas_thread
from bayesmix.tree import concentration_varies, draws_of, family_of, number_varies, record_of, training_rows

# A fit without rows is used for means over its draws, so its gate is wider than that of a posterior.
_RHAT = 1.05


def point_estimate(tree: xr.DataTree, mixture: Mixture) -> EMResult | None:
    """The MAP estimate of a tree's rows, from which fits without some of them start; None where there is no such."""
    if number_varies(tree) or concentration_varies(tree):
        return None
    problem = Problem.of(training_rows(tree), mixture.family, mixture.n_components, mixture.priors)
    return fit_em(problem, EMSettings(), 0)


def fit_without(
    rows: np.ndarray, tree: xr.DataTree, mixture: Mixture, em: EMResult | None, seed: int, options: Mapping[str, Any]
) -> xr.DataTree | None:
    """Draws of the posterior of all rows but these; None where the others cannot be fitted.

    By the sampler that made the tree (NUTS where that is an approximation), with the same resolved priors, started
    from the EM estimate of all rows.

    Parameters
    ----------
    rows : array of int
        Positions of the rows to leave out, or of the subjects where rows belong together.
    tree : xarray.DataTree
        Of all rows.
    mixture : Mixture
        With resolved priors.
    em : EMResult or None
        Of all rows; None where the number of components is unknown.
    seed : int
    options : mapping
        Settings of the engine, such as ``draws`` and ``cores``.
    """
    every = training_rows(tree)
    others = every.chosen(np.delete(np.arange(every.n_rows), every.of_subjects(rows)))
    try:
        problem = Problem.of(others, mixture.family, mixture.n_components, mixture.priors)
    except ValueError:  # too few distinct rows, or a column without spread, once the rows are gone
        return None
    made_by = record_of(tree)["method"]
    method = made_by if made_by in ENGINES and from_chains(made_by) else "nuts"
    wanted = {**options, "progressbar": False}
    if number_varies(tree):
        return fit_unknown_number(problem, Telescoping(**wanted), seed, False, False)
    start = "em" if em is None else em
    engine = ENGINES[method].of(wanted)
    return fit_posterior(
        problem, method, engine, init=start, random_seed=seed, relabel=None, log_likelihood=False, shown=False
    )


def densities(tree: xr.DataTree, rows: Rows) -> np.ndarray:
    """``log p(x | theta)`` of some rows over all draws, (S, b), each times the row's weight.

    With what is known of their components.
    """
    found = rows.weighed(family_of(tree).log_mixture(*draws_of(tree), rows.entries, beforehand=rows.beforehand))
    return found.reshape(-1, found.shape[-1])


def mixed(tree: xr.DataTree) -> bool:
    """Whether the mean of a density over the draws can be believed; quantiles would need more."""
    found: Diagnosis = diagnose(tree)
    return not (found.multimodal or found.diverged_often or found.max_rhat > _RHAT)


def side_by_side[Item, Result](
    work: Callable[[Item], Result], items: Iterable[Item], cores: int | None
) -> Iterator[Result]:
    """Results in the order of the items, as many at once as there are cores; each is told of nothing.

    Parameters
    ----------
    work : callable
        Of one item; its result may depend on nothing else.
    items : iterable
    cores : int, optional
        By default all of the machine's.
    """
    # What single threads put back at their end, the filters of warnings and the threads of BLAS, is put back once more.
    with warnings.catch_warnings(), one_blas_thread(), ThreadPoolExecutor(cores or cpu_count()) as threads:
        waiting = [threads.submit(copy_context().run, work, item) for item in items]
        try:
            for one in waiting:
                yield one.result()
        finally:
            for one in waiting:
                one.cancel()
