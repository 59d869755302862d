"""The maximum-likelihood fit behind BIC, AIC and ICL."""

from typing import Any

from bayesmix.engines.em import EMResult
from bayesmix.mixture import Mixture

# Random starts: EM costs milliseconds, and the highest interior optimum can have a narrow basin.
N_STARTS = 50


def maximum_likelihood(mixture: Mixture, X: Any, em: EMResult, random_seed: int) -> EMResult | None:
    """The highest interior optimum of the likelihood found from many starts and from the MAP.

    Parameters
    ----------
    mixture : Mixture
    X : array-like or data frame, (N, D)
    em : EMResult
        The MAP estimate.
    random_seed : int

    Returns
    -------
    EMResult or None
        None where the data covariance is singular for the family, or every start collapsed.
    """
    if mixture.family.correlated and em.rows.singular:
        return None
    fits = [mixture.fit_em(X, estimate="ml", n_init=N_STARTS, random_seed=random_seed)]
    if mixture.n_components > 1:
        fits.append(mixture.fit_em(X, estimate="ml", init=em))
    interior = [fit for fit in fits if fit.status.interior]
    return max(interior, key=lambda fit: fit.log_likelihood, default=None)
