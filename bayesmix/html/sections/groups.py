"""The groups in numbers and in a picture, and the data, in the user's units."""

import numpy as np

from bayesmix.data import Rows
from bayesmix.data.words import joined, listed
from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.digest import Digest, Summary
from bayesmix.html.numbers import percent, percent_with_interval, to_spread
from bayesmix.html.sections.overlaps import overlaps_section
from bayesmix.html.sections.pictures import density_picture
from bayesmix.html.sections.relations import relations_section
from bayesmix.plots.gaps import MOST_PATTERNS, draw_missing_cells

# Centres of more features stand in a table of their own, which has the features as rows.
_MOST_COLUMNS = 3
# A table of more levels is shown only when asked for.
_MOST_LEVELS = 40
_MOST_PATTERNS = 20
# More patterns of missing cells than these are shown in a picture.
_FEW_PATTERNS = 4
_MOST_FEATURES = 4


def data_section(digest: Digest) -> Section:
    """Rows, features and their ranges."""
    rows = digest.rows
    facts = (("rows", f"{rows.n_rows:,}"), ("features", f"{rows.n_features:,}"))
    together = () if rows.missing is None else (_missing_together(rows),)
    if rows.missing is not None:
        cells, of = int(rows.missing.sum()), rows.missing.size
        facts += (("missing cells", f"{cells:,} of {of:,} ({percent(cells / of)})"),)
    kinds = np.array(rows.kinds)
    numbers, counts = np.flatnonzero(kinds == "real"), np.flatnonzero(kinds == "count")
    levels = np.flatnonzero((kinds != "real") & (kinds != "count"))
    tables = [_numbers(rows.of(own), together=bool(together)) for own in (numbers, counts) if own.size]
    tables += [_levels(rows.of(levels))] if levels.size else []
    return Section(facts=facts, pictures=_pattern_picture(rows), tables=(*tables, *together))


def _numbers(rows: Rows, *, together: bool) -> Table:
    """Where numbers or counts lie."""
    kind, of_seen = rows.columns[0].kind, [column[~np.isnan(column)] for column in rows.values.T]
    columns = {
        "lowest": np.array([column.min() for column in of_seen]),
        "median": np.array([np.median(column) for column in of_seen]),
        "mean": np.array([column.mean() for column in of_seen]),
        "highest": np.array([column.max() for column in of_seen]),
    }
    spread = np.array([column.std(ddof=1) if len(column) > 1 else 0.0 for column in of_seen])
    if rows.n_rows > 1 and kind == "real":
        columns["standard deviation"] = spread
    if rows.error_deviations is not None:
        columns["standard error (median)"] = np.nanmedian(rows.error_deviations, axis=0)
    return Table(
        caption="The features, over all rows",
        header=("feature", *columns, *(("zeros",) if kind == "count" else ()), *(("missing",) if together else ())),
        rows=tuple(
            (
                Cell(name),
                *(Cell(to_spread(column[j], spread[j]), float(column[j])) for column in columns.values()),
                *((_share(float(np.mean(of_seen[j] == 0))),) if kind == "count" else ()),
                *((_number(rows.n_rows - len(of_seen[j])),) if together else ()),
            )
            for j, name in enumerate(rows.labels)
        ),
    )


def _pattern_picture(rows: Rows) -> tuple[Picture, ...]:
    """Which cells are missing, where a table does not show it at a glance."""
    missing = rows.missing
    if missing is None or (n_patterns := len(rows.patterns[0])) <= _FEW_PATTERNS:
        return ()
    shown = f"; the {MOST_PATTERNS} most frequent ones are shown" if n_patterns > MOST_PATTERNS else ""
    share = [f"{name} ({percent(gone)})" for name, gone in zip(rows.labels, missing.mean(axis=0), strict=True)]
    return (
        Picture(
            lambda: draw_missing_cells(rows),
            f"Missing cells by feature: {joined(share)}",
            "Rows that miss the same cells stand together, as high as they are many, whole ones first; what is missing "
            f"is dark{shown}. It is taken to be missing at random: for reasons that the seen cells tell, if any do.",
        ),
    )


def _missing_together(rows: Rows) -> Table:
    """Which cells are missing together, the most frequent patterns first."""
    patterns, which = rows.patterns
    counts = np.bincount(which, minlength=len(patterns))
    order = [p for p in np.argsort(-counts, kind="stable") if patterns[p].any()]
    of = "" if len(order) <= _MOST_PATTERNS else f" ({_MOST_PATTERNS} of {len(order):,} patterns)"
    return Table(
        caption=f"Cells that are missing together{of}; they are summed out, and not filled in",
        header=("missing", "rows", "share"),
        rows=tuple(
            (
                Cell(listed([name for name, gone in zip(rows.labels, patterns[p], strict=True) if gone])),
                _number(int(counts[p])),
                _share(float(counts[p] / rows.n_rows)),
            )
            for p in order[:_MOST_PATTERNS]
        ),
        folded=len(order) > _FEW_PATTERNS,
    )


