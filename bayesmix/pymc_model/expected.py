"""The objectives of MAP estimation, read off a PyMC model: its log prior, and what an M-step maximises."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.multivariate import Dirichlet
from pytensor.graph.basic import Constant

from bayesmix.pymc_model.gaussian import GaussianMixtureRV
from bayesmix.pymc_model.score import HALF_LOG_TWO_PI


def log_prior(model: pm.Model) -> Any:
    """Log density of the free variables themselves (no Jacobians), with potentials, as a graph in their values.

    Its highest point, with the likelihood, is MAP. A Dirichlet concentration below 1 counts as 1, because the mode
    of the weights is otherwise on the boundary.
    """
    flattened = [rv for rv in model.free_RVs if _has_mode_on_boundary(rv)]
    others = [rv for rv in model.free_RVs if rv not in flattened]
    total = model.logp(vars=others + model.potentials, jacobian=False)
    if flattened:
        for rv, value in zip(flattened, model.replace_rvs_by_values(flattened), strict=True):
            [concentrations] = rv.owner.op.dist_params(rv.owner)
            flat = pm.Dirichlet.dist(pt.maximum(concentrations, 1.0))
            total = total + pm.logp(flat, value).sum()
    return total


def _has_mode_on_boundary(rv: Any) -> bool:
    if not isinstance(rv.owner.op, type(Dirichlet.rv_op)):
        return False
    [concentrations] = rv.owner.op.dist_params(rv.owner)
    return isinstance(concentrations, Constant) and bool(np.any(concentrations.data < 1))


def expected_log_likelihood(model: pm.Model, counts: Any, centres: Any, scatters: Any) -> Any:
    r"""Expected complete-data log-likelihood of the model's mixture ``x``, as a graph in the values.

    .. math:: \sum_k n_k \bigl(\log w_k - \tfrac D2 \log 2\pi - \log |L_k|\bigr)
              - \tfrac12 n_k |L_k^{-1}(c_k - \mu_k)|^2 - \tfrac12 \operatorname{tr} L_k^{-1} S_k L_k^{-\top}

    Parameters
    ----------
    model : pm.Model
    counts, centres, scatters : tensors (K,), (K, D) and (K, D, D); (K, D) for uncorrelated features
        :math:`n_k`, :math:`c_k` and :math:`S_k`: responsibility-weighted counts, means and sums of squares around
        them.

    Raises
    ------
    ValueError
        If no `MixtureLikelihood` named ``x`` is observed in the model.
    """
    observed = {rv.name: rv for rv in model.observed_RVs}
    mixture = observed.get("x")
    if mixture is not None and not isinstance(mixture.owner.op, GaussianMixtureRV):
        mixture = mixture.owner.inputs[0]  # inside the scaling of a minibatch
    if mixture is None or mixture.owner is None or not isinstance(mixture.owner.op, GaussianMixtureRV):
        raise ValueError("the model has no observed MixtureLikelihood named 'x'")
    op = mixture.owner.op
    weights, means, spread = model.replace_rvs_by_values(op.dist_params(mixture.owner))
    n_components, n_features = centres.shape[0], centres.shape[1].astype("float64")
    log_determinants, squares = op.expected_squares(op.factor(spread), counts, centres - means, scatters)
    offsets = pt.log(weights) - n_features * HALF_LOG_TWO_PI
    offsets = offsets - pt.broadcast_to(log_determinants, (n_components,))
    # An empty component adds nothing, also where its weight is zero.
    counted = pt.switch(pt.gt(counts, 0.0), counts * offsets, 0.0)
    return counted.sum() - 0.5 * squares
