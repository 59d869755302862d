"""What a careful reader of one row of the table must know, in words."""

from collections.abc import Sequence

import numpy as np
from arviz_stats.utils import ELPDDataLOO, ELPDDataLOOKFold

from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.evidence import Evidence
from bayesmix.comparison.information import P_WAIC_I, ELPDDataWAIC
from bayesmix.comparison.refit import Repair
from bayesmix.data.words import counted, joined
from bayesmix.engines.em import EMResult
from bayesmix.posterior.labels import Diagnosis
from bayesmix.posterior.labels.sentences import EMPTY_GATE
from bayesmix.standing import SMALL_DIFFERENCE, STANDARD_ERRORS
from bayesmix.verdict import PARETO_GATE

PRIOR_SHARE = 0.1
# WAIC and LOO estimate the same number; less than this apart, nothing hangs on which is read.
_WAIC_GAP = 1.0


def of_estimates(em: EMResult, ml: EMResult | None) -> list[str]:
    """EM: how it ended, which other optima there are, what BIC rests on, the prior's share."""
    notes = [note.words for note in em.notes]
    if ml is None:
        notes.append(
            "no maximum-likelihood estimate (every start collapsed, or the data covariance is "
            "singular): BIC, AIC and ICL are at the MAP estimate"
        )
    elif not ml.converged:
        notes.append(f"maximum likelihood: {ml.status.value}")
    return notes + _of_prior(em)


def _of_prior(em: EMResult) -> list[str]:
    shares = em.prior_shares
    if shares is None:
        return []
    large = [(k, share) for k, share in enumerate(shares) if share > PRIOR_SHARE]
    if not large:
        return []
    if len(shares) < em.n_components:
        return [f"the prior makes up {shares[0]:.0%} of the shared covariance"]
    shown = joined([f"{share:.0%} in group {k}" for k, share in large])
    return [f"the prior makes up much of the covariances: {shown}"]


def of_posterior(diagnosis: Diagnosis) -> list[str]:
    """What does not forbid to use the draws."""
    notes = []
    if diagnosis.divergences and not diagnosis.diverged_often:  # else among the reasons
        notes.append(f"{diagnosis.divergences} of {diagnosis.n_draws} draws diverged")
    if diagnosis.any_empty >= EMPTY_GATE:
        notes.append(f"a group is empty in {diagnosis.any_empty:.0%} of the draws")
    return notes


def of_bad_rows(repaired: Repair, max_refits: int | None) -> list[str]:
    """What became of the rows that importance sampling cannot leave out; ``max_refits`` is None: nothing was tried."""
    matched, refitted, remaining = map(len, (repaired.matched, repaired.refitted, repaired.remaining))
    if not matched + refitted + remaining:
        return []
    start = f"{counted(matched + refitted + remaining, 'row')} with Pareto k > {PARETO_GATE}"
    if max_refits is None:
        return [f"{start}, not repaired"]
    done = [(matched, "repaired by moment matching"), (refitted, "refitted exactly"), (remaining, "not repaired")]
    parts = [(count, how) for count, how in done if count]
    if len(parts) == 1:
        said = f"{start}, {parts[0][1]}"
    else:
        said = f"{start}: {', '.join(f'{count} {how}' for count, how in parts)}"
    if not repaired.spent:
        return [said]
    most = {0: "no refit was", 1: "1 refit was"}.get(max_refits, f"{max_refits} refits were")
    return [f"{said} ({most} allowed: refits={refitted + remaining} is enough)"]


def of_folds(kfold: ELPDDataLOOKFold | None, loo: ELPDDataLOO, n_unmixed: int) -> list[str]:
    """What leaving folds out says, and whether LOO agrees with it."""
    if kfold is None:
        return []
    apart = kfold.elpd_i.values - loo.elpd_i.values
    gap, error = float(apart.sum()), float(np.sqrt(apart.size * np.var(apart, ddof=1)))
    said = (
        f"{kfold.n_folds}-fold cross-validation: elpd {kfold.elpd:.1f}, {abs(gap):.1f} "
        f"{'above' if gap > 0 else 'below'} LOO"
    )
    if abs(gap) > max(SMALL_DIFFERENCE, STANDARD_ERRORS * error):
        said += f", which is more than by chance (standard error {error:.1f}): go by the folds"
    unmixed = [f"the chains of {n_unmixed} of {kfold.n_folds} folds do not agree"] if n_unmixed else []
    return [said, *unmixed]


def of_waic(waic: ELPDDataWAIC, loo: ELPDDataLOO) -> list[str]:
    """WAIC where it is unreliable: in how many rows, and how far from LOO it is."""
    if not waic.warning:
        return []
    gap = waic.elpd - loo.elpd
    where = f"p_waic > {P_WAIC_I} in {counted(waic.n_bad_p, 'row')} ({waic.share_bad_p:.1%} of them all)"
    if abs(gap) < _WAIC_GAP:
        return [f"WAIC has {where}: prefer LOO"]
    return [f"WAIC is {abs(gap):.1f} {'above' if gap > 0 else 'below'} LOO, with {where}: prefer LOO"]


def of_evidence(evidence: Evidence) -> list[str]:
    """Why there is none, where that is not said of the posterior already."""
    reason = evidence.reason
    if reason is None or reason.kind in ("evidence_untrusted", "evidence_of_approximation"):
        return []
    return [f"no log evidence: {reason.words}"]


def of_rankings(candidates: Sequence[Candidate]) -> dict[tuple[str, int], list[str]]:
    """BIC at the MAP estimate, where it would rank a model otherwise than BIC at its maximum."""
    ranked = [c for c in candidates if c.em is not None and c.ml is not None]
    at_maximum = _ranks([c.ml.bic for c in ranked if c.ml is not None])
    at_map = _ranks([c.em.bic for c in ranked if c.em is not None])
    notes = {}
    for candidate, now, then in zip(ranked, at_maximum, at_map, strict=True):
        if now != then and candidate.em is not None:
            said = (
                f"BIC at the MAP estimate is {candidate.em.bic:.1f}, which ranks "
                f"{_ordinal(then)} instead of {_ordinal(now)}"
            )
            notes[candidate.key] = [said]
    return notes


def _ranks(values: Sequence[float]) -> list[int]:
    order = sorted(range(len(values)), key=lambda i: values[i])
    return [order.index(i) + 1 for i in range(len(values))]


def _ordinal(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else suffix}"
