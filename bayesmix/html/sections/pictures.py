"""The picture of the density, and who belongs where."""

import numpy as np

from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import counted, percent, percent_with_interval, plain
from bayesmix.plots import draw_density, draw_responsibilities
from bayesmix.plots.frame import row_name
from bayesmix.plots.memberships import UNSURE, least_sure
from bayesmix.plots.view import MOST_FEATURES

_FEWEST_ROWS = 10
_MOST_ROWS = 25
_MOST_COLUMNS = 6
_MOST_DESCRIBED = 6


def picture_section(digest: Digest) -> Section:
    """The density beside the rows."""
    picture = Picture(lambda: draw_density(digest.tree), _density_alt(digest), _density_caption(digest))
    return Section(pictures=(picture,))


def membership_section(digest: Digest) -> Section:
    """Probabilities of belonging, in a picture, and the rows that are hardest to place."""
    n_rows = digest.rows.n_rows
    if digest.n_components == 1:
        return Section(sentences=("There is one group: every row belongs to it.",))
    certainty = digest.membership["label_probability"].values
    n_unsure = int((certainty < UNSURE).sum())
    summary = (
        f"{n_rows - n_unsure:,} of {counted(n_rows, 'row')} belong to one group with a probability "
        f"of at least {UNSURE:.0%}; {n_unsure:,} {'is' if n_unsure == 1 else 'are'} unsure."
    )
    caption = (
        "Left: one column for each row, sorted by group and certainty; colours share it out by "
        "the probability of each group. Right: the rows that are hardest to place, by name."
    )
    if digest.sampled:
        caption += f" Pale parts and whiskers: {digest.ci_prob:.0%} posterior intervals."
    alt = (
        f"Stacked probabilities of {counted(n_rows, 'row')} over {digest.n_components} groups. "
        f"{summary} The table below names the rows that are hardest to place."
    )
    picture = Picture(lambda: draw_responsibilities(digest.tree), alt, caption)
    return Section(sentences=(summary,), pictures=(picture,), tables=(_hardest(digest),))


def _hardest(digest: Digest) -> Table:
    membership, values = digest.membership, digest.rows.values
    probability = membership["probability"].values
    bounds = membership["probability_interval"].transpose("obs", "component", "ci_bound").values
    n_unsure = int((membership["label_probability"].values < UNSURE).sum())
    positions = least_sure(membership, min(max(n_unsure, _FEWEST_ROWS), _MOST_ROWS))
    shown = digest.rows.labels[:_MOST_COLUMNS]
    rows = []
    for i in positions:
        first, second = np.argsort(-probability[i], kind="stable")[:2].tolist()
        label = Cell(f"group\N{NO-BREAK SPACE}{first}", float(first))
        likely = percent_with_interval(float(probability[i, first]), *bounds[i, first])
        rows.append(
            (
                Cell(row_name(membership["obs"].values[i]), _sortable(membership["obs"].values[i])),
                label,
                Cell(likely, float(probability[i, first])),
                Cell(f"group\N{NO-BREAK SPACE}{second}", float(second)),
                Cell(percent(float(probability[i, second])), float(probability[i, second])),
                *(Cell(plain(values[i, j]), float(values[i, j])) for j in range(len(shown))),
            )
        )
    return Table(
        caption=f"The {counted(len(rows), 'row')} that {'is' if len(rows) == 1 else 'are'} hardest "
        f"to place; those below {UNSURE:.0%} stand out",
        header=("row", "group", "its probability", "next", "probability of next", *shown),
        rows=tuple(rows),
        highlighted=frozenset(range(min(n_unsure, len(rows)))),
    )


def _sortable(name) -> float | str:
    return float(name) if isinstance(name, int | float | np.number) else row_name(name)


def _density_caption(digest: Digest) -> str:
    n_features = digest.rows.n_features
    one = "The predictive density over a histogram of the rows, and the share of each group in it."
    two = (
        "The rows by group, hollow where the group is unsure; contours that hold 50, 80 and 95% of "
        "the predictive distribution; and ellipses that hold 90% of a group."
    )
    faint = " Faint ellipses are single posterior draws." if digest.sampled else ""
    if n_features == 1:
        band = f" The band is its {digest.ci_prob:.0%} interval." if digest.sampled else ""
        return one + band
    if n_features == 2:
        return two + faint
    more = "" if n_features <= MOST_FEATURES else f" The first {MOST_FEATURES} features are shown."
    return f"On the diagonal: {_lowered(one)} Below it: {_lowered(two)}{faint}{more}"


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _density_alt(digest: Digest) -> str:
    features, axes = digest.rows.features[:MOST_FEATURES], digest.rows.labels[:MOST_FEATURES]
    kind = {1: "Histogram and density curve of ", 2: "Scatter plot of "}.get(
        len(features), "Matrix of scatter plots of "
    )
    said = [kind + " and ".join(filter(None, [", ".join(axes[:-1]), axes[-1]]))]
    for k in range(min(digest.n_components, _MOST_DESCRIBED)):
        centre = ", ".join(
            f"{name} {plain(value, 3)}" for name, value in zip(features, digest.centres.value[k], strict=False)
        )
        said.append(f"group {k}, {percent(digest.shares.value[k])}, lies around {centre}")
    return "; ".join(said) + "."
