r"""The pass over rows of Gaussian components with few factors.

With :math:`z = \Psi^{-1/2} (x - \mu)` and :math:`B = \Psi^{-1/2} \Lambda` (D, q), the factors of a row have the mean
:math:`f = (I + B^\top B)^{-1} B^\top z`, and

.. math:: (x - \mu)^\top \Sigma^{-1} (x - \mu) = |z - B f|^2 + |f|^2, \qquad
          |\Sigma| = |\Psi| \, |I + B^\top B|,

a sum of squares of which nothing is taken away, however little of a column is its own.

A form is offsets (..., K), means (..., K, D), :math:`\Psi^{-1/2}` (..., K, D) and B (..., K, D, q). The statistics are
the counts, and of each component :math:`\sum r z`, :math:`\sum r z f^\top` and :math:`\sum r z^2`: M-step and gradient
follow from them.
"""

import numpy as np

from bayesmix.families.parts import Form, flattened
from bayesmix.passes.known import above


def standard_form(weights: np.ndarray, means: np.ndarray, loadings: np.ndarray, uniquenesses: np.ndarray) -> Form:
    """Weights (..., K), means, loadings (..., K, D, q) and uniquenesses (..., K, D) as the pass takes them."""
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # an empty component has log weight -inf; what collapsed is NaN
        precisions = 1 / np.sqrt(uniquenesses)
        scaled = loadings * precisions[..., None]
        log_determinants = np.log(uniquenesses).sum(axis=-1) + np.linalg.slogdet(_inner(scaled))[1]
        constant = means.shape[-1] * np.log(2 * np.pi)
        return np.log(weights) - 0.5 * (constant + log_determinants), means, precisions, scaled


def _inner(scaled: np.ndarray) -> np.ndarray:
    """``I + B' B``."""
    return np.eye(scaled.shape[-1]) + np.swapaxes(scaled, -1, -2) @ scaled


def _explained(columns, mean, precisions, scaled):
    """``z`` (D, n), ``f`` (q, n) and squared distances (n,) of rows in one component."""
    z = (columns - mean[:, None]) * precisions[:, None]
    f = np.linalg.solve(_inner(scaled), scaled.T @ z)
    rest = z - scaled @ f
    return z, f, np.einsum("dn,dn->n", rest, rest) + np.einsum("qn,qn->n", f, f)


def accumulate(columns: np.ndarray, row_weights: np.ndarray, *form: np.ndarray) -> tuple:
    """Log-likelihood, counts, and the sums."""
    offsets, means, precisions, scaled = form
    n_components, n_features = means.shape
    n_above = above(columns, n_features, n_components)
    rows, known = columns[:n_above], columns[n_above:]
    joint = np.empty((n_components, rows.shape[1]))
    explained = []
    for k in range(n_components):
        z, f, squares = _explained(rows, means[k], precisions[k], scaled[k])
        joint[k] = offsets[k] - 0.5 * squares
        explained.append((z, f))
    if len(known):
        joint += known
    of_rows = np.logaddexp.reduce(joint, axis=0)
    with np.errstate(invalid="ignore"):  # rows of density zero: the value says so
        shares = np.exp(joint - of_rows)
    if row_weights.size:
        of_rows, shares = row_weights * of_rows, row_weights * shares
    value = float(of_rows.sum())
    if not np.isfinite(value):
        return -np.inf, np.zeros(n_components), *(np.zeros_like(part) for part in (means, scaled, means))
    return value, shares.sum(axis=1), *_sums(explained, shares, scaled)


def sums_of_shares(columns: np.ndarray, shares: np.ndarray, form: Form) -> tuple[np.ndarray, ...]:
    """The sums at a form where the shares (K, N) of rows (D, N) are given."""
    _, means, precisions, scaled = form
    explained = [_explained(columns, *one)[:2] for one in zip(means, precisions, scaled, strict=True)]
    return _sums(explained, shares, scaled)


def _sums(explained, shares, scaled) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, cross, squares = np.empty(scaled.shape[:2]), np.empty(scaled.shape), np.empty(scaled.shape[:2])
    for k, (z, f) in enumerate(explained):
        weighted = z * shares[k]
        first[k], cross[k], squares[k] = weighted.sum(axis=1), weighted @ f.T, np.einsum("dn,dn->d", weighted, z)
    return first, cross, squares


def of_factors(counts: np.ndarray, first: np.ndarray, cross: np.ndarray, scaled: np.ndarray):
    r"""What is expected of the factors: sums :math:`\sum r f` (K, q) and :math:`\sum r f f^\top` (K, q, q)."""
    turned = np.swapaxes(scaled, -1, -2)
    spread = np.linalg.inv(_inner(scaled))
    second = counts[:, None, None] * spread + spread @ turned @ cross
    return (spread @ turned @ first[..., None])[..., 0], 0.5 * (second + np.swapaxes(second, -1, -2))


def score(counts, first, cross, squares, precisions, scaled):
    """Slopes in the means (K, D), loadings (K, D, q) and uniquenesses (K, D), by Fisher's identity."""
    sums, products = of_factors(counts, first, cross, scaled)
    fitted = scaled @ products
    means = precisions * (first - np.einsum("kdq,kq->kd", scaled, sums))
    loadings = precisions[..., None] * (cross - fitted)
    rest = squares + np.einsum("kdq,kdq->kd", scaled, fitted - 2 * cross)
    return means, loadings, 0.5 * precisions**2 * (rest - counts[:, None])


def log_joint(columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
    """``log w_k f_k(x_i)`` of S points, (S, N, K)."""
    forms = flattened(forms)
    out = np.empty((len(forms[0]), columns.shape[1], forms[0].shape[1]))
    for s, (offsets, *parts) in enumerate(zip(*forms, strict=True)):
        for k, one in enumerate(zip(*parts, strict=True)):
            out[s, :, k] = offsets[k] - 0.5 * _explained(columns, *one)[2]
    return out


def log_mixture(columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
    """(S, N)."""
    return np.logaddexp.reduce(log_joint(columns, *forms), axis=2)


def responsibilities(columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
    """(K, N, S)."""
    joint = log_joint(columns, *forms)
    with np.errstate(invalid="ignore"):  # rows too far for a density: see `of_rows` of the family
        shares = np.exp(joint - np.logaddexp.reduce(joint, axis=2, keepdims=True))
    return np.ascontiguousarray(shares.transpose(2, 1, 0))


def group_sums(columns: np.ndarray, ends: np.ndarray, *forms: np.ndarray) -> np.ndarray:
    """(S, J, K)."""
    parts = np.split(responsibilities(columns, *forms), ends[:-1], axis=1)
    return np.stack([part.sum(axis=1) for part in parts]).transpose(2, 0, 1)
