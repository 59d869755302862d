"""Log densities and responsibilities of rows at many points at once: what views of a posterior ask of a family.

A row with missing cells has the density of those that were seen: the marginal of each component, so that what is
missing is summed out exactly. A row of which nothing was seen has density one, and belongs where the weights say.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bayesmix.data import Beforehand, Subjects
from bayesmix.data.blocks import cuts
from bayesmix.families.parts import Form, Kernel, Params, flattened
from bayesmix.progress import turns
from bayesmix.threads import Threads


class OverDraws(ABC):
    """What follows from a family's forms, columns and kernel."""

    @property
    @abstractmethod
    def kernel(self) -> Kernel:
        """The compiled pass."""

    @abstractmethod
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        """What the pass takes at many points (..., K) in the units of the data.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
            Leading axes are parameter draws.

        Returns
        -------
        tuple of arrays
        """

    @abstractmethod
    def columns(self, X: np.ndarray) -> np.ndarray:
        """Rows (N, D) in the units of the data as the pass takes them, (M, N).

        Parameters
        ----------
        X : (N, D) array

        Returns
        -------
        (M, N) array
        """

    def is_measured(self, params: Params, X: np.ndarray) -> bool:
        """Whether beside the values of rows stand the covariances of their errors (``Rows.entries``).

        Parameters
        ----------
        params : mapping of arrays
        X : (N, M) array

        Returns
        -------
        bool
            Never, unless a family knows what to do with them.
        """
        return False

    @abstractmethod
    def marginal(self, params: Params, features: np.ndarray) -> "tuple[OverDraws, dict[str, np.ndarray]]":
        """Distribution of some features: family and parameters.

        Parameters
        ----------
        params : mapping of arrays
        features : (d,) array of int
            Positions.

        Returns
        -------
        family : Family
        params : dict of arrays
        """

    def log_joint(
        self, weights: np.ndarray, params: Params, X: np.ndarray, beforehand: Beforehand | None = None
    ) -> np.ndarray:
        """``log w_k + log f(x_i | theta_k)`` as (..., N, K); leading axes are those of the weights.

        Far rows have minus infinity for all components: ask :meth:`responsibilities_blocks` for the odds.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        beforehand : Beforehand, optional
            As in :meth:`log_joint_blocks`.

        Returns
        -------
        (..., N, K) array
        """
        return self._for_every_draw("log_joint", weights, params, X, None, beforehand)

    def log_mixture(
        self,
        weights: np.ndarray,
        params: Params,
        X: np.ndarray,
        threads: Threads | None = None,
        beforehand: Beforehand | None = None,
    ) -> np.ndarray:
        """``log sum_k w_k f(x_i | theta_k)`` as (..., N); leading axes are those of the weights.

        Where rows belong together, the log density of their subjects, (..., J).

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        threads : Threads, optional
            What blocks of rows are worked on by; without them, this one.
        beforehand : Beforehand, optional
            As in :meth:`log_joint_blocks`.

        Returns
        -------
        (..., N) array
        """
        return self._for_every_draw("log_mixture", weights, params, X, threads, beforehand)

    def _for_every_draw(self, what, weights, params, X, threads=None, beforehand=None):
        *leading, n_components = self.forms(weights, params)[0].shape
        trailing = (n_components,) if what == "log_joint" else ()
        subjects = None if beforehand is None or what != "log_mixture" else beforehand.subjects
        out = np.empty((math.prod(leading), len(X) if subjects is None else subjects.n, *trailing))
        for places, found in self._blocks(what, weights, params, X, 4e6, threads, beforehand):
            out[:, places] = found
        return out.reshape(*leading, *out.shape[1:])

    def log_joint_blocks(
        self,
        weights: np.ndarray,
        params: Params,
        X: np.ndarray,
        max_values: float = 4e6,
        beforehand: Beforehand | None = None,
    ) -> Iterator[tuple[Any, np.ndarray]]:
        """Blocks of rows with their (S, b, K) log joint densities; leading axes of the weights are flattened to S.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        max_values : float
            A block holds about so many numbers at most, so that memory does not grow with the rows.
        beforehand : Beforehand, optional
            What is known of the rows' components before they are seen, as of :class:`bayesmix.data.Rows`. Rows that
            belong together stand in one block, and each has the log joint density of its subject.

        Returns
        -------
        iterator of (slice, (S, b, K) array)
            Where cells are missing, positions stand in the place of the slice.
        """
        return self._blocks("log_joint", weights, params, X, max_values, None, beforehand)

    def log_mixture_blocks(
        self,
        weights: np.ndarray,
        params: Params,
        X: np.ndarray,
        max_values: float = 4e6,
        threads: Threads | None = None,
        beforehand: Beforehand | None = None,
    ) -> Iterator[tuple[Any, np.ndarray]]:
        """Blocks of rows with their (S, b) log densities; leading axes of the weights are flattened to S.

        Where rows belong together, blocks of subjects.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        max_values : float
        beforehand : Beforehand, optional
            As in :meth:`log_joint_blocks`.
        threads : Threads, optional
            As in :meth:`log_mixture`.

        Returns
        -------
        iterator of (slice, (S, b) array)
            Where cells are missing, positions stand in the place of the slice.
        """
        return self._blocks("log_mixture", weights, params, X, max_values, threads, beforehand)

    def responsibilities_blocks(
        self,
        weights: np.ndarray,
        params: Params,
        X: np.ndarray,
        max_values: float = 4e6,
        threads: Threads | None = None,
        beforehand: Beforehand | None = None,
    ) -> Iterator[tuple[Any, np.ndarray]]:
        """Blocks of rows with their (K, b, S) responsibilities; leading axes of the weights are flattened to S.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        max_values : float
        beforehand : Beforehand, optional
            As in :meth:`log_joint_blocks`.
        threads : Threads, optional
            As in :meth:`log_mixture`.

        Returns
        -------
        iterator of (slice, (K, b, S) array)
            Sums over the first axis are one; the draws of one row and component lie side by side. Where cells are
            missing, positions stand in the place of the slice.
        """
        return self._blocks("responsibilities", weights, params, X, max_values, threads, beforehand)

    def group_sums(self, weights: np.ndarray, params: Params, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Sums of responsibilities over groups of consecutive rows, for every draw.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
            Rows, group after group.
        ends : (J,) int array
            Group j holds the rows from ``ends[j - 1]`` (from 0) up to, and without, ``ends[j]``.

        Returns
        -------
        (S, J, K) array
            Leading axes of the weights are flattened to S.
        """
        X, ends = np.asarray(X, dtype=float), np.asarray(ends)
        if not (np.isnan(X).any() or self.is_measured(params, X)):
            return self.kernel.group_sums(self.columns(X), ends, *flattened(self.forms(weights, params)))
        group = np.searchsorted(ends, np.arange(len(X)), side="right")
        sums = np.zeros((np.size(weights) // np.shape(weights)[-1], len(ends), np.shape(weights)[-1]))
        for places, shares in self.responsibilities_blocks(weights, params, X):
            for j in np.unique(group[places]):
                sums[:, j] += shares[:, group[places] == j].sum(axis=1).T
        return sums

    def of_rows(self, what: str, columns: np.ndarray, forms: Form) -> np.ndarray:
        """A function of the kernel on columns (M, n) at S points.

        Parameters
        ----------
        what : "log_joint", "log_mixture" or "responsibilities"
        columns : (M, n) array
        forms : tuple of arrays

        Returns
        -------
        array
        """
        return getattr(self.kernel, what)(columns, *forms)

    def _blocks(self, what, weights, params, X, max_values, threads=None, beforehand=None):
        if beforehand is not None and beforehand.subjects is not None:
            yield from self._blocks_of_subjects(what, weights, params, X, max_values, threads, beforehand)
            return
        log_prior = None if beforehand is None else beforehand.log_prior
        turn, done = turns("row"), 0
        for places, family, of_seen, seen in self._by_cells_seen(params, X):
            forms = flattened(family.forms(weights, of_seen)) if seen.shape[1] else None
            n_values = np.size(weights) if forms is None else forms[0].size
            size = int(min(max(1, max_values / max(n_values, 1)), max(len(seen), 1)))
            blocks = [slice(start, min(start + size, len(seen))) for start in range(0, len(seen), size)]
            known = log_prior if places is None or log_prior is None else log_prior[places]
            work = partial(_of_block, what, weights, family, forms, seen, known)
            results = map(work, blocks) if threads is None else threads.in_order(work, blocks)
            for block, found in zip(blocks, results, strict=True):
                turn(done + block.start)
                yield (block if places is None else places[block]), found
            done += len(seen)

    def _blocks_of_subjects(self, what, weights, params, X, max_values, threads, beforehand: Beforehand):
        """As :meth:`_blocks`: positions of rows, subject after subject; or of subjects, where each has one number."""
        subjects, log_prior = beforehand.subjects, beforehand.log_prior
        assert subjects is not None
        of_draws = np.reshape(weights, (-1, np.shape(weights)[-1]))
        with np.errstate(divide="ignore"):
            log_weights = np.log(of_draws)
        size, turn = max(1, int(max_values / max(of_draws.size, 1))), turns("row")
        start = 0
        while start < subjects.n:
            turn(subjects.starts[start])
            stop = max(start + 1, int(np.searchsorted(subjects.ends, subjects.starts[start] + size, side="right")))
            places = subjects.order[subjects.starts[start] : subjects.ends[stop - 1]]
            own = Subjects(subjects.of_rows[places] - start)
            of_rows = self._for_every_draw("log_joint", weights, params, np.asarray(X)[places], threads)
            joint = own.log_joint(of_rows.reshape(len(of_draws), *of_rows.shape[-2:]), log_weights)
            if log_prior is not None:
                joint = joint + log_prior[subjects.first[start:stop]]
            if what == "log_mixture":
                yield np.arange(start, stop), np.logaddexp.reduce(joint, axis=-1)
            elif what == "log_joint":
                yield places, joint[:, own.of_rows]
            else:
                yield places, _shares_of(joint, log_weights, log_prior, subjects.first[start:stop])[:, own.of_rows]
            start = stop

    def _by_cells_seen(self, params, X):
        """Rows of which the same cells were seen: their places (None: all), family and parameters of these, values."""
        # the pass over rows with errors looks itself at which cells are there
        if self.is_measured(params, X) or not any(np.isnan(X[block]).any() for block in cuts(*np.shape(X))):
            yield None, self, params, X
            return
        X = np.asarray(X, dtype=float)
        absent = np.isnan(X)
        patterns, which = np.unique(absent, axis=0, return_inverse=True)
        for j, pattern in enumerate(patterns):
            places, seen = np.flatnonzero(which == j), np.flatnonzero(~pattern)
            whole = seen.size in (0, pattern.size)
            family, of_seen = (self, params) if whole else self.marginal(params, seen)
            yield places, family, of_seen, np.ascontiguousarray(X[np.ix_(places, seen)])


def _of_block(
    what: str,
    weights: np.ndarray,
    family: OverDraws,
    forms: Form | None,
    seen: np.ndarray,
    log_prior: np.ndarray | None,
    block: slice,
):
    """A function of the kernel on a block of rows of which the same cells were seen."""

    def of_rows(what: str) -> np.ndarray:
        if forms is None:
            return _of_nothing(what, weights, block.stop - block.start)
        return family.of_rows(what, family.columns(np.asarray(seen[block], dtype=float)), forms)

    return of_rows(what) if log_prior is None else of_joint(what, of_rows, log_prior[block])


def of_joint(what: str, of_rows: Callable[[str], np.ndarray], log_prior: np.ndarray) -> np.ndarray:
    """What :meth:`OverDraws.of_rows` finds, with what is known of the rows' components (n, K).

    ``of_rows`` is asked for ``"log_joint"``, and of rows that have none, for ``"responsibilities"``.
    """
    joint = of_rows("log_joint") + log_prior
    if what == "log_joint":
        return joint
    total = np.logaddexp.reduce(joint, axis=-1)
    if what == "log_mixture":
        return total
    lost = ~np.isfinite(total)  # so far from all that are possible that only their odds are known
    shares = np.exp(joint - np.where(lost, 0.0, total)[..., None]).transpose(2, 1, 0)
    if lost.any():
        prior = np.exp(log_prior).T[:, :, None]
        odds = of_rows("responsibilities") * prior
        odds = np.where(odds.sum(axis=0) > 0, odds, prior)
        shares = np.where(lost.T, odds / odds.sum(axis=0), shares)
    return np.ascontiguousarray(shares)


def _shares_of(
    joint: np.ndarray, log_weights: np.ndarray, log_prior: np.ndarray | None, rows: np.ndarray
) -> np.ndarray:
    """Responsibilities (K, J, S) of subjects; of one too far for a density, what was known before it was seen."""
    total = np.logaddexp.reduce(joint, axis=-1, keepdims=True)
    lost = ~np.isfinite(total)
    if lost.any():
        prior = log_weights[:, None] + (0.0 if log_prior is None else log_prior[rows])
        joint = np.where(lost, prior, joint)
        total = np.logaddexp.reduce(joint, axis=-1, keepdims=True)
    return np.ascontiguousarray(np.exp(joint - total).transpose(2, 1, 0))


def _of_nothing(what: str, weights: np.ndarray, n_rows: int) -> np.ndarray:
    """What :meth:`OverDraws.of_rows` finds of rows without a cell."""
    weights = np.reshape(weights, (-1, np.shape(weights)[-1]))
    if what == "log_mixture":
        return np.zeros((len(weights), n_rows))
    if what == "responsibilities":
        return np.repeat((weights / weights.sum(axis=1, keepdims=True)).T[:, None], n_rows, axis=1)
    with np.errstate(divide="ignore"):  # an empty component has log weight -inf
        return np.repeat(np.log(weights)[:, None], n_rows, axis=1)
