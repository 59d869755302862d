"""What MAP estimation adds to the log-likelihood, read off a PyMC model."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.multivariate import Dirichlet
from pytensor.graph.basic import Constant


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
