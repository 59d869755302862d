"""How alike two distributions are: logarithms of Bhattacharyya coefficients."""

import numpy as np

# Added to variances, in those of the first: of a level that is never or always taken there is none.
_LEAST_VARIANCE = 1e-10


def of_gaussians(
    locations: np.ndarray, covariances: np.ndarray, other_locations: np.ndarray, other_covariances: np.ndarray
) -> np.ndarray:
    r"""Logarithms of ``integral sqrt(f_j g_k)`` for all pairs of normal distributions.

    .. math:: -\tfrac18 \delta^\top \bar\Sigma^{-1} \delta
        + \tfrac14 \log|\Sigma_j| + \tfrac14 \log|\Sigma_k| - \tfrac12 \log|\bar\Sigma|,
        \qquad \bar\Sigma = (\Sigma_j + \Sigma_k) / 2

    Parameters
    ----------
    locations : (J, M) array
    covariances : (J, M, M) array
    other_locations : (..., K, M) array
    other_covariances : (..., K, M, M) array

    Returns
    -------
    (..., J, K) array

    References
    ----------
    Kailath (1967), The divergence and Bhattacharyya distance measures in signal selection, IEEE Transactions on
    Communication Technology 15.
    """
    variances = np.diagonal(covariances, axis1=-2, axis2=-1).mean(axis=0)
    least = _LEAST_VARIANCE * np.where(variances > 0, variances, 1.0)
    apart = locations[:, None] - other_locations[..., None, :, :]
    if _are_diagonal(covariances) and _are_diagonal(other_covariances):
        one = np.diagonal(covariances, axis1=-2, axis2=-1)[:, None] + least
        other = np.diagonal(other_covariances, axis1=-2, axis2=-1)[..., None, :, :] + least
        between = (one + other) / 2
        logs = np.log(one) / 4 + np.log(other) / 4 - np.log(between) / 2
        return (logs - apart**2 / between / 8).sum(axis=-1)
    one = covariances[:, None] + np.diag(least)
    other = other_covariances[..., None, :, :, :] + np.diag(least)
    between = (one + other) / 2
    squared = (apart * np.linalg.solve(between, apart[..., None])[..., 0]).sum(axis=-1)
    logs = [np.linalg.slogdet(matrices)[1] for matrices in (one, other, between)]
    return logs[0] / 4 + logs[1] / 4 - logs[2] / 2 - squared / 8


def _are_diagonal(matrices: np.ndarray) -> bool:
    return bool(np.count_nonzero(matrices) <= np.count_nonzero(np.diagonal(matrices, axis1=-2, axis2=-1)))
