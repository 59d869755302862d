"""The data and the groups in numbers, in the user's units."""

import numpy as np

from bayesmix.html.content import Cell, Section, Table
from bayesmix.html.digest import Digest, Estimate
from bayesmix.html.numbers import percent_with_interval, plain, with_interval

_FAMILIES = {
    "full": "every group has a covariance matrix of its own: any size, shape and direction",
    "tied": "all groups share one covariance matrix: one size, shape and direction",
    "diag": "within a group the features are uncorrelated, each with a spread of its own",
    "spherical": "within a group the features are uncorrelated and spread alike",
}


def data_section(digest: Digest) -> Section:
    """Rows, features, their ranges and the fingerprint."""
    rows = digest.rows
    values = rows.values
    columns = {
        "lowest": values.min(axis=0),
        "median": np.median(values, axis=0),
        "mean": values.mean(axis=0),
        "highest": values.max(axis=0),
        "standard deviation": values.std(axis=0, ddof=1) if rows.n_rows > 1 else None,
    }
    known = {name: numbers for name, numbers in columns.items() if numbers is not None}
    table = Table(
        caption="The features, over all rows",
        header=("feature", *known),
        rows=tuple(
            (Cell(name), *(Cell(plain(column[j]), float(column[j])) for column in known.values()))
            for j, name in enumerate(rows.labels)
        ),
    )
    facts = (
        ("rows", f"{rows.n_rows:,}"),
        ("features", f"{rows.n_features:,}"),
        ("SHA-256 of the values", rows.sha256),
    )
    return Section(facts=facts, tables=(table,))


def groups_section(digest: Digest) -> Section:
    """Sizes, centres and spreads, with intervals."""
    names = tuple(f"group {k}" for k in range(digest.n_components))
    interval = f" ({digest.ci_prob:.0%} interval)" if digest.sampled else ""
    covariance = digest.family.covariance
    sentences = [f"Groups are Gaussian ({digest.family}): {_FAMILIES[covariance]}."]
    if digest.sampled:
        sentences.append(
            f"Brackets hold {digest.ci_prob:.0%} posterior intervals; shares are posterior means, "
            "centres and spreads posterior medians."
        )
    assigned = digest.membership["label"].values
    shares = digest.shares
    sizes = Table(
        caption="How large the groups are",
        header=("group", f"share of the population{interval}", "rows labelled so"),
        rows=tuple(
            (
                Cell(name, float(k)),
                Cell(
                    percent_with_interval(shares.value[k], shares.low[k], shares.high[k]),
                    float(shares.value[k]),
                ),
                Cell(f"{np.sum(assigned == k):,}", float(np.sum(assigned == k))),
            )
            for k, name in enumerate(names)
        ),
    )
    labels = digest.rows.labels
    centres = _by_feature(f"Where their centres lie{interval}", labels, names, digest.centres)
    spreads = _by_feature(f"How far they spread: standard deviations{interval}", labels, names, digest.spreads)
    return Section(sentences=tuple(sentences), tables=(sizes, centres, spreads))


def _by_feature(caption: str, features: tuple[str, ...], groups: tuple[str, ...], estimate: Estimate) -> Table:
    def cell(k: int, j: int) -> Cell:
        numbers = (estimate.value[k, j], estimate.low[k, j], estimate.high[k, j])
        return Cell(with_interval(*map(float, numbers)), float(numbers[0]))

    rows = tuple((Cell(name), *(cell(k, j) for k in range(len(groups)))) for j, name in enumerate(features))
    return Table(caption=caption, header=("feature", *groups), rows=rows)
