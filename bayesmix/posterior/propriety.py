r"""Whether rows are so tied that a posterior under free correlations integrates to no number.

Let n rows have the same values in s of D features, s of two or more, and let a component lie on them. Along a direction
of these features, let the least eigenvalue of its correlations be :math:`\lambda`. Near zero the likelihood is
:math:`\lambda^{-n/2}` for means within :math:`\lambda^{1/2}` of the tie and eigenvectors that leave these features by
no more in each of the D - s others, and the LKJ prior is :math:`\lambda^{\eta - 1}`. So the integral of the posterior
near zero is that of :math:`\lambda^{-n/2 + \eta - 1 + (1 + D - s)/2}`, which is infinite from n = 2 eta + 1 + D - s on.
(A tie in one feature alone is that of a scale, and its log-normal prior vanishes faster than any power.) The other rows
belong to other components. Chains hardly ever find such a place, whose neighbourhood is tiny, but no evidence is
defined.
"""

from itertools import combinations

import numpy as np

from bayesmix.data import Rows
from bayesmix.families import Family
from bayesmix.notes import Note
from bayesmix.priors.separated import LKJ
from bayesmix.priors.sets import Priors

# Pairs of features that are looked at.
_MOST_FEATURES = 30


def improper(family: Family, rows: Rows, priors: Priors) -> tuple[Note, ...]:
    """A note on rows that are equal, in two features or in all, so often that the posterior is improper; or none."""
    for part, prior in priors.parts.items():
        owner, features, name = family.owner(part)
        own = any(spec.support == "covariance" and not spec.shared for spec in owner.parameters)
        if name == "correlations" and isinstance(prior, LKJ) and own:
            found = _worst_tie((rows if features is None else rows.of(features)).complete, float(prior.eta))
            if found is not None:
                return (Note("improper_posterior", {**found, "eta": float(prior.eta)}),)
    return ()


def _worst_tie(rows: Rows, eta: float) -> dict[str, object] | None:
    """The features in which most rows are equal, where that is too often, and how many these are."""
    n_features = rows.n_features
    if n_features < 2 or not rows.n_rows:
        return None
    whole = tuple(range(n_features))
    pairs = list(combinations(whole, 2)) if n_features <= _MOST_FEATURES else []
    for places in dict.fromkeys([whole, *pairs]):
        _, which = np.unique(rows.values[:, places], axis=0, return_inverse=True)
        copies, most = float(np.bincount(which.reshape(-1), rows.weights).max()), 2 * eta + 1 + n_features - len(places)
        if copies >= most:
            return {"copies": copies, "features": [rows.features[j] for j in places], "most": most}
    return None
