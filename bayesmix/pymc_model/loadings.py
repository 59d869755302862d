"""Loadings as unconstrained values.

See :mod:`bayesmix.families.gaussian.factors.rotation`.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesmix.families.gaussian.factors.rotation import log_volume, places, powers


class SettledLoadings(Transform):
    r"""Loadings (D, q), whose rotation means nothing, as the lower ones among them, their diagonal logged.

    .. math:: \log|J| = \log \text{Vol}\, O(q) + \sum_{j=1}^q (q - j + 1) \log l_{jj} + q \sum_i \log s_i

    Parameters
    ----------
    scale : (D,) array
        Standard deviations of the columns.
    n_factors : int
    """

    name = "settled-loadings"
    ndim_supp = 1

    def __init__(self, scale: Any, n_factors: int):
        self.scale, self.n_factors = np.asarray(scale, dtype=np.float64)[:, None], n_factors
        self.rows, self.columns, self.diagonal = places(len(self.scale), n_factors)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Loadings, turned however they may be, to unconstrained."""
        loadings = pt.as_tensor_variable(value) / self.scale
        top = loadings[..., : self.n_factors, :]
        half = pt.linalg.cholesky(top @ top.mT)
        rest = loadings[..., self.n_factors :, :]
        turned = pt.linalg.solve_triangular(half, top @ rest.mT, lower=True, b_ndim=2).mT
        packed = pt.concatenate([half, turned], axis=-2)[..., self.rows, self.columns]
        return packed[..., self.diagonal].set(pt.log(packed[..., self.diagonal]))

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained to loadings that are zero above the diagonal."""
        value = pt.as_tensor_variable(value)
        packed = value[..., self.diagonal].set(pt.exp(value[..., self.diagonal]))
        empty = pt.zeros((*packed.shape[:-1], len(self.scale), self.n_factors), dtype="float64")
        return self.scale * empty[..., self.rows, self.columns].set(packed)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """One number a component."""
        value = pt.as_tensor_variable(value)
        constant = log_volume(self.n_factors) + self.n_factors * np.log(self.scale).sum()
        return constant + (value[..., self.diagonal] * powers(self.n_factors)).sum(axis=-1)
