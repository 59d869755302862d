"""The picture of the density, and who belongs where, with the rows in doubt."""

import numpy as np

from bayesmix.data.words import row_name
from bayesmix.html.answer import noise_told
from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import counted, of_row, percent, percent_with_interval, plain, sortable
from bayesmix.html.sections.misfits import misfits_part
from bayesmix.html.sections.together import together_parts
from bayesmix.plots import draw_density, draw_responsibilities
from bayesmix.plots.discrete import Discrete, discrete_of
from bayesmix.plots.mixed import Mixed, mixed_of
from bayesmix.plots.view import MOST_FEATURES, most_separating
from bayesmix.posterior.membership import UNSURE, in_doubt

_MOST_ROWS = 25
_MOST_COLUMNS = 3
_MOST_DESCRIBED = 6


def density_picture(digest: Digest) -> Picture:
    """The density beside the rows."""
    return Picture(lambda: draw_density(digest.tree), _density_alt(digest), _density_caption(digest))


def membership_section(digest: Digest) -> Section:
    """Probabilities of belonging, in a picture, and the rows in doubt."""
    n_rows = digest.rows.n_rows
    parts = (("Rows that fit badly", misfits_part(digest)),)
    if digest.n_components == 1 and digest.noise is None:
        return Section(sentences=("There is one group: every row belongs to it.",), parts=parts)
    doubtful = in_doubt(digest.membership)
    columns = "one column for each row, sorted by group and certainty; colours share it out by the probability of each"
    if len(doubtful):
        caption = f"Left: {columns} group. Right: the rows that are least sure, by name."
        if digest.sampled:
            caption += (
                " Beside them, why: their entropy, as a share of the highest, has a part from the overlap of the "
            )
            caption += "groups and one from data that are too few to tell."
    else:
        caption = f"{columns.capitalize()} group."
    if digest.sampled:
        caption += f" {'Pale parts and whiskers' if len(doubtful) else 'Pale parts'}: {digest.ci_prob:.0%} posterior "
        caption += "intervals."
    if len(doubtful):
        sentences = (_why(digest, doubtful),) if digest.sampled else ()
    else:
        sentences = (f"No row is in doubt: each has a group with a probability of at least {UNSURE:.0%}.",)
    if digest.noise is not None:
        sentences = (noise_told(digest), *sentences)
    alt = (
        f"Stacked probabilities of {counted(n_rows, 'row')} over {digest.n_components} groups; "
        f"{len(doubtful):,} in doubt."
    )
    picture = Picture(lambda: draw_responsibilities(digest.tree), alt, caption)
    return Section(
        sentences=sentences,
        pictures=(picture,),
        tables=(_doubtful(digest, doubtful),) if len(doubtful) else (),
        parts=(*(() if digest.family.has_noise else together_parts(digest)), *parts),
    )


