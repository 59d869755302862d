"""K-fold cross-validation: rows are left out for real, a fold at a time."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOOKFold

from bayesmix.comparison.pointwise import check_posterior, log_mean_density, per_row, sum_and_error
from bayesmix.comparison.without import densities, fit_without, mixed, point_estimate, side_by_side
from bayesmix.engines.em import EMResult
from bayesmix.mixture import Mixture
from bayesmix.progress import progress
from bayesmix.seeds import number_of
from bayesmix.tree import as_tree, training_rows
from bayesmix.verdict import Reason, said_by_caller, warn_once
from bayesmix.vocabulary import named_arguments


@named_arguments
def kfold(
    tree: xr.DataTree | EMResult,
    X: Any = None,
    *,
    n_folds: int = 10,
    random_seed: Any = None,
    cores: int | None = None,
    progressbar: bool | None = None,
) -> ELPDDataLOOKFold:
    r"""Expected log predictive density of a new row, by leaving out a fold of the rows at a time.

    .. math::
        \text{elpd} = \sum_i \log p(x_i \mid x_{-f(i)}), \qquad
        p(x_i \mid x_{-f}) \approx \frac{1}{S} \sum_s p(x_i \mid \theta_s),

    with draws of the posterior given the rows outside of the fold :math:`f(i)` (rows with weights are in a fold, and
    count, with their weights, as in :func:`bayesmix.loo`, and rows that belong together are in one fold): no importance
    weights, and so a check of :func:`bayesmix.loo`. It is a little lower than that, since every fit has fewer rows.
    Every group has its share in every fold. Fits start from the estimate of all rows, keep its resolved priors, and are
    by the sampler that made the tree (NUTS where that is an approximation).

    Parameters
    ----------
    tree : xarray.DataTree
        Of ``fit``, ``fit_nuts``, ``fit_gibbs``, ``fit_advi`` or ``fit_laplace``.
    X : array-like or data frame, (N, D), optional
        The training rows, to make sure that they are the ones meant.
    n_folds : int
        From 2 up to the number of rows, where it is leave-one-out, exact but for the draws.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        Of the folds and of the draws.
    cores : int, optional
        Folds fitted at once; the numbers do not depend on it.
    progressbar : bool, optional
        None shows progress after two seconds.

    Returns
    -------
    arviz_stats.ELPDDataLOOKFold
        As ``az.loo_kfold`` returns it, pointwise; ``az.compare`` takes it among its like. ``warning`` where the chains
        of some fold do not agree.

    Raises
    ------
    ValueError, TypeError
        When the tree is a point estimate or has fewer than 25 draws, ``X`` is not the data it was fitted on,
        ``n_folds`` is no whole number from 2 to the number of rows, the rows outside of a fold cannot be fitted, or a
        prior was a PyMC object, of which the tree keeps only the text.

    Warns
    -----
    UntrustedWarning
        Where the chains of some fold do not agree, or the posterior itself is not to be trusted.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC,
    Statistics and Computing 27, section 2.3.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_gibbs(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> found = bm.kfold(tree, n_folds=5, random_seed=1, progressbar=False)
    >>> bool(abs(found.elpd - bm.loo(tree).elpd) < 5)
    True
    """
    tree = as_tree(tree)
    check_posterior(tree, X)
    n_folds = read_n_folds(n_folds, training_rows(tree).n_subjects)
    seed = np.random.SeedSequence(number_of(random_seed))
    mixture = Mixture.from_tree(tree)
    with progress(progressbar, n_folds) as report, said_by_caller():
        em = point_estimate(tree, mixture)
        made, unmixed = left_out_by_folds(
            tree, mixture, em, n_folds, seed, cores, lambda fold: report(f"fold {fold + 1} of {n_folds}", fold)
        )
    warn_once(made, "K-fold", [Reason("bad_folds", {"folds": unmixed, "n": n_folds})] if unmixed else [])
    return made


def read_n_folds(n_folds: Any, n: int, argument: str = "n_folds") -> int:
    """The number of folds of ``n`` rows.

    Raises
    ------
    ValueError, TypeError
        When it is no whole number from 2 to ``n``.
    """
    if isinstance(n_folds, bool) or not isinstance(n_folds, int | np.integer):
        raise TypeError(f"{argument} must be a whole number, not {n_folds!r}: 10 is common.")
    if not 2 <= n_folds <= n:
        raise ValueError(
            f"{argument} must be from 2 to {n}, the number of rows, not {n_folds}: every fold has a row, and some rows "
            "lie outside of it."
        )
    return int(n_folds)


def folds_of(labels: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """The fold of every row: at random, every label as evenly among the folds as whole rows go, and folds as equal.

    Rows are dealt out label after label, so that no two folds differ by more than a row of a label, nor in all.
    """
    order = rng.permutation(labels.size)
    order = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(labels.size, dtype=np.int64)
    folds[order] = np.arange(labels.size) % n_folds
    return folds


def left_out_by_folds(
    tree: xr.DataTree,
    mixture: Mixture,
    em: EMResult | None,
    n_folds: int,
    seed: np.random.SeedSequence,
    cores: int | None,
    report: Callable[[int], None] = lambda fold: None,
    options: Mapping[str, Any] | None = None,
) -> tuple[ELPDDataLOOKFold, int]:
    """K-fold cross-validation, and in how many folds the chains do not agree.

    Parameters
    ----------
    tree : xarray.DataTree
        Posterior draws given all rows.
    mixture : Mixture
        With resolved priors.
    em : EMResult or None
        Of all rows; None where the number of components is unknown.
    n_folds : int
    seed : numpy.random.SeedSequence
        The folds follow from it, and the seed of each.
    cores : int, optional
    report : callable
        Told the number of each fold.
    options : mapping, optional
        Further settings of the engine that leaves a fold out.

    Raises
    ------
    ValueError
        When the rows outside of a fold cannot be fitted.
    """
    every = training_rows(tree)
    labels = np.zeros(every.n_rows, dtype=np.int64) if em is None else em.labels
    labels = labels if every.subjects is None else labels[every.subjects.first]
    of_folds, *of_fits = seed.spawn(1 + n_folds)
    folds = folds_of(labels, n_folds, np.random.default_rng(of_folds))
    alone = {**(options or {}), "cores": 1}

    def left_out(fold: int) -> tuple[np.ndarray, np.ndarray, bool]:
        rows = np.flatnonzero(folds == fold)
        without = fit_without(rows, tree, mixture, em, int(of_fits[fold].generate_state(1)[0]), alone)
        if without is None:
            raise ValueError(
                f"The rows outside of fold {fold + 1} of {n_folds} cannot be fitted on their own: too few of them are "
                "distinct, or a column is constant there. Take more folds."
            )
        found = densities(without, every.chosen(every.of_subjects(rows)))
        return rows, np.logaddexp.reduce(found, axis=0) - np.log(len(found)), mixed(without)

    elpd_i, unmixed = np.empty(every.n_subjects), 0
    report(0)
    for fold, (rows, found, good) in enumerate(side_by_side(left_out, range(n_folds), cores)):
        elpd_i[rows] = found
        unmixed += not good
        report(fold)
    p_i = log_mean_density(tree) - elpd_i
    elpd, se = sum_and_error(elpd_i, every)
    sizes = tree["posterior"].to_dataset().sizes
    made = ELPDDataLOOKFold(
        elpd=elpd,
        se=se,
        p=float(p_i.sum()),
        n_samples=sizes["chain"] * sizes["draw"],
        n_data_points=elpd_i.size,
        scale="log",
        warning=unmixed > 0,
        good_k=None,  # pyright: ignore[reportArgumentType]: ArviZ gives None where nothing is weighted
        pareto_k=None,  # pyright: ignore[reportArgumentType]
        n_folds=n_folds,
        elpd_i=per_row(tree, elpd_i, "elpd_i"),
        p_kfold_i=per_row(tree, p_i, "p_kfold_i"),
    )
    return made, unmixed
