"""A mixture of an unknown number of groups: how many there are, and what can be told of groups without names."""

import numpy as np

from bayesmix.data.words import joined, spanned
from bayesmix.html.answer import headline_of_numbers, missed, untrusted
from bayesmix.html.content import Answer, Cell, Picture, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import counted, percent
from bayesmix.html.sections.misfits import misfits_part
from bayesmix.html.sections.overlaps import peaks_told
from bayesmix.html.sections.relations import relations_section
from bayesmix.html.sections.together import together_parts
from bayesmix.plots import draw_density
from bayesmix.posterior.numbers import shortest_run

_SHOWN = 0.005  # probability of a number that the table shows


def answer_of_unknown_number(digest: Digest) -> Answer:
    """Say how many groups there are, and what that hangs on."""
    occupied = digest.numbers["occupied"].values
    best, run = int(occupied.argmax()) + 1, shortest_run(occupied)
    share = occupied[run[0] - 1 : run[-1]].sum()
    how_many = (
        f"{counted(best, 'group')} have rows with a probability of {percent(occupied.max())}, the most probable number."
    )
    if best == 1:
        how_many = how_many.replace(" have ", " has ")
    if len(run) > 1:
        how_many += f" With a probability of {percent(share)} it is one of {spanned(run)}."
    how_many += " It hangs on how wide a group may be, which the prior says, more than on anything else."
    found = digest.overview.partition
    sizes = [f"{size:,}" for size in np.bincount(found["label"].values)]
    sure = "Groups have no names while their number changes, so no row has a probability of belonging to one. The one "
    sure += f"partition that stands for all draws has {counted(len(sizes), 'group')}"
    sure += f", of {joined(sizes)} rows." if len(sizes) > 1 else "."
    return Answer(
        headline_of_numbers(occupied, digest.rows.n_rows),
        (
            ("How many?", how_many),
            ("How sure?", sure + untrusted(digest)),
            ("What are they?", f"{digest.family.in_words(digest.rows.n_features)}."),
            ("What is doubtful?", missed(digest) or "Nothing that was checked speaks against this answer."),
        ),
    )


def number_section(digest: Digest) -> Section:
    """How probable each number is, the density, its peaks, and what the features tell of each other."""
    parts = [("In a picture", Section(pictures=(_density(digest),), sentences=tuple(peaks_told(digest))))]
    relations = relations_section(digest)
    if relations is not None:
        parts.append(("What the features tell of each other", relations))
    said = (
        "Groups in the population are the components of the mixture; some of them may have no row among these. Beside "
        "each probability stands what the prior implied before the data."
    )
    return Section(sentences=(said,), tables=(_numbers(digest),), parts=tuple(parts))


def unnamed_section(digest: Digest) -> Section:
    """Who belongs with whom, and the rows that fit badly."""
    best = int(digest.numbers["occupied"].values.argmax()) + 1
    said = (
        "Probabilities of belonging to single groups need groups that are the same in all draws; "
        f"Mixture({best}) fits {counted(best, 'group')} with names. Who belongs with whom needs none."
    )
    parts = (*together_parts(digest), ("Rows that fit badly", misfits_part(digest)))
    return Section(sentences=(said,), parts=parts)


def _numbers(digest: Digest) -> Table:
    found = digest.numbers
    columns = ("occupied", "occupied_prior", "components", "components_prior")
    shown = np.flatnonzero((found["occupied"].values >= _SHOWN) | (found["components"].values >= _SHOWN))
    most = int(found["occupied"].values.argmax())
    rows = tuple(
        (
            Cell(f"{number + 1}", float(number)),
            *(Cell(percent(share), share) for share in (float(found[name].values[number]) for name in columns)),
        )
        for number in shown
    )
    return Table(
        caption="How many groups there are",
        header=("number", "with rows", "before the data", "in the population", "before the data"),
        rows=rows,
        highlighted=frozenset(np.flatnonzero(shown == most).tolist()),
    )


def _density(digest: Digest) -> Picture:
    rows, continuous = digest.rows, digest.family.measure == "density"
    shown = joined(list(rows.labels[:4])) + (", …" if rows.n_features > 4 else "")
    band = f" with {digest.ci_prob:.0%} intervals"
    if not continuous:
        what = f"Probabilities{band} beside the shares of the rows"
    elif rows.n_features == 1:
        what = f"The predictive density{band} over a histogram of the rows"
    else:
        what = "The rows, and contours that hold 50, 80 and 95% of the predictive distribution"
    kind = "Density" if continuous else "Probabilities"
    alt = f"{kind} of {shown} beside the rows, without groups."
    return Picture(
        lambda: draw_density(digest.tree), alt, f"{what}, averaged over all draws with their numbers of groups."
    )