def _parts(digest: Digest, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What of the entropy of rows comes from the overlap of the groups, and what from uncertain parameters."""
    membership = digest.membership
    return membership["entropy_overlap"].values[rows], membership["entropy_parameters"].values[rows]


def _why(digest: Digest, doubtful: np.ndarray) -> str:
    """Whether rows are in doubt because groups overlap, or because data are few."""
    overlap, parameters = (float(part.sum()) for part in _parts(digest, doubtful))
    share = overlap / (overlap + parameters)
    rows = f"the {counted(len(doubtful), 'row')} in doubt" if len(doubtful) > 1 else "the one row in doubt"
    return (
        f"Of the uncertainty about {rows}, {percent(share)} is overlap of the groups, which would stay if the groups "
        f"were known exactly; {percent(1 - share)} is there because there are not enough data to tell them exactly."
    )


def _unbroken(name: str) -> str:
    return name.replace(" ", "\N{NO-BREAK SPACE}")


def _called(digest: Digest, k: int) -> Cell:
    """A group; noise behind the last one."""
    if k == digest.n_components:
        return Cell("noise", float(k))
    return Cell(_unbroken(digest.rows.group(k)), float(k), group=k)


def _doubtful(digest: Digest, doubtful: np.ndarray) -> Table:
    membership, rows = digest.membership, digest.rows
    probability = membership["probability"].values
    bounds = membership["probability_interval"].transpose("obs", "component", "ci_bound").values
    if digest.noise is not None:  # comes last
        probability = np.column_stack([probability, membership["noise_probability"].values])
        of_noise = membership["noise_probability_interval"].transpose("obs", "ci_bound").values
        bounds = np.concatenate([bounds, of_noise[:, None]], axis=1)
    shown = sorted(np.argsort(-digest.separation, kind="stable")[:_MOST_COLUMNS].tolist())
    names = [rows.labels[j] for j in shown]
    overlap, parameters = _parts(digest, doubtful[:_MOST_ROWS])
    why = overlap / (overlap + parameters)
    cells = []
    for i, share in zip(doubtful[:_MOST_ROWS], why.tolist(), strict=True):
        first, second = np.argsort(-probability[i], kind="stable")[:2].tolist()
        likely = percent_with_interval(float(probability[i, first]), *bounds[i, first])
        cells.append(
            (
                Cell(row_name(rows.obs[i]), sortable(rows.obs[i])),
                _called(digest, first),
                Cell(likely, float(probability[i, first])),
                _called(digest, second),
                Cell(percent(float(probability[i, second])), float(probability[i, second])),
                *((Cell("overlap" if share >= 0.5 else "not enough data to tell", share),) if digest.sampled else ()),
                *(Cell(of_row(rows, int(i), j), float(rows.values[i, j])) for j in shown),
            )
        )
    of = "" if len(doubtful) == len(cells) else f", {len(cells)} of {len(doubtful):,}"
    return Table(
        caption=f"Rows in doubt, whose most probable group has less than {UNSURE:.0%}{of}; the most doubtful first",
        header=(
            rows.heading,
            "group",
            "its probability",
            "next",
            "probability of next",
            *(("mostly because of",) if digest.sampled else ()),
            *names,
        ),
        rows=tuple(cells),
    )


def _density_caption(digest: Digest) -> str:
    n_features = digest.rows.n_features
    if (mixed := mixed_of(digest.tree)) is not None:
        return _mixed_caption(digest, mixed)
    if (picture := discrete_of(digest.tree)) is not None:
        return _discrete_caption(digest, picture)
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
    more = (
        "" if n_features <= MOST_FEATURES else f" Shown are the {MOST_FEATURES} features that separate the groups best."
    )
    return f"On the diagonal: {_lowered(one)} Below it: {_lowered(two)}{faint}{more}"


def _mixed_caption(digest: Digest, picture: Mixed) -> str:
    band = f"; bands and lines across are {digest.ci_prob:.0%} intervals" if digest.sampled else ""
    said = (
        "Numbers: the predictive density over a histogram of the rows, and the share of each group in it. Counts: the "
        "share of the rows with each, its probability as points, and the share of each group. Levels: the probability "
        f"of each in each group, and dashed the share of all rows{band}."
    )
    return f"{said} {picture.discrete.note}." if picture.discrete.note else said


def _discrete_caption(digest: Digest, picture: Discrete) -> str:
    interval = f", with its {digest.ci_prob:.0%} interval" if digest.sampled else ""
    if picture.counts:
        said = "Bars: the share of the rows with each count. Points: the probability of it under the model"
        said += f"{interval}. Lines: the share of each group in it."
    else:
        what = "a one" if digest.rows.kinds[0] == "binary" else "each level"
        said = f"Bars: the probability of {what} in each group{interval}. Dashed: the share of all rows."
    return f"{said} {picture.note}." if picture.note else said


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _density_alt(digest: Digest) -> str:
    mixed = mixed_of(digest.tree)
    shown = most_separating(digest.marginal, MOST_FEATURES) if mixed is None else mixed.positions  # as the picture
    axes = [digest.rows.labels[j] for j in shown]
    lie = digest.summaries[0]
    discrete = mixed is not None or digest.family.measure == "probability"
    if discrete:
        kind = "Densities and bars of " if mixed is not None else "Bars of "
    else:
        kind = {1: "Histogram and density curve of ", 2: "Scatter plot of "}.get(
            len(shown), "Matrix of scatter plots of "
        )
    said = [kind + " and ".join(filter(None, [", ".join(axes[:-1]), axes[-1]]))]
    telling = [digest.telling[j] for j in shown]
    for k in range(min(digest.n_components, _MOST_DESCRIBED)):
        values = lie.estimate.value[k]
        names = lie.entries if discrete else digest.rows.features
        told = [f"{names[i]} {percent(values[i]) if lie.shares[i] else plain(values[i], 3)}" for i in telling]
        has = f"has the {lie.plural}" if discrete else "lies around"
        said.append(f"{digest.rows.group(k)}, {percent(digest.shares.value[k])}, {has} {', '.join(told)}")
    return "; ".join(said) + "."
