"""Why a posterior cannot be trusted: reasons in words, none where it can."""

import math

from bayesmix.labels import Diagnosis
from bayesmix.labels.sentences import ESS_GATE, PARETO_GATE, RHAT_GATE

# Chains that fail a gate narrowly are run longer: to twice the effective draws asked for, at most
# so many times as long, and only where R-hat says that they are on their way.
_AIM = 2 * ESS_GATE
_LONGEST = 5
_NEAR_RHAT = 1.05


def reasons_for_distrust(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Judge draws by the gates of the label-free quantities, basins and divergences.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    tuple of str
        Clauses such as ``"the chains settled in 2 different basins"``.
    """
    reasons = []
    if diagnosis.multimodal:
        reasons.append(f"the chains settled in {len(diagnosis.chain_groups)} different basins")
    elif diagnosis.max_rhat > RHAT_GATE:
        reasons.append(f"the chains do not agree (R-hat {diagnosis.max_rhat:.3f}, gate {RHAT_GATE})")
    if not diagnosis.multimodal and diagnosis.min_ess < ESS_GATE:
        reasons.append(f"there are only {diagnosis.min_ess:.0f} effective draws (gate {ESS_GATE})")
    if diagnosis.diverged_often:
        reasons.append(f"{diagnosis.divergences} of {diagnosis.n_draws} draws diverged")
    if diagnosis.pareto_k > PARETO_GATE:
        reasons.append(
            f"the approximation is far from the posterior (Pareto k {diagnosis.pareto_k:.3f}, gate {PARETO_GATE})"
        )
    if not diagnosis.passed and not reasons:
        reasons.append("its draws could not be judged (one chain, or numbers that are not finite)")
    return tuple(reasons)


def times_as_long(diagnosis: Diagnosis) -> int:
    """How many times as long chains should run to pass the gates; 1 where that is no remedy.

    Chains in different basins, divergences and chains that are far from agreeing need another
    model or prior, not more draws.
    """
    hopeless = diagnosis.multimodal or diagnosis.diverged_often
    if diagnosis.passed or hopeless or not diagnosis.max_rhat <= _NEAR_RHAT:
        return 1
    times = max(2, math.ceil(_AIM / diagnosis.min_ess))
    return times if times <= _LONGEST else 1
