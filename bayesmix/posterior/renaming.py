"""Components renamed in every draw, and the summaries that go by their names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayesmix.posterior.labels.apply import permutations_of
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.labels.relabelling import relabel_draws
from bayesmix.posterior.membership import GROUP, with_responsibilities
from bayesmix.verdict import pass_on
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult


@named_arguments
def relabel(
    tree: "xr.DataTree | EMResult", method: str = "ecr", *, by: str | Sequence[str] | None = None
) -> xr.DataTree:
    """Rename the components of every draw so that a name means the same in all of them.

    Values are never edited: each draw's components are permuted, in every variable at once, and
    ``sample_stats.permutation`` says how (``new[k] = raw[permutation[k]]``; relabelling again
    composes). The group ``responsibilities`` is computed anew where the tree has one.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    method : {"ecr", "pivot", "stephens", "order"}
        ``"ecr"`` (equivalence classes representatives): the names under which a draw's expected
        allocations agree best with the EM labels (``constant_data.pivot``); components that own no
        row there follow by decreasing weight. ``"pivot"``: the names under which the distribution of a row and its
        label is closest, in Hellinger's distance, to that of one draw, the one of the highest posterior density; of
        distributions that are not normal and not discrete, by their moments. ``"stephens"``: the names under which the
        responsibilities of all draws diverge least from their mean (Kullback-Leibler). ``"order"``: sorted by one
        variable.
    by : str or (str, str), optional
        For ``"order"``: a posterior variable with a component dim, or the variable and a feature:
        ``("means", "waiting")``; without a feature the first one counts. ``"weights"``, the
        default, puts the largest first; other variables the smallest.

    Returns
    -------
    xarray.DataTree
        A new tree whose record says under ``relabelling`` what was done and, unless by an order, how
        well the labels could be told apart: ``agreement`` with the EM labels, ``margin``, ``ambiguous``, and, where not
        all rows were looked at, at how many: ``rows``.

    Raises
    ------
    ValueError
        When the prior identifies the labels, the number of components varies, or an argument names nothing there is.

    Notes
    -----
    All of them find the best permutation of a draw by linear assignment, so that many components cost little.
    ``"pivot"`` needs no rows. ``"ecr"`` and ``"stephens"`` look at no more than 1000 rows of each EM label, evenly
    spaced, so that a million rows take as long as a few thousand. A million rows with the group ``responsibilities``
    still have their summaries computed anew, unless all draws are renamed alike.

    References
    ----------
    Papastamoulis and Iliopoulos (2010), An artificial allocations based solution to the label
    switching problem in Bayesian analysis of mixtures of distributions, Journal of Computational
    and Graphical Statistics 19. Marin, Mengersen and Robert (2005), Bayesian modelling and inference on mixtures of
    distributions, Handbook of Statistics 25. Stephens (2000), Dealing with label switching in mixture models, Journal
    of the Royal Statistical Society B 62.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> tree["posterior"]["means"].mean(["chain", "draw"]).sel(feature="waiting").values.round().tolist()
    [80.0, 54.0]
    >>> ordered = bm.relabel(tree, "order", by=("means", "waiting"))
    >>> ordered["posterior"]["means"].mean(["chain", "draw"]).sel(feature="waiting").values.round().tolist()
    [54.0, 80.0]
    """
    tree = heeded_with_names(tree, "relabel")
    renamed = relabel_draws(tree, method, by=by)  # its verdict stays: no quantity that judges draws has labels
    if GROUP in tree.children:
        renamed = _with_summaries(renamed, tree)
    pass_on(tree, renamed)
    return renamed


def _with_summaries(renamed: xr.DataTree, tree: xr.DataTree) -> xr.DataTree:
    """The renamed tree with the responsibilities of the training rows, summarised as they were."""
    before, after = (
        permutations_of(one).reshape(-1, renamed["posterior"].sizes["component"]) for one in (tree, renamed)
    )
    moved = np.take_along_axis(np.argsort(before, axis=-1), after, axis=-1)
    stored = tree.children[GROUP].to_dataset()
    if "ci_kind" in stored.attrs and (moved == moved[0]).all():  # means and intervals are those of before
        summaries = stored.isel(component=moved[0]).assign_coords(component=stored["component"].values)
        summaries["label"] = summaries["probability"].argmax("component")
        extended = renamed.copy(deep=False)
        extended[GROUP] = xr.DataTree(summaries)
        return extended
    return with_responsibilities(renamed, ci_prob=stored.attrs["ci_prob"], ci_kind=stored.attrs.get("ci_kind", "eti"))
