"""BIC for models that are singular where they hold too many components."""

import numpy as np
from scipy.special import logsumexp


def singular_bic(log_likelihoods: np.ndarray, n_parameters: np.ndarray, n_rows: float) -> np.ndarray:
    r"""Drton and Plummer's criterion for mixtures of one family, on the scale of BIC: lower is better.

    BIC charges :math:`\tfrac12 \log N` for every parameter, as is right where the Fisher information is regular. Where
    K components fit a truth of :math:`j < K` it is not, and the log evidence falls by :math:`\lambda_{Kj} \log N`
    only. The learning coefficient has the bound :math:`\lambda_{Kj} \le \tfrac12 (p_j + \phi (K - j))` under a
    Dirichlet prior of the weights with concentration :math:`\phi`: surplus components may have any parameters if their
    weights are of the order :math:`N^{-1/2}`. Uniform weights, :math:`\phi = 1`, hardly charge for what a likelihood
    without upper bound gains; with :math:`\phi = r + 1`, r parameters of a component, it is BIC. Halfway,
    :math:`\phi = (r + 1) / 2`, the default of the authors' program, :math:`\lambda_{Kj} = \tfrac14 (p_K + p_j)`.

    How many components the truth has is averaged over, with the criterion's own value for each number:
    :math:`x_K = \sum_{j \le K} L_{Kj} x_j / \sum_{j \le K} x_j` with :math:`L_{Kj} = L_K N^{-\lambda_{Kj}}`. Of this
    :math:`x_K` is the positive root, and :math:`-2 \log x_K` is the criterion.

    Parameters
    ----------
    log_likelihoods : (M,) array
        At the maximum; the numbers of components increase.
    n_parameters : (M,) array
    n_rows : float

    Returns
    -------
    (M,) array
        The submodels of each model are those before it.

    References
    ----------
    Drton and Plummer (2017), A Bayesian information criterion for singular models, Journal of the Royal Statistical
    Society B 79, equation 6.11; their R package sBIC.
    """
    found = np.empty(len(log_likelihoods))  # log x
    for i, log_likelihood in enumerate(log_likelihoods):
        coefficients = (n_parameters[i] + n_parameters[: i + 1]) / 4
        parts = log_likelihood - coefficients * np.log(n_rows)
        # x^2 + b x - c = 0, in units in which the largest term is one
        unit = max(parts.max(), found[:i].max(initial=-np.inf))
        b = np.exp(found[:i] - unit).sum() - np.exp(parts[-1] - unit)
        log_c = logsumexp(found[:i] + parts[:-1]) - 2 * unit if i else -np.inf
        root = np.sqrt(b**2 + 4 * np.exp(log_c))
        found[i] = unit + (np.log(2) + log_c - np.log(b + root) if b > 0 else np.log(0.5 * (root - b)))
    return -2 * found
