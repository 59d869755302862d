"""Random components in standard form, of a wanted condition number, and the pass in extended precision."""

from typing import NamedTuple

import numpy as np

EXTENDED = np.longdouble


class Form(NamedTuple):
    """What the kernels take."""

    offsets: np.ndarray
    means: np.ndarray
    whiteners: np.ndarray


def dense_form(rng, n_components, n_features, condition=10.0):
    """Lower triangular whiteners with singular values from one to ``condition``."""
    spread = np.geomspace(1.0, condition, n_features) if n_features > 1 else np.ones(1)
    whiteners = np.empty((n_components, n_features, n_features))
    for k in range(n_components):
        turn, _ = np.linalg.qr(rng.normal(size=(n_features, n_features)))
        whiteners[k] = np.linalg.qr((turn * spread).T)[1].T
    return Form(log_weights(rng, n_components), rng.normal(size=(n_components, n_features)), whiteners)


def axis_form(rng, n_components, n_features, condition=10.0):
    """Inverse standard deviations from one to ``condition``."""
    spread = np.geomspace(1.0, condition, n_features) if n_features > 1 else np.ones(1)
    whiteners = np.array([rng.permutation(spread) for _ in range(n_components)])
    return Form(log_weights(rng, n_components), rng.normal(size=(n_components, n_features)), whiteners)


def log_weights(rng, n_components):
    return np.log(rng.dirichlet(np.ones(n_components))) - 1.0


def rows_of(rng, form, n_rows, distance=1.0):
    """Rows around the components, ``distance`` standard deviations away."""
    labels = rng.integers(form.offsets.size, size=n_rows)
    noise = distance * rng.normal(size=(n_rows, form.means.shape[1]))
    if form.whiteners.ndim == 2:
        return form.means[labels] + noise / form.whiteners[labels]
    return form.means[labels] + np.linalg.solve(form.whiteners[labels], noise[..., None])[..., 0]


def exact(rows, row_weights, form):
    """Log-likelihood, counts, first and second moments in extended precision, and the sum of absolute terms of each.

    ``y = A (x - mean)`` is a sum whose absolute terms add up to ``|A| |x - mean|``. A log joint density is a sum whose
    rounding is that of ``|offset| + sum_i |y_i| (|A| |x - mean|)_i``; a responsibility, its exponential, errs by as
    much relative to itself.
    """
    rows, offsets, means, whiteners = (np.asarray(part, EXTENDED) for part in (rows, *form))
    weights = np.asarray(row_weights, EXTENDED)
    centred = rows[:, None, :] - means
    if whiteners.ndim == 2:
        y = centred * whiteners
        size = np.abs(y)
    else:
        terms = whiteners[None] * centred[:, :, None, :]
        y, size = terms.sum(axis=3), np.abs(terms).sum(axis=3)
    joint = offsets - (y**2).sum(axis=2) / 2
    top = joint.max(axis=1, keepdims=True)
    log_density = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
    plain = np.exp(joint - log_density[:, None])
    r = weights[:, None] * plain
    of_joint = np.abs(offsets) + (np.abs(y) * size).sum(axis=2)
    of_rows = (plain * of_joint).sum(axis=1)
    of_r = r * (1 + of_joint + of_rows[:, None])
    if whiteners.ndim == 2:
        second, size_second = y**2, 2 * size * np.abs(y)
    else:
        second = y[..., :, None] * y[..., None, :]
        size_second = size[..., :, None] * np.abs(y)[..., None, :]
        size_second = size_second + np.swapaxes(size_second, -1, -2)
        r, of_r = r[..., None], of_r[..., None]

    def weighted(factor, values):
        return (factor.reshape(*factor.shape[:2], *[1] * (values.ndim - 2)) * values).sum(axis=0)

    values = (weights @ log_density, r.sum(axis=0).reshape(-1), weighted(r, y), weighted(r, second))
    sizes = (
        weights @ (np.abs(log_density) + of_rows),
        of_r.sum(axis=0).reshape(-1),
        weighted(of_r, np.abs(y)) + weighted(r, size),
        weighted(of_r, np.abs(second)) + weighted(r, size_second),
    )
    return values, sizes
