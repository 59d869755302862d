"""Components that together form one group: how much they overlap, whether they share a mode, and a tree of merges."""

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import entr

from bayesmix.families.parts import most_probable
from bayesmix.passes.unions import of_pairs, own_steps
from bayesmix.posterior.intervals import BOUNDS, credible_interval, read_ci_kind, read_ci_prob
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.margins import evenly
from bayesmix.posterior.membership import responsibilities
from bayesmix.posterior.modal import bells_of, climb, has_modes, thinned_note
from bayesmix.posterior.predictive import positive
from bayesmix.progress import progress
from bayesmix.tree import draws_of, family_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Numbers (draws, rows and components) that are held; fewer draws than these say little.
_MOST_VALUES, _FEWEST_DRAWS = 6e6, 100
_MOST_COMPONENTS = 60  # sets of them are bits of one integer


@named_arguments
def merge(
    tree: "xr.DataTree | EMResult",
    X: Any = None,
    *,
    n_groups: int | None = None,
    cutoff: float = 0.025,
    draws: int | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> xr.Dataset:
    r"""Which components together form one group.

    A component is a bell, a group need not be one. Two components are held for one group by three rules:

    *Overlap* (Hennig 2010). With the responsibilities :math:`r_{ij}`, the share of component k's rows that rather look
    like component j's is

    .. math:: p_{jk} = \sum_i r_{ik} 1\{r_{ij} > r_{ik}\} \Big/ \sum_i r_{ik};

    j and k belong together in a draw where the larger of :math:`p_{jk}` and :math:`p_{kj}` exceeds ``cutoff``.

    *One mode* (Ray and Lindsay 2005): the centres of both climb to the same mode of the mixture's density. Of Gaussian
    and Student-t components alone, since counts and levels have no density to climb.

    *Entropy* (Baudry et al. 2010): groups are merged pair by pair, each time the pair that lowers the entropy
    :math:`-\sum_i \sum_g r_{ig} \log r_{ig}` of the rows' memberships most, on average over the draws. This makes one
    tree from K groups down to one, and says of every merge in how many draws it is made.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Relabelled draws, as the fits return them, of a given number of components.
    X : array-like or data frame, (N, D), optional
        Rows whose merged responsibilities are wanted; the training rows by default. What is merged, and the order of
        the groups, is always judged on the training rows.
    n_groups : int, optional
        Where to cut the tree. By default merges are made, in the tree's order, for as long as the two groups overlap
        with a probability of more than a half.
    cutoff : float
        Share of misclassified rows from which on two groups overlap.
    draws : int, optional
        How many evenly spaced draws of each chain are used. By default all, or as many as take some seconds; the
        attribute ``note`` says where draws or rows are fewer.
    ci_prob : float, optional
        Probability inside the interval; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ci_kind : {"eti", "hdi"}, optional
        Equal tails, or the shortest interval; ArviZ's ``rcParams["stats.ci_kind"]`` (``"eti"``) by default.

    Returns
    -------
    xarray.Dataset
        Of pairs, over ``component`` and ``component_bis``: ``overlap``, the posterior mean of the larger share of
        misclassified rows; ``overlap_probability`` that it exceeds ``cutoff``; ``mode_probability`` that both share a
        mode (where there are modes).
        Of the tree, over ``step``: ``merged (step, side)``, the two groups, of which component k is number k and the
        group of step t number K + t; ``step_entropy (step)``, by how much entropy falls;
        ``step_overlap_probability (step)`` that the two overlap; ``step_probability (step)``, the share of draws whose
        own tree makes this group. ``tree_entropy (number)`` and ``tree_entropy_interval (number, ci_bound)``: entropy
        of so many groups.
        Of the cut: ``group_of (component)``; ``probability (obs, group)``, the merged responsibilities;
        ``label (obs)`` and ``label_probability (obs)``. The first group is the largest.

    Raises
    ------
    ValueError, TypeError
        If the number of components varies or is above 60, ``n_groups`` or ``cutoff`` is out of range, or X is not what
        the tree was fitted on.

    See Also
    --------
    bayesmix.modes : groups as modes, which also works where the number of components is unknown.

    References
    ----------
    Baudry, J.-P., Raftery, A. E., Celeux, G., Lo, K. and Gottardo, R. (2010). Combining mixture components for
    clustering. Journal of Computational and Graphical Statistics 19, 332-353.

    Hennig, C. (2010). Methods for merging Gaussian mixture components. Advances in Data Analysis and Classification 4,
    3-34.

    Ray, S. and Lindsay, B. G. (2005). The topography of multivariate normal mixtures. Annals of Statistics 33,
    2042-2065.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(3).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.merge(em)
    >>> found["group_of"].values.tolist()
    [0, 1, 1]
    >>> found["probability"].sizes["group"]
    2
    """
    tree = heeded_with_names(tree, "merge")
    ci_prob, ci_kind = read_ci_prob(ci_prob), read_ci_kind(ci_kind)
    weights, params = draws_of(tree)
    n_components = weights.shape[2]
    cut = _checked(n_components, n_groups, cutoff)
    of_training = responsibilities(tree)
    wanted = of_training if X is None else responsibilities(tree, X)
    with progress(None) as report:
        report("merging")
        training = training_rows(tree)
        chosen, rows, note = _thinned(weights, training.n_rows, draws)
        weights, params = weights[:, chosen], {name: part[:, chosen] for name, part in params.items()}
        family = family_of(tree)
        shares = np.empty((weights.shape[0] * chosen.size, n_components, rows.size))
        some = training.chosen(rows)
        for block, probability in family.responsibilities_blocks(
            weights, params, some.entries, beforehand=some.beforehand
        ):
            shares[:, :, block] = probability.transpose(2, 0, 1)
        gains, mistaken = of_pairs(shares)
        overlap = _overlap(mistaken)
        whole = _tree(shares, gains, cutoff)
        pairs = ("component", "component_bis")
        found: dict[str, Any] = {
            "overlap": (pairs, _over_draws(overlap)),
            "overlap_probability": (pairs, _probability(overlap, cutoff)),
        }
        if has_modes(family):
            of_centres = climb(np.empty((0, training.n_features)), bells_of(family, weights, params)).of_centres
            same = (of_centres[:, :, None] == of_centres[:, None, :]).astype(float)
            there = (of_centres >= 0)[:, :, None] & (of_centres >= 0)[:, None, :]
            found["mode_probability"] = (pairs, _over_draws(np.where(there, same, np.nan)))
    if cut is None:
        stays = ~(whole.overlaps > 0.5)
        cut = n_components - (int(stays.argmax()) if stays.any() else n_components - 1)
    sets, group = _cut(of_training["probability"].values, whole, cut)
    probability = np.stack([wanted["probability"].values[:, held].sum(axis=1) for held in sets], axis=1)
    label = most_probable(probability.T, noise=family.has_noise)
    every = np.column_stack([probability, 1 - probability.sum(axis=1)]) if family.has_noise else probability
    found |= {
        "merged": (("step", "side"), whole.merged),
        "step_entropy": ("step", whole.entropies[:-1].mean(axis=1) - whole.entropies[1:].mean(axis=1)),
        "step_overlap_probability": ("step", whole.overlaps),
        "step_probability": ("step", whole.made),
        "tree_entropy": ("number", whole.entropies.mean(axis=1)),
        "tree_entropy_interval": (("number", "ci_bound"), credible_interval(whole.entropies, ci_prob, ci_kind)),
        "group_of": ("component", group),
        "probability": (("obs", "group"), probability),
        "label": ("obs", label),
        "label_probability": ("obs", np.take_along_axis(every, label[:, None], 1)[:, 0]),
    }
    components = np.arange(n_components)
    coords = {
        "component": components,
        "component_bis": components,
        "step": np.arange(n_components - 1),
        "number": np.arange(n_components, 0, -1),
        "group": np.arange(cut),
        "obs": wanted["obs"].values,
        "ci_bound": list(BOUNDS),
    }
    attrs = {"cutoff": cutoff, "ci_prob": ci_prob, "ci_kind": ci_kind, **({"note": note} if note else {})}
    return xr.Dataset(found, coords=coords, attrs=attrs)


@dataclass(frozen=True, eq=False)
class _Tree:
    """Merges in order.

    Attributes
    ----------
    merged : (K - 1, 2) array of int
    overlaps, made : (K - 1,) arrays
        Probabilities that the two overlap, and that a draw's own tree makes the group.
    entropies : (K, S) array
        From K groups down to one.
    """

    merged: np.ndarray
    overlaps: np.ndarray
    made: np.ndarray
    entropies: np.ndarray


def _checked(n_components: int, n_groups: Any, cutoff: Any) -> int | None:
    if n_components > _MOST_COMPONENTS:
        raise ValueError(f"merge is for {_MOST_COMPONENTS} components at most, and the tree has {n_components}.")
    if not (isinstance(cutoff, int | float) and 0 < cutoff < 1):
        raise ValueError(f"cutoff must be a share of rows between 0 and 1, not {cutoff!r}.")
    if n_groups is None:
        return None
    number = isinstance(n_groups, int | np.integer) and not isinstance(n_groups, bool)
    if not number or not 1 <= n_groups <= n_components:
        raise ValueError(
            f"n_groups must be an integer from 1 to {n_components}, the number of components, not {n_groups!r}."
        )
    return operator.index(n_groups)


def _thinned(weights: np.ndarray, n_rows: int, draws: int | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Places of the draws of a chain, and of the rows, that are used, and what is to be said of it."""
    n_chains, available, n_components = weights.shape
    if draws is None:
        affordable = max(_FEWEST_DRAWS, int(_MOST_VALUES // (n_rows * n_components)))
        chosen = evenly(available, -(-affordable // n_chains))
    else:
        chosen = evenly(available, positive(draws, "draws"))
    rows = evenly(n_rows, max(1, int(_MOST_VALUES // (n_chains * chosen.size * n_components))))
    said = [thinned_note(chosen.size, available)]
    if rows.size < n_rows:
        said.append(f"{rows.size:,} of {n_rows:,} rows, evenly spaced, tell what overlaps.")
    return chosen, rows, " ".join(filter(None, said))


def _overlap(mistaken: np.ndarray) -> np.ndarray:
    """The larger share of each pair (S, G, G); NaN where one has no rows."""
    return np.maximum(mistaken, mistaken.swapaxes(1, 2))


def _over_draws(values: np.ndarray) -> np.ndarray:
    """Means over the draws (S, ...) that have a value; NaN where none has."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0.0).sum(axis=0) / there.sum(axis=0)


def _probability(overlap: np.ndarray, cutoff: float) -> np.ndarray:
    return _over_draws(np.where(np.isnan(overlap), np.nan, overlap > cutoff))


def _tree(shares: np.ndarray, gains: np.ndarray, cutoff: float) -> _Tree:
    """Merge pair by pair, the one that lowers the mean entropy most."""
    n_components = shares.shape[1]
    own = own_steps(shares, gains)
    names, members = list(range(n_components)), [1 << k for k in range(n_components)]
    merged, overlaps, made, entropies = [], [], [], [entr(shares).sum(axis=(1, 2))]
    for step in range(n_components - 1):
        mean = gains.mean(axis=0)
        # the first of pairs that are equal
        one, other = min(zip(*np.triu_indices(len(names), 1), strict=True), key=lambda pair: -mean[pair])
        _, mistaken = of_pairs(shares[:, [one, other]])
        overlaps.append(float(_probability(_overlap(mistaken), cutoff)[0, 1]))
        entropies.append(entropies[-1] - gains[:, one, other])
        merged.append((names[one], names[other]))
        members[one] |= members[other]
        names[one] = n_components + step
        made.append(float((own == members[one]).any(axis=1).mean()))
        del names[other], members[other]
        shares = np.concatenate([shares[:, :one], shares[:, [one]] + shares[:, [other]], shares[:, one + 1 :]], axis=1)
        shares = np.delete(shares, other, axis=1)
        gains = np.delete(np.delete(gains, other, axis=1), other, axis=2)
        for k in range(len(names)):
            if k != one:
                new, _ = of_pairs(shares[:, [one, k]])
                gains[:, one, k] = gains[:, k, one] = new[:, 0, 1]
    return _Tree(np.array(merged).reshape(-1, 2), np.array(overlaps), np.array(made), np.array(entropies))


def _cut(probability: np.ndarray, whole: _Tree, n_groups: int) -> tuple[list[list[int]], np.ndarray]:
    """Components of each group, the largest group first, and the group of each component, after so many merges."""
    n_components = probability.shape[1]
    members = {k: [k] for k in range(n_components)}
    for step, (one, other) in enumerate(whole.merged[: n_components - n_groups]):
        members[n_components + step] = members.pop(int(one)) + members.pop(int(other))
    sets = sorted(members.values(), key=lambda held: -probability[:, held].sum())
    group = np.empty(n_components, dtype=int)
    for g, held in enumerate(sets):
        group[held] = g
    return sets, group
