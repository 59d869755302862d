"""What is ranked: numbers that any parameters have, those of the truth and those of a draw alike."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import logit, logsumexp

from bayesmix.families.parts import ParameterSpec
from tests.calibration.simulation import Points

# Beginnings of the names of what does not depend on the names of the components. Where there are several components,
# the others want the truth named, too, by the package's own rule.
LABEL_FREE = ("sorted ", "total ", "mixture's ", "rows ", "log-likelihood", "log density ")
_MOST_ENTRIES = 3  # of the moments whose covariances are looked at


class Scale(NamedTuple):
    """Where a parameter runs over the whole line, so that a standard deviation says how far two values are apart."""

    word: str
    of: Callable[[np.ndarray], np.ndarray]


SCALES = {
    "real": Scale("", np.asarray),
    "positive": Scale("log ", np.log),
    "nonnegative": Scale("log ", np.log),
    "covariance": Scale("log ", np.log),  # of the variances in it
    "probability": Scale("logit ", logit),
    "simplex": Scale("logit ", logit),
}


def quantities(points: Points) -> dict[str, np.ndarray]:
    """Arrays (S,) by name.

    Those of :data:`LABEL_FREE` do not depend on the names of the components; the others do, and want them relabelled.
    """
    weights = points.weights
    several = weights.shape[-1] > 1
    found = {}
    if several:
        ordered = -np.sort(-weights, axis=-1)
        found |= {f"sorted weight {k}": one for k, one in enumerate(ordered.T[:-1])}
        found |= {f"weight {k}": one for k, one in enumerate(weights.T)}
    found |= _of_moments(points)
    for spec in points.family.parameters:
        values = np.asarray(points.params[spec.name])
        scale, entries = SCALES[spec.support], component_entries(spec, values)
        name = f"{scale.word}{spec.name}"
        for k, one in enumerate(entries.swapaxes(0, 1)):
            j = k % one.shape[-1]  # one entry a component is enough: all are alike
            found[f"{name} {k}, {j}"] = one[:, j]
        if several and not spec.shared:
            found |= {f"sorted {name} {k}": one for k, one in enumerate(np.sort(entries[..., 0], axis=-1).T)}
        if spec.support == "covariance" and values.shape[-1] > 1:
            matrices = values.reshape(*entries.shape[:2], *values.shape[-2:])
            r = matrices[..., 0, 1] / np.sqrt(matrices[..., 0, 0] * matrices[..., 1, 1])
            found |= {f"Fisher z of {spec.name} {k}": one for k, one in enumerate(np.arctanh(r).T)}
    return found


def component_entries(spec: ParameterSpec, values: np.ndarray) -> np.ndarray:
    """Entries of a parameter (S, ...) on their scale, (S, K, E); (S, 1, E) where all components share it."""
    if spec.support == "covariance":
        values = np.diagonal(values, axis1=-2, axis2=-1)
    n_components = 1 if spec.shared else values.shape[1]
    return SCALES[spec.support].of(values.reshape(len(values), n_components, -1))


def _of_moments(points: Points) -> dict[str, np.ndarray]:
    """Where the mixture lies and how far it spreads, whatever the family calls it."""
    weights = points.weights
    locations, within = points.family.moments(points.params)
    middle = np.einsum("sk,skd->sd", weights, locations)
    centred = locations - middle[:, None]
    total = np.einsum("sk,skij->sij", weights, within + centred[..., :, None] * centred[..., None, :])
    several, n_entries = weights.shape[-1] > 1, min(locations.shape[-1], _MOST_ENTRIES)
    found = {f"mixture's location {j}": middle[:, j] for j in range(min(n_entries, 2)) if several}
    for i in range(n_entries):
        for j in range(min(i + 1, 2)):
            if several or np.any(within[..., i, j] != 0):
                found[f"total covariance {i}, {j}"] = total[:, i, j]
    return found


def log_odds_together(joint: np.ndarray) -> np.ndarray:
    """Log odds (S,) that two rows are of one component, from ``log w_k + log p(x_i | k)``, (S, 2, K).

    Their probability is the same in every draw, but for rounding, where rows are far from other components or from
    each other; its log odds are not.
    """
    pairs = joint[:, 0, :, None] + joint[:, 1, None, :]
    together = np.eye(joint.shape[-1], dtype=bool)
    return logsumexp(pairs[:, together], axis=-1) - logsumexp(pairs[:, ~together], axis=-1)


def rank(truth: float, draws: np.ndarray, rng: np.random.Generator) -> int:
    """How many draws are below the truth; where some equal it, at random among them."""
    return int((draws < truth).sum() + rng.integers((draws == truth).sum() + 1))
