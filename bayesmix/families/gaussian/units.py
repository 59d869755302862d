"""Standardised units: what the engines work in, so that the units of the data never matter."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import override

import numpy as np

from bayesmix.data import Rows, shared_copy
from bayesmix.data.blocks import rows_of_block
from bayesmix.families.column_blocks import ColumnBlocks, Held, Streamed
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.parts import Params, Standardised, State
from bayesmix.passes.measured import drawn_in, with_errors
from bayesmix.passes.patterns import with_patterns
from bayesmix.passes.standard import by_column, by_matrix

# A covariance this small in some direction, relative to the data's, is a collapse and not a group.
DEGENERATE_RATIO = 1e-8
# Random starts look at every column on its own scale. Groups that lie apart in a direction in which the columns vary
# this little (relative to their deviations) are not to be seen there: every other start then looks at whitened rows.
# Elsewhere those find spurious groups of few rows in many columns, whose posterior mode can be the higher one.
THIN = 0.01


class Units(Standardised):
    """Standardised units of one analysis: ``z = scale^-1 (x - centre)``, with a scale that the family allows.

    For correlated features ``scale`` is a lower triangular matrix (D, D), for others standard deviations (D,).
    ``names`` are those of the parameters: means, covariances or variances, and what else the family has.
    ``columns`` (D, N) are the standardised rows, transposed: the only copy of the data that an engine needs, made when
    it is asked for. Where cells are missing, the pattern of each row stands below (see
    :mod:`bayesmix.passes.patterns`), and where rows were measured with errors, the covariances of these
    (:mod:`bayesmix.passes.measured`). EM, which passes over ``blocks``, makes none of many rows.
    ``has_gaps`` and ``has_errors`` say whether they are.
    ``spread`` (D,) are the standard deviations of the data's columns.
    """

    def __init__(self, rows: Rows, structure: Structure, names: tuple[str, ...], scale: np.ndarray):
        self.structure, self.names, self.scale = structure, names, scale
        self.centre, self.spread = rows.centre_and_scale
        self._rows, self.has_gaps, self.has_errors = rows, rows.missing is not None, rows.errors is not None
        # a factor of the columns' covariance in these units
        own = structure.correlated and not structure.affine
        self._whole = structure.factor_to_standard(rows.covariance_factor, scale) if own else None
        self._shifts: dict[int, float] = {}
        self.log_likelihood_shift = -rows.total * structure.log_determinant(scale)
        if rows.missing is not None:  # the scale is one of columns
            of_columns = np.log(np.diagonal(scale) if structure.correlated else scale)
            self.log_likelihood_shift += float(_n_missing(rows) @ of_columns)

    @classmethod
    def whitened(cls, rows: Rows, structure: Structure, names: tuple[str, ...]) -> "Units":
        """Units in which the covariance of the data is the identity, or where the structure is not affine the columns'.

        Full and tied covariances then have the condition of the groups, however nearly collinear the columns are, and
        an affine change of the columns changes nothing. With no more rows than columns, and where cells are missing, or
        have large errors, which a change of columns would spread over others: see :meth:`by_columns`.
        """
        if structure.affine and rows.missing is None and rows.errors is None:
            return cls(rows, structure, names, rows.covariance_factor)
        return cls.by_columns(rows, structure, names)

    @classmethod
    def by_columns(cls, rows: Rows, structure: Structure, names: tuple[str, ...]) -> "Units":
        """Units of each column's own, for priors that speak of columns: of their scales and correlations."""
        spread = structure.common_scale(rows.centre_and_scale[1])
        return cls(rows, structure, names, np.diag(spread) if structure.correlated else spread)

    @cached_property
    def columns(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]: made when first asked for
        """See above."""
        form = (self.centre.tobytes(), self.scale.shape, self.scale.tobytes())
        return shared_copy(self._rows, form, lambda: _standardised(self._rows, self))

    @property
    def write(self) -> Callable[[np.ndarray, np.ndarray], None]:
        """Writes rows (n, D), none with missing cells, as columns (D, n) in these units."""
        return partial(_write, by_matrix if self.structure.correlated else by_column, self.centre, self.scale)

    @property
    @override
    def blocks(self) -> ColumnBlocks:
        rows, n_features = self._rows, self._rows.n_features
        in_memory = rows.held is rows
        if self.has_gaps or self.has_errors or (in_memory and rows.n_rows <= rows_of_block(n_features)):
            return Held(self.columns)
        return Streamed(rows.blocks, n_features, self.write)

    @property
    @override
    def n_entries(self) -> int:
        return self._rows.n_features + self.has_gaps

    @override
    def some(self, chosen: np.ndarray) -> np.ndarray:
        if self.has_gaps or self.has_errors:
            return super().some(chosen)
        columns = np.empty((self._rows.n_features, len(chosen)))
        self.write(self._rows.sample[chosen], columns)
        return columns

    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        """See :class:`~bayesmix.families.parts.Standardised`: by columns and, where groups may hide there, whitened.

        ``columns`` (D, n) are in these units. A missing cell is taken to be its column's mean, and a value with an
        error to be the nearer to it the larger that is.
        """
        if self.has_errors:
            columns = np.nan_to_num(drawn_in(columns))
        elif len(columns) > self.spread.size:
            columns = np.nan_to_num(columns[: self.spread.size])
        spread = self.structure.common_scale(self.spread)
        by_columns = self.structure.from_standard(columns.T, self.scale) / spread
        return [by_columns, columns.T] if self._least_spread < THIN else [by_columns]

    @property
    def _least_spread(self) -> float:
        """Smallest standard deviation of a combination (of length one) of the columns in their own units."""
        if not self.structure.affine:
            return 1.0
        return float(np.linalg.svd(self.scale / self.spread[:, None], compute_uv=False)[-1])

    def collapsed(self, state: State) -> bool:
        """Whether some covariance has a generalised eigenvalue against var(X) below 1e-8."""
        structure, (n_components, n_features) = self.structure, state[0].shape
        if not structure.correlated:
            spread = (self.spread / self.scale) ** 2
            matrices = structure.matrices(structure.values(state[1]), n_components, n_features)
            return bool((np.diagonal(matrices, 0, 1, 2) / spread).min() < DEGENERATE_RATIO)
        factors = np.reshape(state[1], (-1, n_features, n_features))
        if self._whole is not None:
            factors = np.linalg.solve(self._whole, factors)
        smallest = np.linalg.svd(factors, compute_uv=False)[:, -1] ** 2
        return bool(smallest.min() < DEGENERATE_RATIO)

    def to_params(self, state: State) -> dict[str, np.ndarray]:
        """Named parameters in the units of the data."""
        means, factor, *others = state
        structure = self.structure
        values = structure.values(structure.factor_from_standard(factor, self.scale))
        located = self.centre + structure.from_standard(means, self.scale)
        return dict(zip(self.names, (located, values, *others), strict=True))

    def to_state(self, params: Params) -> State:
        """The inverse of :meth:`to_params`."""
        structure = self.structure
        _, own, *others = (np.asarray(params[name], dtype=float) for name in self.names)
        means = structure.to_standard(np.asarray(params["means"]) - self.centre, self.scale)
        return means, structure.factor_to_standard(structure.factor(own), self.scale), *others

    def log_prior_shift(self, n_components: int) -> float:
        """What a log prior density of means and covariances gains in the units of the data."""
        if n_components not in self._shifts:  # EM asks at every iteration
            means = n_components * self.structure.log_determinant(self.scale)
            self._shifts[n_components] = -means - float(self.structure.log_rescaling(self.scale, n_components))
        return self._shifts[n_components]


