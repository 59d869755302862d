"""When chains that cannot be trusted yet are worth running longer."""

import math

from bayesmix.posterior.labels import Diagnosis
from bayesmix.verdict import ESS_GATE

# Chains that fail a gate narrowly are run longer: to twice the effective draws asked for, at most
# so many times as long, and only where R-hat says that they are on their way.
_AIM = 2 * ESS_GATE
_LONGEST = 5
_NEAR_RHAT = 1.05


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
