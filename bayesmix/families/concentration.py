r"""The concentration of the weights' prior, drawn given the partition that assignments make of the rows.

With weights of K equal concentrations :math:`\gamma` integrated out, and :math:`n_1, \dots, n_k` the rows of the k
components that have some,

.. math:: p(\gamma \mid z) \propto p(\gamma) \, \frac{\Gamma(\gamma K)}{\Gamma(\gamma K + N)}
   \prod_{j=1}^k \frac{\Gamma(n_j + \gamma)}{\Gamma(\gamma)},

in which a step of slice sampling is taken, on the logarithm. Weights are drawn next, given the new concentration: both
together are a draw given the partition. The prior is what
:func:`bayesmix.priors.concentration.in_powers` makes of it; without numbers, the concentration is known.
"""

import math

import numba as nb

from bayesmix.families.handed_on import APART, by_type
from bayesmix.families.slices import slice_step

_WIDTH = 2.0  # of the logarithm, which a partition of few groups leaves that wide


@nb.njit(**APART)
def log_partition(n_components, share, sizes, n_rows):
    """Log probability that rows fall into groups of these sizes, of so many components of concentration ``share``."""
    n_occupied, of_all = 0, share * n_components
    log_probability = math.lgamma(n_components + 1.0) + math.lgamma(of_all) - math.lgamma(of_all + n_rows)
    for size in sizes:
        if size > 0:
            n_occupied += 1
            log_probability += math.lgamma(size + share)
    return log_probability - math.lgamma(n_components - n_occupied + 1.0) - n_occupied * math.lgamma(share)


@nb.njit(**APART)
def _log_density(log_share, known):
    """Of the logarithm of the concentration of one component."""
    prior, parts, n_components, sizes, n_rows = known
    share = math.exp(log_share)
    concentration = share * parts
    log_prior = prior[0] * math.log(concentration) - prior[1] * concentration
    log_prior -= prior[2] * math.log1p(prior[3] * concentration)
    return log_prior + log_partition(n_components, share, sizes, n_rows)


@nb.njit(**APART)
def draw_share(rng, prior, parts, share, n_components, sizes, n_rows):
    """The concentration of one component, of ``parts`` of which the prior is; as it was, where it is known."""
    if prior.shape[0] == 0:
        return share
    known = (prior, parts, n_components, sizes, n_rows)
    return math.exp(slice_step(by_type(_log_density), rng, math.log(share), _WIDTH, known))
