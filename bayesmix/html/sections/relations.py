"""What the features tell of each other: how far off each is, without and with the others."""

from dataclasses import replace

import numpy as np

from bayesmix.html.content import Cell, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import MISSING, percent, plain
from bayesmix.posterior.given_values import means_given
from bayesmix.posterior.margins import evenly

# Rows, and draws, of which the errors are told: two digits of them.
_ROWS, _DRAWS = 400, 50
_MOST_ROWS = 12
_NUMBERS = ("real", "count")


def relations_section(digest: Digest) -> Section | None:
    """Errors of each feature given the others; None of one feature, or without rows that have them all."""
    errors = _errors(digest)
    if errors is None:
        return None
    alone, given = errors
    levels = digest.rows.columns[0].kind not in _NUMBERS
    # of wrong guesses the share that goes, of errors that of their squares: the variance
    with np.errstate(divide="ignore", invalid="ignore"):  # of these rows all may have one value
        explained = 1 - (given / alone if levels else (given / alone) ** 2)
    rows = tuple(
        (Cell(name), _error(alone[j], levels), _error(given[j], levels), _share(explained[j]))
        for j, name in enumerate(digest.rows.labels)
    )
    what = "its most probable level is wrong" if levels else "its mean is off (root mean square)"
    caption = f"How {'often' if levels else 'far'} {what}, without and with the other features of a row"
    table = Table(
        caption=f"{caption}, over the rows of the fit",
        header=("feature", "alone", "given the others", f"{'wrong guesses' if levels else 'variance'} explained"),
        rows=rows,
        folded=len(rows) > _MOST_ROWS,
    )
    return Section(sentences=(_said(digest, explained),), tables=(table,))


def _said(digest: Digest, explained: np.ndarray) -> str:
    best = int(np.nanargmax(explained)) if np.isfinite(explained).any() else 0
    ask = "bm.conditional has it for any values, with its uncertainty."
    if not explained[best] >= 0.05:
        return f"Knowing the other features of a row tells hardly anything about any of them. {ask}"
    return f"Knowing the other features of a row tells the most about {digest.rows.features[best]}. {ask}"


def _errors(digest: Digest) -> tuple[np.ndarray, np.ndarray] | None:
    """Errors (D,) of each feature without and with the others."""
    rows, n_features = digest.rows, digest.rows.n_features
    whole = np.flatnonzero(np.ones(rows.n_rows, bool) if rows.missing is None else ~rows.missing.any(axis=1))
    if n_features == 1 or rows.mixed or rows.errors is not None or not whole.size:
        return None
    values = rows.values[whole[evenly(whole.size, _ROWS)]]
    draws, columns = digest.marginal.thinned(_DRAWS), rows.columns
    found = np.empty((2, n_features))
    for j in range(n_features):
        others = [i for i in range(n_features) if i != j]
        known = replace(rows, values=values[:, others], columns=tuple(columns[i] for i in others), index=None)
        means, own = means_given(draws, [j], others, known), values[:, j]
        if columns[j].kind in _NUMBERS:
            found[:, j] = own.std(), np.sqrt(((own - means[:, 0]) ** 2).mean())
        else:
            guess = means.argmax(axis=1) if means.shape[1] > 1 else means[:, 0] > 0.5
            found[:, j] = 1 - np.unique(own, return_counts=True)[1].max() / own.size, (guess != own).mean()
    return found[0], found[1]


def _error(value: float, levels: bool) -> Cell:
    return Cell(percent(float(value)) if levels else plain(float(value), 3), float(value))


def _share(explained: float) -> Cell:
    return Cell(percent(max(float(explained), 0.0)) if np.isfinite(explained) else MISSING, float(explained))
