"""The coordinates in which a picture shows the rows: some features, or principal components."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.plots.draws import Marginal, marginal_of
from bayesmix.plots.frame import shortened
from bayesmix.tree import record_of, training_rows

# Coordinates that a matrix of pairs shows at most, unless features are chosen.
MOST_FEATURES = 5
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
    """

    values: np.ndarray
    marginal: Marginal
    names: tuple[str, ...]
    note: str = ""

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.names)


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
        Features by name; by default all, and of more than five the first five.
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
    shown = chosen[:MOST_FEATURES] if features is None else chosen
    longest = _LONGEST_IN_MATRIX if len(shown) > 2 else None
    names = tuple(shortened(rows.labels[j], *filter(None, [longest])) for j in shown)
    note = f"{len(shown)} of {rows.n_features} features" if len(shown) < rows.n_features else ""
    return View(rows.values[:, shown], marginal.of(shown), names, note if len(shown) > 2 else "")


def _on_principal_components(view: View, number: int) -> View:
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


def positions_of(tree: xr.DataTree, features: str | Sequence[str] | None) -> list[int]:
    """Return the positions of features given by name; all of them by default.

    Raises
    ------
    ValueError
        When a name is unknown, repeated, or none is given.
    """
    names = [str(name) for name in record_of(tree)["features"]]
    if features is None:
        return list(range(len(names)))
    wanted = [features] if isinstance(features, str) else [str(name) for name in features]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(f"features names {unknown[0]!r}, but the tree's features are {names}.")
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(f"features must name each feature to show once, not {wanted}.")
    return [names.index(name) for name in wanted]


def _checked_number(principal_components: Any, n_features: int) -> int:
    most = min(n_features, MOST_FEATURES)
    is_number = hasattr(principal_components, "__index__") and not isinstance(principal_components, bool)
    if not is_number or not 1 <= operator.index(principal_components) <= most:
        raise ValueError(
            f"principal_components must be an integer from 1 to {most} for {n_features} "
            f"feature{'s' if n_features > 1 else ''}, not {principal_components!r}."
        )
    return operator.index(principal_components)
