"""What is ranked: numbers that any parameters have, those of the truth and those of a draw alike."""

import numpy as np
from scipy.special import logsumexp

# Beginnings of the names of what does not depend on the names of the components. Where there are several components,
# the others want the truth named, too, by the package's own rule.
LABEL_FREE = ("sorted ", "total ", "mixture's ", "rows ", "log-likelihood", "log density ")


def quantities(weights, means, covariances, *, tied: bool) -> dict[str, np.ndarray]:
    """Arrays (S,) by name, from weights (S, K), means (S, K, D) and covariances (S, K, D, D).

    Those of :data:`LABEL_FREE` do not depend on the names of the components; the others do, and want them relabelled.
    """
    n_components, n_features = means.shape[1:]
    scales = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    found = {}
    middle = np.einsum("sk,skd->sd", weights, means)
    if n_components > 1:
        ordered = -np.sort(-weights, axis=-1)
        found |= {f"sorted weight {k}": ordered[:, k] for k in range(n_components - 1)}
        found |= {f"mixture's mean {j}": middle[:, j] for j in range(min(n_features, 2))}
        of_first = {"mean": means[..., 0]} | ({} if tied else {"log scale": np.log(scales[..., 0])})
        for name, values in of_first.items():
            found |= {f"sorted {name} {k}": one for k, one in enumerate(np.sort(values, axis=-1).T)}
    centred = means - middle[:, None]
    total = np.einsum("sk,skij->sij", weights, covariances + centred[..., :, None] * centred[..., None, :])
    correlated = n_features > 1 and np.any(covariances[..., 0, 1] != 0)
    for i in range(n_features):
        for j in range(min(i + 1, 2)):
            if i == j or correlated or n_components > 1:
                found[f"total covariance {i}, {j}"] = total[:, i, j]
    for k in range(n_components):
        j = k % n_features  # one feature a component is enough: all are alike
        if n_components > 1:
            found[f"weight {k}"] = weights[:, k]
        found[f"mean {k}, {j}"] = means[:, k, j]
        if tied and k > 0:
            continue
        found[f"log scale {k}, {j}"] = np.log(scales[:, k, j])
        if correlated:
            r = covariances[:, k, 0, 1] / (scales[:, k, 0] * scales[:, k, 1])
            found[f"Fisher z {k}"] = np.arctanh(r)
    return found


def log_odds_together(joint: np.ndarray) -> np.ndarray:
    """Log odds (S,) that two rows are of one component, from ``log w_k + log p(x_i | k)``, (S, 2, K).

    Their probability is the same in every draw, but for rounding, where rows are far from other components or from
    each other; its log odds are not.
    """
    pairs = joint[:, 0, :, None] + joint[:, 1, None, :]
    together = np.eye(joint.shape[-1], dtype=bool)
    return logsumexp(pairs[:, together], axis=-1) - logsumexp(pairs[:, ~together], axis=-1)


def matrices(values: np.ndarray, covariance: str, n_components: int, n_features: int) -> np.ndarray:
    """Covariances (S, K, D, D) from the parameter as the posterior holds it, (S, ...)."""
    n = len(values)
    if covariance == "tied":
        values = values[:, None]
    elif covariance == "diag":
        values = values[..., None] * np.eye(n_features)
    elif covariance == "spherical":
        values = values[..., None, None] * np.eye(n_features)
    return np.broadcast_to(values, (n, n_components, n_features, n_features))


def rank(truth: float, draws: np.ndarray, rng: np.random.Generator) -> int:
    """How many draws are below the truth; where some equal it, at random among them."""
    return int((draws < truth).sum() + rng.integers((draws == truth).sum() + 1))
