"""The evidence of the models of a comparison under several priors, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.evaluation import Settings, evidence_of, put_together
from bayesmix.comparison.evidence import Evidence
from bayesmix.comparison.progress import sweeping
from bayesmix.comparison.table import INDEX, posterior_probabilities
from bayesmix.data import Rows
from bayesmix.mixture import Mixture
from bayesmix.notes import Note
from bayesmix.verdict import said_by_caller


def read_stated(priors: Any) -> dict[str, Mapping[str, Any] | None]:
    """Priors by what they are called.

    Raises
    ------
    TypeError, ValueError
        When it is no mapping from names to priors, or is empty.
    """
    shape = '{"default": None, "narrow": {"components": bm.priors.NormalInverseWishart(...)}}'
    if not isinstance(priors, Mapping) or not all(
        isinstance(name, str) and (one is None or isinstance(one, Mapping)) for name, one in priors.items()
    ):
        raise TypeError(f"priors must map names to priors as Mixture takes them, {shape}, not {priors!r}.")
    if not priors:
        raise ValueError(f"priors is empty: give one prior at least, such as {shape}.")
    return dict(priors)


def evidences(
    candidates: Sequence[Candidate],
    rows: Rows,
    priors: Mapping[str, Mapping[str, Any] | None],
    settings: Settings,
    seed: int,
    progressbar: bool,
) -> pd.DataFrame:
    """Fit every model under every prior, and measure its evidence; see ``Comparison.evidence_under``."""
    index = pd.MultiIndex.from_tuples([candidate.key for candidate in candidates], names=INDEX)
    # Everything is read before anything is fitted.
    mixtures = {
        name: [Mixture(c.mixture.n_components, c.mixture.family, priors=prior) for c in candidates]
        for name, prior in priors.items()
    }
    seeds = np.random.SeedSequence(seed).spawn(len(priors) * len(candidates))
    parts = {}
    with sweeping(progressbar, len(seeds)) as advance, said_by_caller():
        for name, of_prior in mixtures.items():
            found = [_of(mixture, rows, settings, seeds.pop(0), advance(f"{mixture}, {name}")) for mixture in of_prior]
            logs = np.array([one.log_evidence for one in found])
            part = pd.DataFrame(
                {
                    "log_evidence": logs,
                    "log_evidence_se": [one.se for one in found],
                    "posterior_probability": posterior_probabilities(logs, np.ones(len(logs))),
                    "reason": ["" if one.reason is None else one.reason.words for one in found],
                },
                index=index,
            )
            parts[name] = part
    return pd.concat(parts, axis=1, names=["prior", None])


def _of(mixture: Mixture, rows: Rows, settings: Settings, seed: np.random.SeedSequence, report: Any) -> Evidence:
    problem = put_together(mixture, rows)
    if isinstance(problem, Candidate):
        return Evidence(reason=Note("ended", {"engine": str(mixture), "how": "; ".join(problem.notes)}))
    return evidence_of(problem, settings, seed, report)
