r"""Rows so far from every component that the squares of their distances drown what tells the components apart.

With :math:`x = m_1 + t u`, a component's log density is a polynomial in the distance t,

.. math:: c_k - \tfrac12 |A_k (m_k - m_1)|^2 + t\, (A_k u)^\top A_k (m_k - m_1) - \tfrac{t^2}{2} |A_k u|^2,

with :math:`c_k` the offset of the standard form. Log-odds are formed coefficient by coefficient before anything is
multiplied by t: components with one covariance have one coefficient of :math:`t^2`, which drops out exactly, and the
rest is linear. Where a power overflows, the odds are the limit: zero or infinite by the highest power whose
coefficients differ. The log density itself may be minus infinity there.
"""

import numpy as np

from bayesmix.families.parts import Form

# Squared distance from the nearest component, in its standard deviations: what comes after 1e-10 nats is rounding.
FAR = 1e6
_LOOKED_AT = 8  # draws in which distances are measured: what is far is so in all of them, more or less
_MOST_VALUES = 4e6  # numbers held at once, about


def mend(what: str, out: np.ndarray, kernel, columns: np.ndarray, form: Form) -> np.ndarray:
    """What a kernel found of rows (D, N) at S points, with the far rows in it done anew.

    Parameters
    ----------
    what : "log_joint", "log_mixture" or "responsibilities"
        The kernel's function that filled ``out``.
    out : array
        (S, N, K), (S, N) or (K, N, S); written into.
    kernel : module
        The kernel of the geometry.
    columns : (D, N) array
        Transposed rows.
    form : tuple of arrays
        Of S points.

    Returns
    -------
    array
        ``out``.
    """
    far = _far_rows(kernel, columns, form)
    if far.size == 0:
        return out
    rows, (n_draws, n_components, n_features) = columns[:, far].T, form[1].shape
    size = max(1, int(_MOST_VALUES // (far.size * n_components * max(n_features, n_components))))
    for start in range(0, n_draws, size):
        draws = slice(start, start + size)
        part = tuple(values[draws] for values in form)
        if what == "responsibilities":
            out[:, far, draws] = _responsibilities(rows, part).transpose(2, 1, 0)
        else:
            joint = _log_joint(rows, part)
            with np.errstate(invalid="ignore"):  # a covariance that is none has no density
                out[draws, far] = joint if what == "log_joint" else np.logaddexp.reduce(joint, axis=2)
    return out


def _far_rows(kernel, columns: np.ndarray, form: Form) -> np.ndarray:
    """Places of the rows that are not known to be near to some component."""
    some = np.unique(np.linspace(0, len(form[0]) - 1, _LOOKED_AT).astype(int))
    offsets, means, whiteners = (np.ascontiguousarray(values[some]) for values in form)
    heights = kernel.log_joint(columns, np.zeros_like(offsets), means, whiteners)
    return np.flatnonzero(~(heights.max(axis=2) >= -0.5 * FAR).all(axis=0))  # what overflowed may be NaN


def directions(rows: np.ndarray, form: Form) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exponents e (S, n) of ``t = 2^e``, ``A_k u`` (S, n, K, D) and ``A_k (m_k - m_1)`` (S, K, D).

    Lengths are measured in the first component's deviations, by exponents, so that no distance overflows.
    """
    _, means, whiteners = form
    dense = whiteners.ndim == 4
    unit = 1 / np.abs(np.diagonal(whiteners[:, 0], axis1=1, axis2=2) if dense else whiteners[:, 0])
    distance, power = np.frexp(rows[None] - means[:, :1])
    unit_of_distance, power_of_unit = np.frexp(unit)
    power = np.where(distance == 0, np.iinfo(np.int16).min, power - power_of_unit[:, None])
    exponent = np.maximum(power.max(axis=2), 0)
    u = np.ldexp(distance / unit_of_distance[:, None], power - exponent[..., None])
    shift = means - means[:, :1]
    if dense:
        along = np.einsum("skij,sj,snj->snki", whiteners, unit, u)
        shift = np.einsum("skij,skj->ski", whiteners, shift)
    else:
        along, shift = (whiteners * unit[:, None])[:, None] * u[:, :, None], whiteners * shift
    for k in range(means.shape[1]):
        for j in range(k):  # not left to the order of a sum
            same = (whiteners[:, k] == whiteners[:, j]).reshape(len(whiteners), -1).all(axis=1)
            along[same, :, k] = along[same, :, j]
    return exponent, along, shift


def _log_joint(rows: np.ndarray, form: Form) -> np.ndarray:
    """Log densities (S, n, K), weights included; minus infinity where they overflow."""
    exponent, along, shift = directions(rows, form)
    with np.errstate(over="ignore", under="ignore"):
        residuals = along - np.ldexp(shift[:, None], -exponent[..., None, None])
        return form[0][:, None] - np.ldexp(0.5 * (residuals**2).sum(axis=3), 2 * exponent[..., None])


def _responsibilities(rows: np.ndarray, form: Form) -> np.ndarray:
    """``r_k = 1 / sum_j exp(log-odds of j against k)``, (S, n, K)."""
    exponent, along, shift = directions(rows, form)
    power = exponent[..., None, None]
    second = -0.5 * (along**2).sum(axis=3)
    first = (along * shift[:, None]).sum(axis=3)
    constant = (form[0] - 0.5 * (shift**2).sum(axis=2))[:, None]

    def differences(values):  # of j from k: (S, n, K, K) with k before j
        return values[..., None, :] - values[..., :, None]

    # an empty component has an offset of minus infinity: it has no odds against anyone, and all have against it
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        odds = np.ldexp(np.ldexp(differences(second), power) + differences(first), power) + differences(constant)
        empty = np.isneginf(constant)
        odds = np.where(empty[..., None, :], -np.inf, np.where(empty[..., :, None], np.inf, odds))
        shares = np.exp(-np.logaddexp.reduce(odds, axis=3))
    return shares / shares.sum(axis=2, keepdims=True)
