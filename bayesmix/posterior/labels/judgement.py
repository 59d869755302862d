"""Whether draws can be trusted: the numbers that decide, and the reasons against them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.notes import data_of
from bayesmix.posterior.labels.basins import chain_groups
from bayesmix.posterior.labels.convergence import convergence_table, worst
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.registry import from_chains
from bayesmix.tree import as_tree, number_varies, record_of
from bayesmix.tree.verdicts import stored_verdict, tell
from bayesmix.verdict import DIVERGENT_GATE, ESS_GATE, PARETO_GATE, RHAT_GATE, Reason, is_silent, pass_on, was_heard

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the gates look at, none of which depends on labels.

    Attributes
    ----------
    quantities : xarray.Dataset
        From ``label_free``.
    table : pandas.DataFrame
        Their R-hat and effective sizes; NaN where the draws come from no Markov chain.
    chain_groups : tuple of tuple of int
    n_draws, divergences : int
    pareto_k : float
    kind : str
        ``"point"``, ``"chains"`` or ``"independent"``.
    by_gibbs : bool
        Whether the chains are of Gibbs sampling.
    stored : tuple of Reason
        What the record says against a point estimate, or against chains, which no gate below shows.
    """

    quantities: xr.Dataset
    table: pd.DataFrame
    chain_groups: tuple[tuple[int, ...], ...]
    n_draws: int
    divergences: int
    pareto_k: float
    kind: str
    by_gibbs: bool = False
    stored: tuple[Reason, ...] = ()

    @property
    def max_rhat(self) -> float:
        """Largest R-hat; NaN where one is."""
        return worst(self.table)[0]

    @property
    def min_ess(self) -> float:
        """Smallest bulk or tail ESS; NaN where one is."""
        return worst(self.table)[1]

    @property
    def passed(self) -> bool:
        """Whether R-hat and ESS, or Pareto k, pass their gates."""
        if self.kind == "chains":
            return bool(self.max_rhat <= RHAT_GATE and self.min_ess >= ESS_GATE)
        return not self.pareto_k > PARETO_GATE

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the draws are not to be trusted; nothing where they are."""
        if self.kind == "point":
            return self.stored
        found, by = [], {"sampler": "gibbs"} if self.by_gibbs else {}
        if self.kind == "chains" and [len(group) for group in self.chain_groups] == [1]:
            found.append(Reason("one_chain"))
        basins = len(self.chain_groups)
        if basins > 1:  # which explains poor numbers
            found.append(Reason("basins", {"basins": basins, **by}))
        else:
            if self.max_rhat > RHAT_GATE:
                found.append(Reason("disagreement", {"rhat": self.max_rhat, **by}))
            if self.min_ess < ESS_GATE:
                found.append(Reason("few_draws", {"ess": self.min_ess, **by}))
        found += self.stored
        if self.divergences > DIVERGENT_GATE * self.n_draws:
            found.append(Reason("divergences", {"divergences": self.divergences, "draws": self.n_draws}))
        if self.pareto_k > PARETO_GATE:
            found.append(Reason("approximation", {"pareto_k": self.pareto_k}))
        if not self.passed and not found:
            found.append(Reason("unjudged", by))
        return tuple(found)


def judge(tree: xr.DataTree) -> Judgement:
    """Measure what the gates ask for."""
    sizes = tree["posterior"].to_dataset().sizes
    n_draws = sizes["chain"] * sizes["draw"]
    kind = "point" if n_draws == 1 else "chains" if from_chains(record_of(tree)["method"]) else "independent"
    quantities = label_free(tree)
    chains = kind == "chains"
    return Judgement(
        quantities=quantities,
        table=convergence_table(quantities, independent=not chains),
        chain_groups=chain_groups(quantities) if chains else (tuple(range(sizes["chain"])),),
        n_draws=n_draws,
        divergences=count(tree, "diverging"),
        pareto_k=float(tree["posterior"].attrs.get("pareto_k", np.nan)),
        kind=kind,
        by_gibbs=record_of(tree)["method"] == "gibbs",
        stored=(stored_verdict(tree) or ()) if kind == "point" else _not_settled(tree),
    )


def _not_settled(tree: xr.DataTree) -> tuple[Reason, ...]:
    """A component that chains hold unequally often, which the sampler noted when its sweeps were spent."""
    spent = [note for note in data_of(record_of(tree)["notes"], "sweeps_spent") if note.get("component")]
    return tuple(Reason("small_component", note["component"]) for note in spent)


def count(tree: xr.DataTree, name: str) -> int:
    """Number of draws of which a statistic is true."""
    stats = tree["sample_stats"].to_dataset()
    return int(stats[name].sum()) if name in stats else 0


def verdict_of(tree: xr.DataTree) -> tuple[Reason, ...]:
    """Why a tree is not to be trusted: as its record says, or judged where that is silent."""
    stored = stored_verdict(tree)
    return judge(tree).reasons if stored is None else stored


def heed(tree: xr.DataTree) -> None:
    """Warn of a tree that is not to be trusted, when it is first used."""
    if not (is_silent() or was_heard(tree)):
        tell(tree, verdict_of(tree))


def heeded_with_names(result: "xr.DataTree | EMResult", asked: str) -> xr.DataTree:
    """The same for what speaks of single groups.

    Raises
    ------
    ValueError
        Where the number of groups varies from draw to draw.
    """
    tree = heeded(result)
    if number_varies(tree):
        raise ValueError(
            f"{asked} speaks of single groups, and none is the same in all draws of this tree, whose number of groups "
            "varies: bm.number_of_groups tells how many there are, bm.similarity and bm.partition who belongs with "
            "whom, and bm.modes where the density has its peaks; Mixture(n_components) with a given number has groups "
            "to speak of"
        )
    return tree


def heeded(result: "xr.DataTree | EMResult") -> xr.DataTree:
    """The tree of a result, of which the user has been warned: every public function above begins with it.

    Raises
    ------
    TypeError, ValueError
        As ``as_tree``.
    """
    tree = as_tree(result)
    heed(tree)
    if result is not tree and not is_silent():
        pass_on(tree, result)
    return tree
