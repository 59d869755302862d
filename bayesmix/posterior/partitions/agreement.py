"""How far anyone's groups agree with the posterior, and which rows they place otherwise."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows, read_groups
from bayesmix.first_use import compiling_shown
from bayesmix.passes.overlaps import disagreements
from bayesmix.posterior.intervals import BOUNDS, credible_interval, read_ci_kind, read_ci_prob
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import check_no_noise
from bayesmix.posterior.partitions.co_membership import rows_of
from bayesmix.posterior.partitions.estimate import by_size
from bayesmix.posterior.partitions.label_draws import label_draws
from bayesmix.posterior.partitions.losses import adjusted_rand, variation_of_information
from bayesmix.posterior.partitions.other_ways import other_ways
from bayesmix.progress import progress
from bayesmix.seeds import generator_of, number_of
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

_MEASURES = {"adjusted_rand": adjusted_rand, "variation_of_information": variation_of_information}


@named_arguments
def compare_clusterings(
    tree: "xr.DataTree | EMResult",
    clusterings: Mapping[str, Any] | None = None,
    X: Any = None,
    *,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    random_seed: Any = 0,
) -> xr.Dataset:
    """How far groups that somebody made agree with the posterior, with the posterior distribution of the agreement.

    Every draw from the posterior says who belongs with whom; the groups at hand are compared with each. It needs no
    names of groups, and so no relabelling.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        By any engine, of a given or an unknown number of components.
    clusterings : mapping from str to array-like (N,), optional
        Labels of the rows by name, of any kind: text, categories, whole numbers. By default ``"k-means"``, ``"soft
        k-means"`` and ``"mean shift"`` of standardised columns, where these are real numbers: as many groups as
        components (where their number is unknown, as in the :func:`partition`), soft k-means as in
        :func:`partial_assignments`, scikit-learn's mean shift with its bandwidth from the data; and ``"modes of the
        mixture"``, the groups of :func:`modes` on 50 draws of each chain.
    X : array-like or data frame, (N, D), optional
        The rows; the training rows by default.
    ci_prob : float, optional
        Probability inside the intervals; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ci_kind : {"eti", "hdi"}, optional
        Equal tails, or the shortest interval; ArviZ's ``rcParams["stats.ci_kind"]`` (``"eti"``) by default.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence, default 0
        Of the draws of labels, and of k-means.

    Returns
    -------
    xarray.Dataset
        For each ``clustering``: ``n_groups``; ``adjusted_rand``, its posterior mean (1: the same groups; 0: no more
        alike than by chance), ``adjusted_rand_interval (clustering, ci_bound)`` and ``adjusted_rand_draws (clustering,
        sample)``; the same of ``variation_of_information``, in nats (0: the same); ``label (clustering, obs)``, by
        decreasing size; ``disagreement (clustering, obs)``: the probability that another row, any one, is with this
        one here and apart from it in the posterior, or the other way round.

    Raises
    ------
    ValueError, TypeError
        When labels are not one a row, or missing; when columns are not real numbers and no labels are given; when X is
        not what the tree was fitted on.

    References
    ----------
    Hubert and Arabie (1985), Comparing partitions, Journal of Classification 2. Meila (2007), Comparing clusterings:
    an information based distance, Journal of Multivariate Analysis 98.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_faithful()
    >>> tree = bm.Mixture(2).fit_nuts(X, random_seed=1, progressbar=False)
    >>> found = bm.compare_clusterings(tree, {"above an hour": X["waiting"] > 60, "one group": [0] * len(X)})
    >>> found["adjusted_rand"].values.round(1).tolist(), found["n_groups"].values.tolist()
    ([0.8, 0.0], [2, 1])
    >>> bm.compare_clusterings(tree)["clustering"].values.tolist()
    ['k-means', 'soft k-means', 'mean shift', 'modes of the mixture']
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.compare_clusterings")
    rows = rows_of(tree, X)
    given = None if clusterings is None else _read(clusterings, rows)
    return compared(tree, rows, given, ci_prob=ci_prob, ci_kind=ci_kind, random_seed=random_seed)


def compared(
    tree: xr.DataTree,
    rows: Rows,
    clusterings: Mapping[str, np.ndarray] | None = None,
    *,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    random_seed: Any = 0,
    n_groups: int | None = None,
) -> xr.Dataset:
    """The same of rows and labels that were read; ``n_groups``, where it is known, is for k-means."""
    ci_prob, ci_kind, seed = read_ci_prob(ci_prob), read_ci_kind(ci_kind), number_of(random_seed)
    with compiling_shown(None), progress(None) as report:
        if clusterings is None:
            report("k-means, mean shift and modes")
            clusterings = other_ways(tree, rows, seed, n_groups)
        report("agreement with the posterior")
        draws = label_draws(tree, rows, generator_of(seed))
        labels = {name: by_size(one) for name, one in clusterings.items()}
        found: dict[str, Any] = {"n_groups": ("clustering", [int(one.max()) + 1 for one in labels.values()])}
        for name, measure in _MEASURES.items():
            agreement = np.array([measure(one, draws) for one in labels.values()])
            found[name] = ("clustering", agreement.mean(axis=1))
            found[f"{name}_interval"] = (("clustering", "ci_bound"), credible_interval(agreement, ci_prob, ci_kind))
            found[f"{name}_draws"] = (("clustering", "sample"), agreement)
        others = [disagreements(one, int(one.max()) + 1, draws.labels, draws.n_labels) for one in labels.values()]
    found["label"] = (("clustering", "obs"), np.array(list(labels.values())))
    found["disagreement"] = (("clustering", "obs"), np.array(others) / max(rows.n_rows - 1, 1))
    coords = {"clustering": list(labels), "obs": rows.obs, "ci_bound": list(BOUNDS)}
    return xr.Dataset(found, coords=coords, attrs={"ci_prob": ci_prob, "ci_kind": ci_kind})


def _read(clusterings: Mapping[str, Any], rows: Rows) -> dict[str, np.ndarray]:
    if not isinstance(clusterings, Mapping) or not clusterings:
        raise TypeError(
            'clusterings must be labels of the rows by name, such as {"k-means": labels}, not '
            f"{type(clusterings).__name__ if clusterings else 'empty'}."
        )
    return {str(name): read_groups(one, rows.n_rows, f"clusterings[{name!r}]") for name, one in clusterings.items()}
