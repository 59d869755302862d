"""How much of each component's covariance comes from the prior and not from the rows."""

import numpy as np

from bayesmix.engines.em import EMResult
from bayesmix.families import Statistics
from bayesmix.families.units import Units
from bayesmix.priors.sets import ConjugatePriors


def prior_shares(em: EMResult) -> np.ndarray | None:
    r"""Share of the prior in :math:`\Sigma_k` at the MAP estimate.

    Under the conjugate prior :math:`\Sigma_k` is a sum of the scatter of the rows and of what the
    prior puts in (its scale, and the pull of its mean), over a common number.
    The share is :math:`\text{tr}(\Sigma_k^{-1} P_k) / D` with :math:`P_k` the prior's part: what
    the M-step gives when the rows of the component have no scatter.

    Parameters
    ----------
    em : EMResult
        A MAP estimate.

    Returns
    -------
    array (K,), or (1,) where components share the covariance; or None
        None under another prior, where the two parts do not add.
    """
    if not isinstance(em.priors, ConjugatePriors) or em.estimate != "map":
        return None
    family, units = em.family, Units.whitened(em.rows, em.family)
    prior = family.structure.hyperparameters(em.priors.components.standardised(units.centre, units.scale))
    point = units.to_point(em.weights, em.params)
    form = family.standard_form_of_factor(point.weights, point.means, point.factor)
    statistics = family.statistics(form, units.columns)
    if statistics.counts.min() <= 0:
        return None
    first, counts = statistics.first, statistics.counts
    if family.correlated:
        without_scatter = first[:, :, None] * first[:, None, :] / counts[:, None, None]
    else:
        without_scatter = first**2 / counts[:, None]
    bare = Statistics(0.0, counts, first, without_scatter)
    matrices = []
    for given in (statistics, bare):
        means, factor = family.structure.m_step(point.means, point.factor, given, prior)
        values = family.structure.values(factor)
        matrices.append(family.structure.matrices(values, *means.shape))
    whole, of_prior = matrices
    shares = np.trace(np.linalg.solve(whole, of_prior), axis1=-2, axis2=-1) / whole.shape[-1]
    return shares[:1] if family.structure.parameter.shared else shares
