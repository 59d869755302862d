"""Who belongs with whom: the partition that stands for the draws, and the other ways to group beside it."""

import numpy as np

from bayesmix.data.words import joined, row_name
from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import as_sure, counted, percent, with_interval
from bayesmix.plots import draw_similarity
from bayesmix.posterior.partitions.overview import Overview, named_like

_MOST_ROWS = 15


def together_parts(digest: Digest) -> tuple[tuple[str, Section], ...]:
    """Headings and what stands under them."""
    seen = digest.overview
    parts = [("As one partition", _partition(digest, seen))]
    if seen.rows.missing is None and all(column.kind == "real" for column in seen.rows.columns):
        parts.append(("Beside other ways to group", _other_ways(digest, seen)))
    return tuple(parts)


def _partition(digest: Digest, seen: Overview) -> Section:
    label = _named(digest, seen)
    sizes = [f"{size:,}" for size in np.bincount(label) if size]
    n_groups = int(seen.partition["label"].max()) + 1
    of = "" if seen.rows.n_rows == seen.n_rows else f" (of {seen.rows.n_rows:,} of {seen.n_rows:,} rows)"
    said = f"The one partition that stands for all draws{of}, of least expected loss by the variation of information, "
    said += f"has {counted(n_groups, 'group')}"
    said += f", of {joined(sizes)} rows." if n_groups > 1 else "."
    if not digest.sampled:
        said = said.replace("all draws", "the best estimate")
    return Section(sentences=(said, _ball(digest, seen)), pictures=(_picture(digest, seen, n_groups),))


def _ball(digest: Digest, seen: Overview) -> str:
    """The credible ball in plain words."""
    found = seen.partition
    label = found["label"].values
    most, fewest = (int(found[name].max()) + 1 for name in ("lower", "upper"))
    furthest = found["horizontal"].values
    moved = int((named_like(furthest, label) != label).sum())
    ball = f"With a probability of {percent(found.attrs['ci_prob'])} the true partition, if the model is right, "
    if not digest.sampled:
        ball = ball.replace("if the model is right", "if the best estimate is right")
    if moved == 0:
        return f"{ball}is this very one."
    between = counted(most, "group") if most == fewest else f"{fewest} to {counted(most, 'group')}"
    return f"{ball}has {between} and is no further from it than one that places {counted(moved, 'row')} otherwise."


def _picture(digest: Digest, seen: Overview, n_groups: int) -> Picture:
    together = seen.similarity
    unsure = float(((together > 0.1) & (together < 0.9)).mean())
    caption = (
        "How probable it is that two rows belong together, for all pairs: rows stand by group of the partition, which "
        "lines part, and similar ones side by side. Dark outside a group's square are pairs that may be together, pale "
        "inside it pairs that may not."
    )
    if len(seen.shown) < seen.n_rows:
        caption += f" Shown are {len(seen.shown):,} of {seen.n_rows:,} rows, evenly chosen."
    alt = f"Similarity of {counted(len(seen.shown), 'row')} in {counted(n_groups, 'group')}; "
    alt += f"of {percent(unsure)} of the pairs it is between 10% and 90%."
    return Picture(lambda: draw_similarity(seen), alt, caption)


def _named(digest: Digest, seen: Overview) -> np.ndarray:
    """Groups of the partition by the names that they have in the rest of the report."""
    label = seen.partition["label"].values
    return label if digest.unnamed else named_like(label, digest.membership["label"].values[seen.chosen])


def _other_ways(digest: Digest, seen: Overview) -> Section:
    found, label = seen.comparison, _named(digest, seen)
    names = [str(name) for name in found["clustering"].values]
    others = {name: named_like(found["label"].sel(clustering=name).values, label) for name in names}
    said = (
        "What methods without probabilities find, beside the posterior, and which peak of the fitted density each row "
        "lies at. The adjusted Rand index is 1 for the same "
        "groups and 0 for no more than chance; the variation of information, in nats, is 0 for the same groups. Their "
        "intervals are over the draws. Columns were divided by their standard deviations, since distances depend on "
        "units."
    )
    tables = [_agreement(seen, others, label)]
    order = np.argsort(-found["disagreement"].max("clustering").values, kind="stable").tolist()
    differ = [i for i in order if any(one[i] != label[i] for one in others.values())]
    if differ:
        tables.append(_rows(seen, others, label, differ))
    return Section(sentences=(said,), tables=tuple(tables))


def _agreement(seen: Overview, others: dict[str, np.ndarray], label: np.ndarray) -> Table:
    found, cells = seen.comparison, []
    for name, one in others.items():
        own = found.sel(clustering=name)
        measures = []
        for measure in ("adjusted_rand", "variation_of_information"):
            value, (low, high) = float(own[measure]), own[f"{measure}_interval"].values.tolist()
            text = with_interval(value, low, high) if low < high else as_sure(value, low, high)
            measures.append(Cell(text, value))
        moved = int((one != label).sum())
        groups = int(own["n_groups"])
        cells.append((Cell(name), Cell(f"{groups}", groups), *measures, Cell(f"{moved:,}", moved)))
    return Table(
        caption=f"Other ways to group, beside the posterior, with {percent(found.attrs['ci_prob'])} intervals",
        header=(
            "method",
            "groups",
            "adjusted Rand index",
            "variation of information",
            "rows placed otherwise than by the partition",
        ),
        rows=tuple(cells),
    )


def _rows(seen: Overview, others: dict[str, np.ndarray], label: np.ndarray, differ: list[int]) -> Table:
    cells = []
    for i in differ[:_MOST_ROWS]:
        groups = [label[i], *(one[i] for one in others.values())]
        name = row_name(seen.rows.obs[i])
        cells.append((Cell(name), *(Cell(f"group\N{NO-BREAK SPACE}{k}", float(k), group=int(k)) for k in groups)))
    of = "" if len(differ) == len(cells) else f", {len(cells)} of {len(differ):,}"
    return Table(
        caption=f"Rows that some of them place otherwise than the partition{of}",
        header=(seen.rows.heading, "partition", *others),
        rows=tuple(cells),
    )
