"""The coordinates in which a picture shows the rows: some features, or principal components."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.plots.frame import shortened
from bayesmix.plots.two_features import ELLIPSE
from bayesmix.posterior.margins import Marginal, marginal_of, positions_of
from bayesmix.tree import training_rows

# Coordinates that a matrix of pairs shows at most, unless features are chosen.
MOST_FEATURES = 5
# How far an axis goes beyond the rows, as a share of their range: a margin, and what an ellipse may push it to.
_MARGIN = 0.08
_MOST_ROOM = 0.3
# A group with fewer rows than this on average follows its prior, which no axis is stretched for.
_FEWEST_ROWS = 2
_LONGEST_IN_MATRIX = 22
_LONGEST_LOADED = 18
_NAMED_LOADINGS = 2


@dataclass(frozen=True, eq=False)
class View:
    """Rows and mixture as a picture shows them.

    Attributes
    ----------
    values : (N, d) array
        The training rows.
    marginal : Marginal
        The mixture in the same coordinates.
    names : tuple of str
        Labels of the axes.
    note : str
        What is not shown; empty where everything is.
    positions : tuple of int
        The features that are shown; nothing where they are principal components.
    """

    values: np.ndarray
    marginal: Marginal
    names: tuple[str, ...]
    note: str = ""
    positions: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.names)

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height of the picture."""
        if self.size > 2:
            return 2.1 * self.size + 0.6, 2.0 * self.size + 0.4
        return 8.6, 4.4 if self.size == 1 else 5.4

    @property
    def needs(self) -> str:
        """See :func:`bayesmix.plots.frame.figure_of`."""
        return f"{self.size} features need a matrix of them: choose one or two" if self.size > 2 else ""

    @cached_property
    def limits(self) -> np.ndarray:
        """Ends of the axes (d, 2): around the rows, and around the ellipses of groups that own some, within bounds."""
        low, high = np.nanmin(self.values, axis=0), np.nanmax(self.values, axis=0)
        room = high - low
        if not self.marginal.named:
            return np.column_stack([low - _MARGIN * room, high + _MARGIN * room])
        owners = self.marginal.weights.mean(axis=0) * len(self.values) >= _FEWEST_ROWS
        centres, covariances = self.marginal.typical()
        reach = np.median(self.marginal.radii(ELLIPSE), axis=0)[:, None] * np.sqrt(
            np.diagonal(covariances, axis1=-2, axis2=-1)
        )
        first = np.min((centres - reach)[owners], axis=0, initial=np.inf)
        last = np.max((centres + reach)[owners], axis=0, initial=-np.inf)
        first = np.clip(first, low - _MOST_ROOM * room, low) - _MARGIN * room
        last = np.clip(last, high, high + _MOST_ROOM * room) + _MARGIN * room
        return np.column_stack([first, last])


def view_of(
    tree: xr.DataTree,
    features: str | Sequence[str] | None = None,
    principal_components: int | None = None,
) -> View:
    """Choose the coordinates.

    Parameters
    ----------
    tree : xarray.DataTree
    features : str or sequence of str, optional
        Features by name; by default all, and of more than five the five that separate the groups best.
    principal_components : int, optional
        So many leading principal components of the features, of all of them by default. They are those of the
        standardised training rows, so that units do not matter; each points to where its largest loading is positive.

    Raises
    ------
    ValueError
        When a name is unknown, or there are not so many principal components.
    """
    rows, marginal = training_rows(tree), marginal_of(tree)
    chosen = positions_of(tree, features)
    if principal_components is not None:
        number = _checked_number(principal_components, len(chosen))
        view = View(rows.values[:, chosen], marginal.of(chosen), tuple(rows.features[j] for j in chosen))
        return _on_principal_components(view, number)
    shown = most_separating(marginal, MOST_FEATURES) if features is None else chosen
    longest = _LONGEST_IN_MATRIX if len(shown) > 2 else None
    names = tuple(shortened(rows.labels[j], *filter(None, [longest])) for j in shown)
    note = left_out(shown, marginal)
    note = note.replace(": ", ":\n") if len(shown) > 2 else ""
    return View(rows.values[:, shown], marginal.of(shown), names, note, tuple(shown))


def most_separating(marginal: Marginal, number: int) -> list[int]:
    """Return the positions, in the order of the columns, of so many features in which the groups lie furthest apart.

    The first of them where groups have no names.
    """
    if not marginal.named:
        return list(range(min(number, marginal.n_features)))
    return sorted(np.argsort(-marginal.separation(), kind="stable")[:number].tolist())


def left_out(shown: list[int], marginal: Marginal) -> str:
    """Say how many of the features are shown, and which; empty where all are."""
    n_features = marginal.n_features
    if len(shown) == n_features:
        return ""
    which = ""
    if shown == most_separating(marginal, len(shown)):
        which = ": those that separate the groups best" if len(marginal.groups) > 1 else ": the first"
    return f"{len(shown)} of {n_features} features{which}"


def _on_principal_components(view: View, number: int) -> View:
    view = replace(view, values=view.values[~np.isnan(view.values).any(axis=1)])
    centre, scale = view.values.mean(axis=0), view.values.std(axis=0, ddof=1)
    standardised = (view.values - centre) / scale
    variances, loadings = np.linalg.eigh(np.atleast_2d(np.cov(standardised, rowvar=False)))
    variances, loadings = variances[::-1], loadings[:, ::-1]
    largest = np.abs(loadings).argmax(axis=0)
    loadings = (loadings * np.sign(loadings[largest, np.arange(view.size)]))[:, :number]
    shares = variances[:number] / variances.sum()
    if number > 2:
        names = [f"PC {k + 1} ({share:.0%})" for k, share in enumerate(shares)]
    else:
        names = [
            f"principal component {k + 1} ({share:.0%} of the variance)\n{_loaded(view.names, loadings[:, k])}"
            for k, share in enumerate(shares)
        ]
    matrix = loadings / scale[:, None]
    note = f"principal components\nof {view.size} features: {shares.sum():.0%} of the variance" if number > 2 else ""
    return View((view.values - centre) @ matrix, view.marginal.mapped(centre, matrix), tuple(names), note)


def _loaded(names: Sequence[str], loadings: np.ndarray) -> str:
    """Say what a principal component is made of, the largest loadings first."""
    order = np.argsort(-np.abs(loadings), kind="stable")
    shown = [
        f"{'−' if loadings[j] < 0 else '+'} {abs(loadings[j]):.2f} {shortened(names[j], _LONGEST_LOADED)}"
        for j in order[:_NAMED_LOADINGS]
    ]
    return " ".join(shown).removeprefix("+ ") + (" …" if len(order) > _NAMED_LOADINGS else "")


def _checked_number(principal_components: Any, n_features: int) -> int:
    most = min(n_features, MOST_FEATURES)
    is_number = hasattr(principal_components, "__index__") and not isinstance(principal_components, bool)
    if not is_number or not 1 <= operator.index(principal_components) <= most:
        raise ValueError(
            f"principal_components must be an integer from 1 to {most} for {n_features} "
            f"feature{'s' if n_features > 1 else ''}, not {principal_components!r}."
        )
    return operator.index(principal_components)
