"""The maximum-likelihood fit behind BIC, AIC and ICL."""

from bayesmix.engines.begin import fit_em
from bayesmix.engines.em import EMResult, EMSettings
from bayesmix.problem import Problem

# Twice as many as elsewhere: a likelihood has more narrow tops than a posterior, and BIC asks for the highest.
N_STARTS = 20


def maximum_likelihood(problem: Problem, em: EMResult, random_seed: int, cores: int | None = None) -> EMResult | None:
    """The highest interior optimum of the likelihood found from many starts and from the optima of the MAP.

    Parameters
    ----------
    problem : Problem
    em : EMResult
        The MAP estimate.
    random_seed : int
    cores : int, optional
        Threads that pass over blocks of rows.

    Returns
    -------
    EMResult or None
        None where the likelihood has no interior maximum on such rows, or every start collapsed.
    """
    if problem.family.why_no_maximum(problem.rows):
        return None
    fits = [fit_em(problem, EMSettings("ml", n_init=N_STARTS), random_seed, cores=cores, also=em)]
    if problem.n_components > 1:
        fits.append(fit_em(problem, EMSettings("ml", init=em), None, cores=cores))
    interior = [fit for fit in fits if fit.status.interior]
    return max(interior, key=lambda fit: fit.log_likelihood, default=None)
