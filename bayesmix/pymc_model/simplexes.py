"""Probabilities of the levels of several columns, side by side: a Dirichlet for each column, as one PyMC variable."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.distributions.distribution import Distribution, SymbolicRandomVariable
from pymc.distributions.shape_utils import rv_size_is_none
from pymc.logprob.abstract import _logprob
from pymc.logprob.transforms import Transform
from pymc.pytensorf import normalize_rng_param
from pytensor.tensor.random.utils import normalize_size_param


def _by_column(sizes: np.ndarray) -> np.ndarray:
    """Which levels (L,) belong to which column (D,): (L, D) of zeros and ones."""
    return np.repeat(np.eye(len(sizes)), sizes, axis=0)


class SimplexesRV(SymbolicRandomVariable):
    """Draws by gamma variables, divided by their sums over each column; inputs are one concentration and the sizes."""

    name = "simplexes"
    extended_signature = "[rng],[size],(),(d)->[rng],(l)"
    _print_name = ("Dirichlets", "\\operatorname{Dirichlets}")

    @classmethod
    def rv_op(cls, concentration: Any, sizes: Any, *, size: Any = None, rng: Any = None) -> Any:
        """The graph that draws probabilities."""
        concentration, sizes = pt.as_tensor(concentration, dtype="float64"), pt.as_tensor(sizes, dtype="int64")
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        batch = () if rv_size_is_none(size) else tuple(size)
        member = pt.repeat(pt.eye(sizes.shape[0]), sizes, axis=0)
        shape = pt.broadcast_to(concentration, (*batch, member.shape[0]))
        next_rng, gammas = pt.random.gamma(shape, scale=1.0, rng=rng, return_next_rng=True)
        draws = gammas / ((gammas @ member) @ member.T)
        return cls(inputs=[rng, size, concentration, sizes], outputs=[next_rng, draws])(rng, size, concentration, sizes)


class Simplexes(Distribution):
    """Independent symmetric Dirichlet distributions of the levels of every column.

    Parameters
    ----------
    concentration : float
    sizes : (D,) array of int
        Numbers of levels.
    """

    rv_type = SimplexesRV
    rv_op = SimplexesRV.rv_op

    @classmethod
    def dist(cls, concentration: Any, sizes: Any, **kwargs: Any) -> Any:
        """The distribution outside of a model."""
        return super().dist([concentration, sizes], **kwargs)


@_logprob.register(SimplexesRV)
def log_density(op: Any, values: Any, rng: Any, size: Any, concentration: Any, sizes: Any, **kwargs: Any) -> Any:
    """``sum_j [log Gamma(L_j a) - L_j log Gamma(a) + (a - 1) sum_l log p_jl]``."""
    [value] = values
    constant = (pt.gammaln(sizes * concentration) - sizes * pt.gammaln(concentration)).sum()
    return constant + ((concentration - 1) * pt.log(value)).sum(axis=-1)


class SimplexesTransform(Transform):
    """For each column PyMC's simplex transform: logits that sum to zero, of which the last is left out.

    Parameters
    ----------
    sizes : (D,) array of int
        Numbers of levels.
    """

    name = "simplexes"
    ndim_supp = 1

    def __init__(self, sizes: np.ndarray):
        sizes = np.asarray(sizes)
        self.sizes, self.member = sizes, _by_column(sizes)
        last = np.zeros(sizes.sum(), dtype=bool)
        last[np.cumsum(sizes) - 1] = True
        # every logit from the free ones: itself, and for the last of a column minus the sum of the others
        self.free = np.flatnonzero(~last)
        self.spread = np.zeros((sizes.sum(), self.free.size))
        self.spread[self.free, np.arange(self.free.size)] = 1
        self.spread[last] = -self.member[self.free].T

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Probabilities to logits."""
        logs = pt.log(value)
        mean = (logs @ (self.member / self.sizes)) @ self.member.T
        return (logs - mean)[..., self.free]

    def _logs(self, value: Any) -> Any:
        logits = pt.as_tensor_variable(value) @ self.spread.T
        top = pt.stack([part.max(axis=-1) for part in self._split(logits)], axis=-1)
        shifted = logits - top @ self.member.T
        return shifted - pt.log(pt.exp(shifted) @ self.member) @ self.member.T

    def _split(self, logits: Any) -> list[Any]:
        ends = np.cumsum(self.sizes)
        return [logits[..., end - size : end] for end, size in zip(ends, self.sizes, strict=True)]

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Logits to probabilities."""
        return pt.exp(self._logs(value))

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """``sum_j [log L_j + sum_l log p_jl]``, one number for each component."""
        return np.log(self.sizes).sum() + self._logs(value).sum(axis=-1)
