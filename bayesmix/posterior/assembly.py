"""From an engine's draws to a tree: names, relabelling, log-likelihood, responsibilities and what must be said."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.engines import Draws
from bayesmix.engines.em import EMResult
from bayesmix.engines.protocol import Start
from bayesmix.notes import Note
from bayesmix.posterior.labels.judgement import heed, judge
from bayesmix.posterior.labels.relabelling import relabel_draws
from bayesmix.posterior.membership import draws_for, with_responsibilities
from bayesmix.posterior.propriety import improper
from bayesmix.priors.sets import hyperparameters
from bayesmix.tree import build_tree
from bayesmix.tree.record import describe
from bayesmix.tree.verdicts import with_verdict

# Above this many values the log-likelihood is not stored unless asked for; loo and waic then stream it.
STORED_VALUES = 5e7


def tree_of_draws(
    draws: Draws,
    start: Start,
    *,
    method: str,
    relabel_method: str | None,
    log_likelihood: bool | None,
    settings: Mapping[str, Any],
) -> xr.DataTree:
    """The tree of an engine's draws of the flat vector."""
    return assemble(
        {**start.density.constrain(draws.unconstrained), **draws.others},
        start.em,
        exchangeable=start.exchangeable,
        sample_stats=draws.stats,
        method=draws.method or method,
        relabel_method=relabel_method,
        log_likelihood=log_likelihood,
        seed=start.seed,
        settings=settings,
        seconds={"em": start.em.seconds, **draws.seconds},
        notes=draws.notes,
        attrs=draws.attrs,
    )


def assemble(
    named: Mapping[str, Any],
    em: EMResult,
    *,
    exchangeable: bool,
    sample_stats: Mapping[str, np.ndarray],
    method: str,
    relabel_method: str | None,
    log_likelihood: bool | None,
    seed: int | None,
    seconds: Mapping[str, float],
    settings: Mapping[str, Any],
    notes: tuple[Note, ...] = (),
    attrs: Mapping[str, float] | None = None,
) -> xr.DataTree:
    """The tree of named draws (chain, draw, ...), relabelled against the EM labels.

    ``log_likelihood=None`` stores it up to 5e7 values.
    """
    family, rows = em.family, em.rows
    params = {spec.name: np.asarray(named[spec.name]) for spec in family.parameters}
    weights = np.asarray(named["weights"])
    n_values = weights.shape[0] * weights.shape[1] * rows.n_rows
    stored = n_values <= STORED_VALUES if log_likelihood is None else log_likelihood
    said = list(notes)
    if not stored:
        said.append(Note("log_likelihood_not_stored", {"values": n_values}))
    n_draws = weights.shape[0] * weights.shape[1]
    if (used := draws_for(rows.n_rows, weights.shape[-1], n_draws)) < n_draws:
        said.append(Note("summaries_of_some_draws", {"used": used, "of": n_draws}))
    if not exchangeable and rows.log_prior is None:
        said.append(Note("labels_identified"))
    said += family.remarks(rows, em.priors)
    said += improper(family, rows, em.priors) if em.n_components > 1 else ()
    said += em.notes
    tree = build_tree(
        family=family,
        rows=rows,
        posterior=named,
        sample_stats=sample_stats,
        constant_data={"pivot": em.labels, **hyperparameters(em.priors)},
        log_likelihood=(
            rows.weighed(family.log_mixture(weights, params, rows.entries, beforehand=rows.beforehand))
            if stored
            else None
        ),
        log_prior=_log_prior(em, named),
        posterior_attrs=attrs,
        record={
            "method": method,
            "exchangeable": exchangeable,
            "mixture": describe(family, em.n_components, em.priors),
            "seed": seed,
            "settings": dict(settings),
            "seconds": dict(seconds),
            "notes": [note.to_dict() for note in said],
            "other_optima": list(em.rivals),
        },
    )
    if relabel_method is not None and exchangeable and em.n_components > 1:
        tree = relabel_draws(tree, relabel_method)
    judged = judge(tree)
    tree["posterior"].attrs["multimodal"] = int(len(judged.chain_groups) > 1)
    tree = with_responsibilities(with_verdict(tree, judged.reasons))
    heed(tree)
    return tree


def _log_prior(em: EMResult, named: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """Of each free variable; None where a prior is known to PyMC alone."""
    if not em.priors.closed:
        return None
    own, weights = em.family.log_prior_terms(em.priors, named), em.priors.weights
    concentration = None
    if weights.hyperprior is not None:
        concentration = named["concentration"]
        own["concentration"] = weights.hyperprior.log_density(concentration)
    return own if em.n_components == 1 else {"weights": weights.log_density(named["weights"], concentration), **own}