def _n_missing(rows: Rows) -> np.ndarray:
    """How many cells of each column are missing, (D,), those of a row counted as often as it."""
    absent = np.asarray(rows.missing)
    return absent.sum(axis=0) if rows.weights is None else rows.weights @ absent


def _write(kernel: Callable, centre: np.ndarray, scale: np.ndarray, values: np.ndarray, columns: np.ndarray) -> None:
    values = values.view()
    values.flags.writeable = False  # a kernel is compiled once for what may be written into, and once for what not
    kernel(values, centre, scale, columns)


def _standardised(rows: Rows, units: Units) -> np.ndarray:
    """Standardised rows, transposed (D, N), with patterns below where cells are missing, or errors where there are."""
    if not units.has_gaps:
        columns = np.empty(rows.values.shape[::-1])
        units.write(rows.values, columns)
    else:
        of_columns = np.diagonal(units.scale) if units.structure.correlated else units.scale
        columns = ((rows.values - units.centre) / of_columns).T
    if rows.errors is not None:
        scale = units.scale if units.structure.correlated else np.diag(units.scale)
        half = np.linalg.solve(scale, rows.errors)
        return with_errors(columns, np.linalg.solve(scale, half.swapaxes(1, 2)))
    return with_patterns(columns, rows.patterns[1]) if units.has_gaps else columns
