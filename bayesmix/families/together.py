"""The posterior density where rows belong together."""

from collections.abc import Mapping

import numpy as np

from bayesmix.density.minibatch import KnowingDensity, Minibatch
from bayesmix.density.protocol import FreeVariable
from bayesmix.families.column_blocks import HeldTogether
from bayesmix.families.parts import Standardised
from bayesmix.families.protocol import Family


class TogetherDensity:
    r"""Log posterior density of a mixture in which the rows of a subject have one component.

    Made from that of single rows, ``alone``. Where every row is told the log responsibilities of its subject less its
    own log joint density (:class:`bayesmix.families.column_blocks.HeldTogether`), the log-likelihood of rows is zero,
    and by Fisher's identity its slope is :math:`\sum_i \sum_k r_{j(i)k} \nabla (\log w_k + \log f_k(x_i))`: that of
    subjects, but that each of them counts the weights as often as it has rows. Both are put right.
    """

    def __init__(self, alone: KnowingDensity, family: Family, standardised: Standardised, held: HeldTogether):
        self._alone, self._family, self._standardised, self._held = alone, family, standardised, held

    @property
    def size(self) -> int:
        """Length of ``q``."""
        return self._alone.size

    @property
    def variables(self) -> tuple[FreeVariable, ...]:
        """The free variables in the order of ``q``."""
        return self._alone.variables

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._alone.n_rows

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._put_right(q, "logp_grad")

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._put_right(q, "map_logp_grad")

    def ml_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """The log-likelihood, and its gradient."""
        return self._put_right(q, "ml_logp_grad")

    def _put_right(self, q: np.ndarray, which: str) -> tuple[float, np.ndarray]:
        named = self._alone.constrain(q)
        weights = np.asarray(named["weights"])
        try:
            state = self._standardised.to_state({spec.name: named[spec.name] for spec in self._family.parameters})
        except np.linalg.LinAlgError:  # so far out that a matrix is no covariance any more
            return -np.inf, np.zeros(self.size)
        form = self._family.form(weights, state)
        log_likelihood, shares, told = self._held.told(self._family.kernel, form, weights)
        if not np.isfinite(log_likelihood):
            return -np.inf, np.zeros(self.size)
        value, slope = getattr(self._alone.knowing(told), which)(q)
        if weights.size > 1:
            excess = shares.sum(axis=0) - shares.T @ self._held.subjects.sizes
            in_logits = excess - weights * excess.sum()
            slope[: weights.size - 1] += in_logits[:-1] - in_logits[-1]  # the last logit is minus the sum of the others
        return value + log_likelihood, slope

    def minibatch(self, indices: np.ndarray) -> Minibatch:
        """Refused: a choice of rows would tear subjects apart.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError("minibatch_size is of single rows, and groups keeps rows together: leave one of them out")

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._alone.constrain(q)

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        return self._alone.unconstrain(values)

    def start(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        return self._alone.start(values)