def _levels(rows: Rows) -> Table:
    """How often each level was seen; of zeros and ones, ones."""
    told = [
        (Cell(column.label), Cell(level), Cell(f"{seen.sum():,}", float(seen.sum())), _share(float(seen.mean())))
        for column, values in zip(rows.columns, rows.values.T, strict=True)
        for code, level in (enumerate(column.levels) if column.levels else [(1, "1")])
        for seen in [values[~np.isnan(values)] == code]
    ]
    header = ("feature", "level", "rows", "share")
    return Table("The features, over all rows", header, tuple(told), n_labels=2, folded=len(told) > _MOST_LEVELS)


def _number(count: int) -> Cell:
    return Cell(f"{count:,}", float(count))


def _share(share: float) -> Cell:
    return Cell(percent(share), share)


def groups_section(digest: Digest) -> Section:
    """Sizes and where the groups lie at a glance, the picture, and what else is told of them."""
    lie, *others = digest.summaries
    beside = len(lie.entries) <= _MOST_COLUMNS
    glance = [_glance(digest, lie if beside else None)]
    if not beside:
        glance.append(_by_entry(digest, lie))
    said = [_middles(digest)] if digest.sampled else []
    parts = [("In a picture", Section(pictures=(density_picture(digest),)))]
    for summary in others:
        sentences = tuple(said) if summary is others[-1] else ()
        if summary.key == "spread" and digest.rows.errors is not None:
            sentences = (_beside_errors(digest, summary), *sentences)
        last = Section(tables=(_by_entry(digest, summary),), sentences=sentences)
        parts.append((_first_upper(summary.plural), last))
    if digest.n_components > 1:
        parts.append(("Groups that may be one", overlaps_section(digest)))
    relations = None if digest.family.has_noise else relations_section(digest)
    if relations is not None:
        parts.append(("What the features tell of each other", relations))
    return Section(tables=tuple(glance), sentences=() if others else tuple(said), parts=tuple(parts))


def _beside_errors(digest: Digest, summary: Summary) -> str:
    """How large errors of measurement are beside the spread of the groups."""
    deviations = digest.rows.error_deviations
    assert deviations is not None
    errors = np.nanmedian(deviations, axis=0)
    ratios = errors / np.median(summary.estimate.value, axis=0)
    most = np.argsort(-ratios, kind="stable")[:_MOST_FEATURES]
    told = [f"{ratios[j]:.0%} of it in {digest.rows.features[j]}" for j in most]
    if len(ratios) > len(told):
        told.append("less in the others")
    return (
        "Rows were measured with known errors: the groups, their centres and their spreads are of the true values. The "
        f"errors are, beside the standard deviation of a group (both of them medians), {joined(told)}."
    )


def _middles(digest: Digest) -> str:
    medians = [summary.plural for summary in digest.summaries if not all(summary.shares)]
    means = [
        summary.plural if all(summary.shares) else "probabilities"
        for summary in digest.summaries
        if any(summary.shares)
    ]
    told = f"Shares{''.join(f' and {plural}' for plural in means)} are posterior means"
    return f"{told}, {joined(medians)} posterior medians." if medians else f"{told}."


def _first_upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _glance(digest: Digest, lie: Summary | None) -> Table:
    assigned = digest.membership["label"].values
    shares = digest.shares
    entries = lie.entries if lie else ()

    def row(k: int) -> tuple[Cell, ...]:
        share = percent_with_interval(shares.value[k], shares.low[k], shares.high[k])
        n_assigned = int(np.sum(assigned == k))
        return (
            Cell(digest.rows.group(k), float(k), group=k),
            Cell(share, float(shares.value[k])),
            Cell(f"{n_assigned:,}", float(n_assigned)),
            *(_estimated(lie, k, j) for j in range(len(entries)) if lie),
        )

    rows = [row(k) for k in range(digest.n_components)]
    if digest.noise is not None:
        share, low, high = (float(part[0]) for part in (digest.noise.value, digest.noise.low, digest.noise.high))
        n_noise = int(np.sum(assigned == -1))
        rows.append(
            (
                Cell("noise", -1.0),
                Cell(percent_with_interval(share, low, high), share),
                Cell(f"{n_noise:,}", float(n_noise)),
                *(Cell("anywhere") for _ in entries),
            )
        )
    caption = f"Sizes{f' and {lie.plural}' if lie else ''} of the groups{_interval(digest)}"
    if digest.n_components > max(1, len(digest.rows.classes)):
        caption += "; groups are numbered from 0"
    return Table(
        caption=caption,
        header=("group", "share of all", "rows", *entries),
        rows=tuple(rows),
    )


def _by_entry(digest: Digest, summary: Summary) -> Table:
    groups = range(digest.n_components)
    return Table(
        caption=f"{_first_upper(summary.plural)}{_interval(digest)}",
        header=(_entry(digest, summary), *(digest.rows.group(k) for k in groups)),
        rows=tuple(
            (Cell(name), *(_estimated(summary, k, j) for k in groups)) for j, name in enumerate(summary.entries)
        ),
    )


def _entry(digest: Digest, summary: Summary) -> str:
    return "level" if all(summary.shares) and len(summary.entries) != digest.rows.n_features else "feature"


def _estimated(summary: Summary, k: int, j: int) -> Cell:
    return Cell(summary.text(k, j), float(summary.estimate.value[k, j]))


def _interval(digest: Digest) -> str:
    return f", with {digest.ci_prob:.0%} intervals" if digest.sampled else ""
