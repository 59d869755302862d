"""What checks compare of a data set, by what its columns hold."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from bayesmix.data import Rows

# Statistics of real numbers, and whether they move with a feature's origin and with its unit.
_UNITS = {
    "mean": (True, True),
    "standard deviation": (False, True),
    "skewness": (False, False),
    "kurtosis": (False, False),
    "lowest": (True, True),
    "highest": (True, True),
}
_MOMENTS = ("mean", "standard deviation")
# How much a feature varies.
VARIATION = ("standard deviation", "variance / mean")


class Statistics(Protocol):
    """Numbers that describe a data set.

    Attributes
    ----------
    names : tuple of (str, str)
        Feature and statistic.
    """

    names: tuple[tuple[str, str], ...]

    def of(self, values: np.ndarray) -> np.ndarray:
        """Their values (M,) in a data set (N, D)."""
        ...


def statistics_of(rows: Rows, *, brief: bool) -> Statistics:
    """Choose the statistics.

    Parameters
    ----------
    rows : Rows
        The data; each feature is paired with the one that it depends on most.
    brief : bool
        Only those that say where a feature lies and how much it varies.
    """
    if rows.mixed:
        return OfKinds(rows, brief)
    kind = rows.columns[0].kind
    return {"real": OfNumbers, "count": OfCounts}.get(kind, OfLevels)(rows, brief)


class OfKinds:
    """Of columns of several kinds those of each kind."""

    def __init__(self, rows: Rows, brief: bool):
        kinds = np.array(rows.kinds)
        self.places = [np.flatnonzero(kinds == kind) for kind in dict.fromkeys(rows.kinds)]
        self.parts = [statistics_of(rows.of(places), brief=brief) for places in self.places]
        self.names = tuple(name for part in self.parts for name in part.names)

    def of(self, values: np.ndarray) -> np.ndarray:
        """See :class:`Statistics`."""
        own = zip(self.parts, self.places, strict=True)
        return np.concatenate([part.of(values[:, places]) for part, places in own])


class OfNumbers:
    """Moments, range and correlations, computed in units of the columns' spread, so that offsets cost no digits."""

    def __init__(self, rows: Rows, brief: bool):
        self.centre, self.scale = np.nanmean(rows.values, axis=0), np.nanstd(rows.values, axis=0)
        z = (rows.values - self.centre) / self.scale
        self.pairs = _pairs(np.abs(z.T @ z if rows.missing is None else _correlations_of_seen(z)), brief)
        self.brief = brief
        chosen = _MOMENTS if brief else tuple(_UNITS)
        self.names = (*_by_feature(rows, chosen), *_correlations(rows, self.pairs))
        moves = np.array([_UNITS[name] for name in chosen])
        none = np.zeros(len(self.pairs))
        self.offset = np.concatenate([np.outer(moves[:, 0], self.centre).ravel(), none])
        self.unit = np.concatenate([np.where(moves[:, 1:], self.scale, 1).ravel(), none + 1])

    def of(self, values: np.ndarray) -> np.ndarray:
        """See :class:`Statistics`."""
        z = (values - self.centre) / self.scale
        if np.isnan(z).any():
            found = [np.concatenate(parts) for parts in zip(*map(self._moments, _seen(z)), strict=True)]
            return self.offset + self.unit * np.concatenate([*found, _of_pairs(z, self.pairs)])
        mean = z.mean(axis=0)
        centred = z - mean
        with np.errstate(invalid="ignore", divide="ignore"):
            unit = centred / np.sqrt(np.mean(centred**2, axis=0))
        correlations = [np.mean(unit[:, i] * unit[:, j]) for i, j in self.pairs]
        return self.offset + self.unit * np.concatenate([*self._moments(z), correlations])

    def _moments(self, z: np.ndarray) -> list[np.ndarray]:
        mean = z.mean(axis=0)
        centred = z - mean
        deviation = np.sqrt(np.mean(centred**2, axis=0))
        found = [mean, deviation * np.sqrt(len(z) / (len(z) - 1))]
        if not self.brief:
            with np.errstate(invalid="ignore", divide="ignore"):
                unit = centred / deviation
            squares = unit**2
            found += [np.mean(squares * unit, axis=0), np.mean(squares**2, axis=0), z.min(axis=0), z.max(axis=0)]
        return found


