"""Rows that fit badly, by name."""

import numpy as np

from bayesmix.data.words import row_name
from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import counted, of_row, sortable
from bayesmix.plots import draw_outliers
from bayesmix.plots.view import most_separating

_MOST_ROWS = 25
_MOST_COLUMNS = 4
_RAREST = 1e-6


def misfits_part(digest: Digest) -> Section:
    """The flagged rows alone, the worst first."""
    if digest.rows.errors is not None:
        return Section(
            sentences=(
                "Rows were measured with errors of their own, so that none is as improbable as another one: they are "
                "not judged here.",
            )
        )
    found, rows = digest.misfits, digest.rows
    probability, level = found["probability"].values, found.attrs["level"]
    flagged = np.flatnonzero(found["outlier"].values)
    if not flagged.size:
        return Section(
            sentences=("No row fits badly: none is less probable than the model lets one expect among so many.",)
        )
    worst = flagged[np.argsort(probability[flagged], kind="stable")]
    one = flagged.size == 1
    said = (
        f"{counted(flagged.size, 'row')} {'fits' if one else 'fit'} badly: the model hardly ever makes a row as "
        f"improbable. Of the rows that are flagged so, {level:.0%} at most are expected to be ordinary ones. "
        f"{'It' if one else 'They'} may be a mistake in the data, or something that the groups do not describe."
    )
    hidden = (
        f"{'It has' if one else 'They have'} helped to make the fit all the same, and a row that has drawn a group to "
        "itself is not seen here: to judge rows without their own help, fit the others and ask bm.outliers."
    )
    shown = most_separating(digest.marginal, _MOST_COLUMNS)
    cells = tuple(
        (
            Cell(row_name(rows.obs[i]), sortable(rows.obs[i])),
            Cell(_rarity(float(probability[i])), float(probability[i])),
            *(Cell(of_row(rows, int(i), j), float(rows.values[i, j])) for j in shown),
        )
        for i in worst[:_MOST_ROWS]
    )
    of = "" if len(cells) == flagged.size else f" ({len(cells)} of {flagged.size:,})"
    table = Table(
        caption=f"Rows that fit badly, the worst first{of}",
        header=(rows.heading, "as improbable is", *(rows.labels[j] for j in shown)),
        rows=cells,
    )
    caption = (
        "All rows, the most improbable first, at the probability that a new row is as improbable. Rows that the model "
        "made would lie in the band; those that are flagged lie above the point where the others cross the dashed line."
    )
    alt = f"Tail probabilities of {counted(rows.n_rows, 'row')}, in order; the {counted(flagged.size, 'row')} left of "
    alt += "the dashed line are named."
    return Section(
        sentences=(said, hidden), pictures=(Picture(lambda: draw_outliers(found), alt, caption),), tables=(table,)
    )


def _rarity(probability: float) -> str:
    """``1 row in 2,400``, to two digits."""
    if probability < _RAREST:
        return "less than 1 row in a million"
    times = 1 / probability
    unit = 10 ** max(int(np.log10(times)) - 1, 0)
    return f"1 row in {round(times / unit) * unit:,}"
