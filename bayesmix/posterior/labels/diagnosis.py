"""The diagnosis of a fit: numbers, and what they mean in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

import bayesmix.posterior.labels.sentences as sentences
from bayesmix.notebook import card, folded, table
from bayesmix.notebook import sentences as paragraphs
from bayesmix.notes import counted_rivals
from bayesmix.posterior.labels.apply import permutations_of, undo
from bayesmix.posterior.labels.convergence import convergence_table, worst
from bayesmix.posterior.labels.judgement import Judgement, count, judge
from bayesmix.posterior.labels.occupancy import empty_shares
from bayesmix.tree import as_tree, family_of, number_varies, record_of
from bayesmix.verdict import DIVERGENT_GATE, Reason, verdict
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

LABEL_FREE = "label-free"
GROUPS = "groups"
RAW = "groups before relabelling"
OTHERS = "other parameters"

# Quantities that a notebook shows; ``table`` has them all.
_MOST_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What the draws are worth.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``(kind, quantity)``; columns ``rhat, ess_bulk, ess_tail``. Kinds: ``label-free``,
        ``groups``, ``groups before relabelling``, ``other parameters``. Numbers are
        NaN where the draws come from no Markov chain.
    reasons : tuple of Reason
        Why the draws are not to be trusted, each with its ``kind`` and ``numbers``; empty where they are.
    passed : bool
        Whether every label-free quantity passes R-hat <= 1.01 and bulk and tail ESS >= 400; for
        ADVI and Laplace, whether Pareto k <= 0.7; True for a point estimate.
    chain_groups : tuple of tuple of int
        Chains that settled in the same basin; more than one group is multimodality.
    empty : array, (K,)
        Share of draws in which a component is the most probable one of no row; none where their number varies.
    any_empty : float
        Share of draws with at least one such component; NaN where their number varies.
    n_draws, divergences, max_tree_depth : int
        Numbers of draws, of divergent ones, and of those that reached the deepest tree.
    pareto_k : float
        Of the approximation; NaN where there is none.
    relabelling : dict
        ``method``, ``agreement``, ``margin``, ``ambiguous``; empty for raw labels.
    method : str
        How the draws were made.
    sentences : tuple of str
        Where the draws are not to be trusted, the first says so, why and what to do.
    """

    table: pd.DataFrame
    reasons: tuple[Reason, ...]
    passed: bool
    chain_groups: tuple[tuple[int, ...], ...]
    empty: np.ndarray
    any_empty: float
    n_draws: int
    divergences: int
    max_tree_depth: int
    pareto_k: float
    relabelling: dict
    method: str
    sentences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the draws can be trusted: gates passed, one basin, and few divergences; an estimate, if EM ended."""
        return not self.reasons

    @property
    def diverged_often(self) -> bool:
        """Whether more than 0.5 % of the draws diverged: a few beside good R-hat and ESS are only noted."""
        return self.divergences > DIVERGENT_GATE * self.n_draws

    @property
    def multimodal(self) -> bool:
        """Whether chains settled in different basins."""
        return len(self.chain_groups) > 1

    @property
    def max_rhat(self) -> float:
        """Largest R-hat over the label-free quantities."""
        return _worst(self.table, LABEL_FREE)[0]

    @property
    def min_ess(self) -> float:
        """Smallest bulk or tail ESS over the label-free quantities."""
        return _worst(self.table, LABEL_FREE)[1]

    @property
    def max_rhat_components(self) -> float:
        """Largest R-hat over the component parameters, as labelled now."""
        return _worst(self.table, GROUPS)[0]

    @property
    def min_ess_components(self) -> float:
        """Smallest bulk or tail ESS over the component parameters, as labelled now."""
        return _worst(self.table, GROUPS)[1]

    def __str__(self) -> str:
        """Return the sentences, one a line."""
        return "\n".join(self.sentences)

    @property
    def _verdict(self) -> str:
        return "ok" if self.ok else "not to be trusted"

    def __repr__(self) -> str:
        said = "".join(f"\n  - {sentence}" for sentence in self.sentences)
        return f"Diagnosis({self.method!r}, n_draws={self.n_draws}: {self._verdict}){said}"

    def _repr_html_(self) -> str:
        worst_first = self.table.dropna().sort_values("rhat", ascending=False, kind="stable")
        rows = [
            (f"{kind}: {quantity}", f"{rhat:.3f}", f"{bulk:.0f}", f"{tail:.0f}")
            for (kind, quantity), rhat, bulk, tail in worst_first.head(_MOST_SHOWN).itertuples(name=None)
        ]
        left_out = len(worst_first) - len(rows)
        which = f"the {len(rows)} worst of {len(worst_first)} quantities" if left_out else "every quantity"
        return card(
            f"Diagnosis of {self.n_draws:,} draws ({self.method}): {self._verdict}",
            paragraphs(*self.sentences),
            folded(which, table(("quantity", "R-hat", "bulk ESS", "tail ESS"), rows)) if rows else "",
        )


@named_arguments
def diagnose(tree: "xr.DataTree | EMResult") -> Diagnosis:
    """Say how far the draws of a fit can be trusted, and why.

    The sampler is judged by quantities that do not depend on labels: log-likelihood, sorted
    weights, total covariance. R-hat and ESS of the groups' parameters, before and after relabelling,
    are shown beside them: poor ones before relabelling are label switching, poor ones after it
    are groups that cannot be told apart.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult

    Returns
    -------
    Diagnosis
        Prints as sentences.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, Bayesian Analysis 16.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> found = bm.diagnose(tree)
    >>> found.ok
    True
    >>> found.table.loc["label-free"].columns.tolist()
    ['rhat', 'ess_bulk', 'ess_tail']
    >>> print(found)  # doctest: +ELLIPSIS
    Label-free quantities: largest R-hat 1.00... (gate 1.01), smallest effective sample size ...
    """
    tree = as_tree(tree)
    record, judged = record_of(tree), judge(tree)
    each, any_empty = (np.empty(0), np.nan) if number_varies(tree) else empty_shares(tree)
    diagnosis = Diagnosis(
        table=_table(tree, judged),
        reasons=judged.reasons,
        passed=judged.passed,
        chain_groups=judged.chain_groups,
        empty=each,
        any_empty=any_empty,
        n_draws=judged.n_draws,
        divergences=judged.divergences,
        max_tree_depth=count(tree, "reached_max_treedepth"),
        pareto_k=judged.pareto_k,
        relabelling=record.get("relabelling", {}),
        method=record["method"],
        sentences=(),
    )
    return replace(diagnosis, sentences=tuple(_sentences(diagnosis, judged, record.get("other_optima", ()))))


def _sentences(diagnosis: Diagnosis, judged: Judgement, other_optima: Sequence[Mapping]) -> list[str]:
    """What is wrong first, then what the draws are worth, then what else is to be known."""
    said = [verdict(diagnosis.reasons)] if diagnosis.reasons else []
    if judged.kind == "point":
        said.append("A point estimate: there are no draws to diagnose, and no uncertainty in it.")
    elif judged.kind == "independent":
        said += sentences.approximation(diagnosis.method, diagnosis.pareto_k, counted_rivals(other_optima))
    else:
        now = diagnosis.max_rhat, diagnosis.min_ess
        said += sentences.sampling(*now, n_chains=judged.quantities.sizes["chain"])
        kinds = diagnosis.table.index.get_level_values("kind")
        if GROUPS in kinds:  # whose number is one and the same
            raw = _worst(diagnosis.table, RAW) if RAW in kinds else None
            said += sentences.groups(_worst(diagnosis.table, GROUPS), raw, label_free_ok=diagnosis.passed)
    log_likelihoods = judged.quantities["log_likelihood"].mean("draw").to_series().to_dict()
    said += sentences.basins(diagnosis.chain_groups, log_likelihoods)
    if not diagnosis.diverged_often:  # else among the reasons
        said += sentences.divergences(diagnosis.divergences, diagnosis.n_draws)
    said += sentences.tree_depth(diagnosis.max_tree_depth, diagnosis.n_draws)
    said += sentences.relabelling(diagnosis.relabelling)
    said += sentences.emptiness(diagnosis.empty, diagnosis.any_empty)
    return said


def _table(tree: xr.DataTree, judged: Judgement) -> pd.DataFrame:
    if number_varies(tree):
        return pd.concat({LABEL_FREE: judged.table}, names=["kind", "quantity"])
    components, others = _parameters(tree)
    kinds = {GROUPS: components, OTHERS: others}
    if not (permutations_of(tree) == np.arange(components.sizes["component"])).all():
        kinds[RAW] = _parameters(undo(tree))[0]
    independent = judged.kind != "chains"
    tables = {LABEL_FREE: judged.table}
    tables |= {k: convergence_table(v, independent=independent) for k, v in kinds.items()}
    filled = {kind: table for kind, table in tables.items() if len(table)}
    return pd.concat(filled or {LABEL_FREE: tables[LABEL_FREE]}, names=["kind", "quantity"])


def _worst(table: pd.DataFrame, kind: str) -> tuple[float, float]:
    return worst(table.loc[table.index.get_level_values("kind") == kind])


def _parameters(tree: xr.DataTree) -> tuple[xr.Dataset, xr.Dataset]:
    """Weights, the family's parameters and what else has components; then all other variables."""
    posterior = tree["posterior"].to_dataset()
    family = family_of(tree)
    derived = {spec.name for spec in family.derived}  # functions of the parameters, or they of them
    own = {"weights", *(spec.name for spec in family.parameters)}
    names = [str(name) for name in posterior.data_vars if name not in derived]
    components = [n for n in names if n in own or "component" in posterior[n].dims]
    return posterior[components], posterior[[n for n in names if n not in components]]
