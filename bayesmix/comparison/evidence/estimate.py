"""The evidence of the model of a tree, with its error, or why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayesmix.comparison.evidence.around_draws import GaussianProposal
from bayesmix.comparison.evidence.bridge import Bridge, bridge
from bayesmix.comparison.evidence.proposals import Points, Proposal, log_likelihoods
from bayesmix.comparison.pointwise import check_posterior
from bayesmix.comparison.unconstrained import exchanged_variables, flat, problem_of, unconstrained
from bayesmix.data.rows import interchangeable
from bayesmix.families.complete_data import CompleteData
from bayesmix.notebook import card, facts, sentences
from bayesmix.notes import Note
from bayesmix.posterior.labels.judgement import verdict_of
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.tree import (
    as_tree,
    concentration_varies,
    family_of,
    log_likelihood_blocks,
    number_varies,
    record_of,
    training_rows,
)
from bayesmix.verdict import Reason
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

SPREAD_GATE = 0.5
"""Nats that the evidences of single chains may lie apart."""
_MOST_DRAWS = 4000  # of the posterior, half of which are bridged to what the other half proposes
_ASSIGNMENTS = 70  # for each component: the more of them, the more ways to assign rows
_MOST_NUMBERS = 1e9  # rows times components times points that are proposed
_FEWEST = 200
_MOST_LABELLED = 6  # components over whose labellings a Gaussian is averaged
_APPROXIMATIONS = ("advi", "laplace")

Fold = Callable[[np.ndarray, np.ndarray, np.random.Generator], Bridge]


@named_arguments
@dataclass(frozen=True, eq=False)
class Evidence:
    """The log evidence of a model.

    Attributes
    ----------
    log_evidence : float
        NaN where there is none; ``reason`` says why.
    se : float
        Its standard error.
    by_chain : (C,) array
        From the draws of each chain alone.
    reason : Note or None
        Why there is none.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(1).fit_laplace(bm.datasets.load_faithful(), random_seed=1)
    >>> bm.log_evidence(tree).se
    nan
    """

    log_evidence: float = np.nan
    se: float = np.nan
    by_chain: np.ndarray = field(default_factory=lambda: np.empty(0))
    reason: Note | None = None

    def __repr__(self) -> str:
        if self.reason is not None:
            return f"no log evidence: {self.reason.words}"
        return f"log evidence {self.log_evidence:.2f}, standard error {self.se:.2g}"

    def _repr_html_(self) -> str:
        if self.reason is not None:
            return card("No log evidence", sentences(f"{self.reason.words[0].upper()}{self.reason.words[1:]}."))
        chains = ", ".join(f"{one:.2f}" for one in self.by_chain)
        return card(
            f"Log evidence {self.log_evidence:.2f}", facts({"standard error": f"{self.se:.2g}", "by chain": chains})
        )


@named_arguments
def log_evidence(tree: "xr.DataTree | EMResult") -> Evidence:
    r"""Log of the density of the rows with weights and parameters integrated out, by bridge sampling.

    .. math:: p(x \mid K) = \int p(x \mid \theta, K) \, p(\theta \mid K) \, d\theta

    Half of the draws make a proposal that has every mode of the posterior under every labelling: a mixture of the
    posteriors given assignments that are drawn at 70 K of them. The other half is bridged to it; then the halves
    change places. The standard error has the part of the chains, with their autocorrelation and their disagreement,
    and that of the proposal's own draws. Where a component has no closed form given its rows (Student-t, the separated
    prior) the proposal is a Gaussian around the relabelled draws, averaged over labellings, for up to 6 components.

    Evidence is of the prior, too: it falls by a nat with every parameter whose prior is made e times as wide, whether
    or not the posterior changes.

    Parameters
    ----------
    tree : xarray.DataTree
        Of ``fit_nuts``, ``fit_gibbs`` or ``adopt``.

    Returns
    -------
    Evidence
        Without a number where the draws cannot be trusted or are of an approximation, where the evidences of single
        chains lie more than half a nat apart, where the constant of the prior is not known, and where the number of
        components or the concentration of the weights' prior is one of the unknowns.

    Raises
    ------
    ValueError
        When the tree is a point estimate or has fewer than 25 draws.

    References
    ----------
    Meng, X.-L. and Wong, W. H. (1996). Simulating ratios of normalizing constants via a simple identity. Statistica
    Sinica 6, 831-860. Fruehwirth-Schnatter, S. (2004). Estimating marginal likelihoods for mixture and Markov switching
    models using bridge sampling techniques. Econometrics Journal 7, 143-167.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> round(bm.log_evidence(tree).log_evidence)
    -1168
    """
    tree = as_tree(tree)
    check_posterior(tree)
    with progress(None) as report:
        report("evidence")
        return measured(tree, verdict_of(tree), np.random.default_rng(0))


def measured(tree: xr.DataTree, reasons: tuple[Reason, ...], rng: np.random.Generator) -> Evidence:
    """The evidence of a tree against which there are these reasons; assignments and proposals are drawn by ``rng``."""
    if record_of(tree)["method"] in _APPROXIMATIONS:
        return Evidence(reason=Note("evidence_of_approximation"))
    if number_varies(tree):
        return Evidence(reason=Note("evidence_of_all_numbers"))
    if concentration_varies(tree):
        return Evidence(reason=Note("evidence_of_all_concentrations"))
    if reasons:
        return Evidence(reason=Note("evidence_untrusted", {"why": [reason.clause for reason in reasons]}))
    family, rows = family_of(tree), training_rows(tree)
    if rows.log_prior is not None and len(interchangeable(rows.log_prior)) < rows.log_prior.shape[1]:
        return Evidence(reason=Note("evidence_of_partly_known"))
    if not family.has_prior_constant:
        return Evidence(reason=Note("evidence_without_constant", {"family": str(family)}))
    problem = problem_of(tree)
    if problem is None:
        return Evidence(reason=Note("evidence_of_pymc_prior"))
    if problem.has_copies:
        problem = problem.copies  # of which each has a component of its own
    fold = _fold_of(tree, problem)
    return fold if isinstance(fold, Evidence) else _folded(tree, fold, rng)


def _folded(tree: xr.DataTree, fold: Fold, rng: np.random.Generator) -> Evidence:
    """Both halves of every chain, each bridged to what the other one proposes."""
    sizes = tree["posterior"].to_dataset().sizes
    n_chains, n_draws = sizes["chain"], sizes["draw"]
    chosen = np.linspace(0, n_draws - 1, min(n_draws, _MOST_DRAWS // n_chains)).round().astype(int)
    places = np.arange(n_chains)[:, None] * n_draws + chosen
    half = len(chosen) // 2
    first, second = places[:, :half], places[:, len(chosen) - half :]
    bridges = [fold(first, second, rng), fold(second, first, rng)]
    by_chain = np.mean([one.by_chain for one in bridges], axis=0)
    # each half is one of two: a quarter of the sum of their variances
    variance = sum(one.variance_of_chains + one.variance_of_proposal for one in bridges) / 4
    spread = float(np.ptp(by_chain))
    if not spread <= SPREAD_GATE:
        return Evidence(by_chain=by_chain, reason=Note("evidence_chains_apart", {"spread": spread}))
    value = float(np.mean([one.log_integral for one in bridges]))
    return Evidence(value, float(np.sqrt(variance)), by_chain)


def _fold_of(tree: xr.DataTree, problem: Problem) -> Fold | Evidence:
    """How to bridge one half of the draws to what the other one proposes; or why it cannot be done."""
    exchangeable = bool(record_of(tree)["exchangeable"])
    conditional = problem.conditional
    beside = (problem.rows.missing, problem.rows.weights, problem.rows.subjects, problem.rows.errors)
    if conditional is None or any(one is not None for one in beside):
        rows = None
    else:
        rows = conditional.complete_data(problem.standardised.columns)
    if rows is not None:
        return _given_assignments(tree, problem, rows, exchangeable)
    density = problem.closed_form()
    if density is None:
        return Evidence(reason=Note("evidence_of_pymc_density"))
    if exchangeable and problem.n_components > _MOST_LABELLED:
        return Evidence(reason=Note("evidence_of_many", {"most": _MOST_LABELLED}))
    exchanged = exchanged_variables(tree, problem)
    q = unconstrained(tree, problem, density)

    def fold(build: np.ndarray, bridged: np.ndarray, rng: np.random.Generator) -> Bridge:
        proposal = GaussianProposal.of_draws(density, q[build.ravel()], exchanged)
        ours = proposal.log_ratio(q[bridged.ravel()]).reshape(bridged.shape)
        return bridge(ours, proposal.log_ratio(proposal.gaussian.draw(bridged.size, rng)))

    return fold


def _given_assignments(tree: xr.DataTree, problem: Problem, rows: CompleteData, exchangeable: bool) -> Fold:
    named = flat(tree)
    blocks = (values.sum(axis=-1).ravel() for _, values in log_likelihood_blocks(tree))
    log_likelihood = sum(blocks, np.zeros(len(named["weights"])))
    n_proposed = int(_MOST_NUMBERS / (problem.rows.n_rows * problem.n_components))

    def fold(build: np.ndarray, bridged: np.ndarray, rng: np.random.Generator) -> Bridge:
        n_kept = min(build.size, _ASSIGNMENTS * problem.n_components)
        kept = build.ravel()[np.linspace(0, build.size - 1, n_kept).round().astype(int)]
        proposal = Proposal.of_draws(problem, rows, _at(named, kept), exchangeable, rng)
        of_posterior = _at(named, bridged.ravel())
        if exchangeable:
            of_posterior = _renamed(problem, of_posterior, rng)
        state = problem.standardised.to_state(of_posterior)
        ours = proposal.log_ratio(Points.of_draws(of_posterior["weights"], state), log_likelihood[bridged.ravel()], rng)
        proposed = proposal.draw(min(bridged.size, max(_FEWEST, n_proposed)), rng)
        theirs = proposal.log_ratio(proposed, log_likelihoods(problem, proposed), rng)
        return bridge(ours.reshape(bridged.shape), theirs)

    return fold


def _at(named: Mapping[str, np.ndarray], draws: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[draws] for name, values in named.items()}


def _renamed(problem: Problem, named: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Every draw under a labelling of its own: chains visit few of all of them, and relabelled ones a single one."""
    order = rng.permuted(np.tile(np.arange(problem.n_components), (len(named["weights"]), 1)), axis=1)
    draws = np.arange(len(order))[:, None]
    moving = problem.family.component_variables
    return {name: values[draws, order] if name in moving else values for name, values in named.items()}
