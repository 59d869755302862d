r"""Rows so far away that the square of their distance overflows.

The density of a Student-t component falls with a power of the distance, so that its logarithm,
:math:`-(\nu + D) \log |y|` and a constant, is a moderate number however far the row is: here it is formed from the
logarithm of the distance. Far out, the component with the fewest degrees of freedom has the row.
"""

import numpy as np
from scipy.special import softmax

from bayesmix.families.gaussian.far import directions
from bayesmix.families.parts import Form

_FAR = 600.0  # log of the squared distance: what has it in a feature may overflow in the sum


def mend(what: str, out: np.ndarray, columns: np.ndarray, form: Form) -> np.ndarray:
    """What a pass found of rows (D, N) at S points, with the far rows in it done anew.

    Parameters
    ----------
    what : "log_joint", "log_mixture" or "responsibilities"
        The function that filled ``out``.
    out : array
        (S, N, K), (S, N) or (K, N, S); written into.
    columns : (D, N) array
        Transposed rows.
    form : tuple of arrays
        Of S points.

    Returns
    -------
    array
        ``out``.
    """
    far = _far_rows(columns, form)
    if far.size == 0:
        return out
    rows = columns[:, far].T
    for s in range(len(form[0])):
        joint = _log_joint(rows, tuple(part[s : s + 1] for part in form))[0]
        if what == "responsibilities":
            out[:, far, s] = softmax(joint, axis=1).T
        else:
            out[s, far] = joint if what == "log_joint" else np.logaddexp.reduce(joint, axis=1)
    return out


def _far_rows(columns: np.ndarray, form: Form) -> np.ndarray:
    """Places of the rows whose distance from some component may overflow when it is squared."""
    _, means, whiteners, _ = form
    with np.errstate(over="ignore", divide="ignore"):
        widest = np.log(np.abs(whiteners).max()) + np.log(np.abs(columns).max(axis=0) + np.abs(means).max())
    return np.flatnonzero(~(2 * widest < _FAR))


def _log_joint(rows: np.ndarray, form: Form) -> np.ndarray:
    """Log densities (S, n, K), weights included, from the logarithms of distances."""
    offsets, means, whiteners, dof = form
    exponent, along, shift = directions(rows, (offsets, means, whiteners))
    with np.errstate(under="ignore", divide="ignore"):
        residuals = along - np.ldexp(shift[:, None], -exponent[..., None, None])
        log_squares = np.log((residuals**2).sum(axis=3)) + 2 * np.log(2) * exponent[..., None]
    dof = dof[:, None]
    return offsets[:, None] - 0.5 * (dof + means.shape[2]) * np.logaddexp(0, log_squares - np.log(dof))