class OfCounts:
    """Mean, variance next to it (1 of a Poisson distribution), share of zeros, highest, and correlations."""

    def __init__(self, rows: Rows, brief: bool):
        self.brief = brief
        if rows.missing is None:
            correlations = np.nan_to_num(np.atleast_2d(np.corrcoef(rows.values, rowvar=False)))
        else:
            correlations = _correlations_of_seen(rows.values)
        self.pairs = _pairs(np.abs(correlations), brief)
        chosen = ("mean", "variance / mean") if brief else ("mean", "variance / mean", "share of zeros", "highest")
        self.names = (*_by_feature(rows, chosen), *_correlations(rows, self.pairs))

    def of(self, values: np.ndarray) -> np.ndarray:
        """See :class:`Statistics`."""
        if np.isnan(values).any():
            found = [np.concatenate(parts) for parts in zip(*map(self._moments, _seen(values)), strict=True)]
            return np.concatenate([*found, _of_pairs(values, self.pairs)])
        correlations = [_correlation(values[:, i], values[:, j]) for i, j in self.pairs]
        return np.concatenate([*self._moments(values), correlations])

    def _moments(self, values: np.ndarray) -> list[np.ndarray]:
        mean, variance = values.mean(axis=0), values.var(axis=0, ddof=1)
        found = [mean, variance / np.where(mean > 0, mean, 1)]
        if not self.brief:
            found += [np.mean(values == 0, axis=0), values.max(axis=0)]
        return found


class OfLevels:
    r"""Share of each level, and associations: Cramér's :math:`V = \sqrt{\chi^2 / (N (L - 1))}`, L the fewer levels."""

    def __init__(self, rows: Rows, brief: bool):
        self.sizes = [len(column.levels) or 2 for column in rows.columns]
        named = [(column, column.levels or ("1",)) for column in rows.columns]
        strengths = np.zeros((rows.n_features, rows.n_features))
        for i, j in () if brief else np.argwhere(np.tri(rows.n_features, k=-1)):
            strengths[i, j] = strengths[j, i] = self._association(rows.values, i, j)
        self.pairs = _pairs(strengths, brief)
        self.names = (
            *((column.name, f"share of {level}") for column, levels in named for level in levels),
            *((rows.features[i], f"association with {rows.features[j]} (Cramér's V)") for i, j in self.pairs),
        )
        self.binary = [not column.levels for column in rows.columns]

    def of(self, values: np.ndarray) -> np.ndarray:
        """See :class:`Statistics`."""
        codes = [column[:, 0].astype(np.intp) for column in _seen(values)]
        shares = [np.bincount(own, minlength=size) / len(own) for own, size in zip(codes, self.sizes, strict=True)]
        told = [share[1:] if binary else share for share, binary in zip(shares, self.binary, strict=True)]
        return np.concatenate([*told, [self._association(values, i, j) for i, j in self.pairs]])

    def _association(self, values: np.ndarray, i: int, j: int) -> float:
        n_i, n_j = self.sizes[i], self.sizes[j]
        values = _seen_both(values, i, j)
        cells = np.bincount((values[:, i] * n_j + values[:, j]).astype(np.intp), minlength=n_i * n_j)
        table = cells.reshape(n_i, n_j) / max(len(values), 1)
        expected = np.outer(table.sum(axis=1), table.sum(axis=0))
        there = expected > 0
        chi_squared = np.sum((table - expected)[there] ** 2 / expected[there])
        return float(np.sqrt(chi_squared / max(min(n_i, n_j) - 1, 1)))


def _seen(values: np.ndarray) -> list[np.ndarray]:
    """Of every column what is not missing, (n, 1)."""
    return [column[~np.isnan(column)][:, None] for column in values.T]


def _seen_both(values: np.ndarray, i: int, j: int) -> np.ndarray:
    """The rows of which two columns are not missing."""
    missing = np.isnan(values[:, [i, j]])
    return values[~missing.any(axis=1)] if missing.any() else values


def _of_pairs(values: np.ndarray, pairs: np.ndarray) -> list[float]:
    both = [(_seen_both(values, i, j), i, j) for i, j in pairs]
    return [_correlation(rows[:, i], rows[:, j]) if len(rows) else 0.0 for rows, i, j in both]


def _correlations_of_seen(values: np.ndarray) -> np.ndarray:
    """Correlations (D, D), each of the rows that have both."""
    n_features = values.shape[1]
    found = np.eye(n_features)
    pairs = np.argwhere(np.tri(n_features, k=-1))
    for (i, j), value in zip(pairs, _of_pairs(values, pairs), strict=True):
        found[i, j] = found[j, i] = value
    return found


def _by_feature(rows: Rows, chosen: Sequence[str]) -> list[tuple[str, str]]:
    return [(feature, statistic) for statistic in chosen for feature in rows.features]


def _correlations(rows: Rows, pairs: np.ndarray) -> list[tuple[str, str]]:
    return [(rows.features[i], f"correlation with {rows.features[j]}") for i, j in pairs]


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Zero where one of them does not vary."""
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size > 0 else 0.0


def _pairs(strengths: np.ndarray, brief: bool) -> np.ndarray:
    """Every feature and the other one that it depends on most; each pair once."""
    if brief or len(strengths) == 1:
        return np.empty((0, 2), dtype=int)
    strengths = strengths.copy()
    np.fill_diagonal(strengths, -1)
    pairs = np.column_stack([np.arange(len(strengths)), strengths.argmax(axis=1)])
    return np.unique(np.sort(pairs, axis=1), axis=0)
