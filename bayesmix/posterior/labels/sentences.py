"""Diagnostic numbers in words: each function tells one thing, in no or a few sentences."""

from collections.abc import Sequence

import numpy as np

from bayesmix.data.words import joined
from bayesmix.registry import ENGINES
from bayesmix.verdict import ESS_GATE, PARETO_GATE, RHAT_GATE

# Below this agreement with the pivot, or above this share of ambiguous draws, names are doubtful.
_AGREEMENT_GATE = 0.7
_AMBIGUOUS_GATE = 0.05
# A share of draws with an empty group below this is not worth a sentence.
EMPTY_GATE = 0.05


def sampling(rhat: float, ess: float, n_chains: int) -> list[str]:
    """Tell the numbers of the label-free quantities, by which the sampler is judged."""
    numbers = (
        f"Label-free quantities: largest R-hat {rhat:.3f} (gate {RHAT_GATE}), "
        f"smallest effective sample size {ess:.0f} (gate {ESS_GATE})"
    )
    if n_chains < 2:
        return [f"Label-free quantities of one chain: smallest effective sample size {ess:.0f} (gate {ESS_GATE})."]
    agree = rhat <= RHAT_GATE and ess >= ESS_GATE
    return [f"{numbers}: the chains agree." if agree else f"{numbers}."]


def approximation(method: str, pareto_k: float, other_optima: str) -> list[str]:
    """Judge draws that come from no Markov chain, and know of one basin alone."""
    name = ENGINES[method].words if method in ENGINES else method
    start = f"{name[0].upper()}{name[1:]} gives independent draws: R-hat and effective sample size do not apply."
    if np.isnan(pareto_k):
        return [f"{start} No Pareto k was stored, so nothing says how close it is."]
    if pareto_k > PARETO_GATE:
        return [start]
    beside = f", which is not the only one: there are {other_optima}" if other_optima else ""
    return [f"{start} Pareto k is {pareto_k:.3f} (gate {PARETO_GATE}): close to the posterior in this basin{beside}."]


def groups(now: tuple[float, float], raw: tuple[float, float] | None, label_free_ok: bool) -> list[str]:
    """Compare the parameters of the groups as named now with their raw names."""
    text = (
        f"Parameters of the groups as labelled now: largest R-hat {now[0]:.3f}, "
        f"smallest effective sample size {now[1]:.0f}"
    )
    if raw is not None:
        text += f" (before relabelling {raw[0]:.3f} and {raw[1]:.0f})"
    if label_free_ok and not (now[0] <= RHAT_GATE and now[1] >= ESS_GATE):
        text += ": the sampler mixes, but groups cannot be told apart in every draw, so read their parameters with care"
    return [text + "."]


def divergences(number: int, n_draws: int) -> list[str]:
    """Tell of divergent transitions."""
    if number == 0:
        return []
    return [
        f"{number} of {n_draws} draws diverged: a region of the posterior may be missing. "
        "Raise target_accept, fit fewer groups (n_components=) or choose a stronger prior for the groups."
    ]


def tree_depth(number: int, n_draws: int) -> list[str]:
    """Tell of trajectories that were cut short."""
    if number == 0:
        return []
    return [f"{number} of {n_draws} draws reached the deepest tree: the sampler is slow, not wrong. Raise tune."]


def relabelling(made: dict) -> list[str]:
    """Tell how well labels could be told apart."""
    if not made:
        return []
    if made["method"] == "order":
        by = made["by"] if isinstance(made["by"], str) else " of ".join(reversed(made["by"]))
        return [f"Groups are ordered by {by} in every draw."]
    seen = f"{made['rows']:,} rows that stand for all" if "rows" in made else "the rows"
    text = (
        f"Relabelling ({made['method']}): {made['agreement']:.1%} of {seen} agree with the EM "
        f"labels, margin {made['margin']:.2f}, {made['ambiguous']:.1%} of the draws ambiguous"
    )
    if made["agreement"] < _AGREEMENT_GATE or made["ambiguous"] > _AMBIGUOUS_GATE:
        text += ": the groups overlap, so their labels are partly a convention"
    return [text + "."]


def basins(groups: Sequence[Sequence[int]], log_likelihoods: dict[int, float]) -> list[str]:
    """Name the chains that settled together."""
    if len(groups) < 2:
        return []
    described = [
        f"{_chains(group)} (mean log-likelihood {np.mean([log_likelihoods[chain] for chain in group]):.1f})"
        for group in groups
    ]
    return [
        f"The posterior has several basins, whatever the labels: {'; '.join(described)}. "
        "The pooled draws are not the posterior: they weigh basins by how many chains began there. "
        "R-hat cannot see basins in which no chain began."
    ]


def emptiness(each: np.ndarray, any_empty: float) -> list[str]:
    """Tell of groups that own no row."""
    if not any_empty >= EMPTY_GATE:
        return []
    named = [f"group {k} in {share:.0%}" for k, share in enumerate(each) if share >= EMPTY_GATE]
    text = f"At least one group owns no row in {any_empty:.0%} of the draws"
    if named:
        text += f" ({', '.join(named)})"
    return [text + ": fewer groups may do."]


def _chains(group: Sequence[int]) -> str:
    return f"{'chain' if len(group) == 1 else 'chains'} {joined(group)}"
