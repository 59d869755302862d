"""The answer in words, and why it may not be relied on."""

from bayesmix.html.digest import Digest
from bayesmix.html.numbers import as_sure, counted, percent, percent_with_interval
from bayesmix.html.words import in_groups
from bayesmix.plots.memberships import UNSURE
from bayesmix.verdict import verdict

_MOST_GROUPS = 6
_OFTEN = 0.2
_MOST_FEATURES = 4


def answer_of(digest: Digest) -> tuple[str, ...]:
    """Say how large the groups are, where they lie and how many rows are unsure."""
    n_rows = digest.rows.n_rows
    rows = counted(n_rows, "row")
    if digest.n_components == 1:
        return (f"The {rows} are described as one group, around {_centre(digest, 0)}.",)
    sentences = [
        f"The {rows} are described as a mixture of {digest.n_components} groups.",
        *(_group(digest, k) for k in range(min(digest.n_components, _MOST_GROUPS))),
    ]
    if digest.n_components > _MOST_GROUPS:
        others = counted(digest.n_components - _MOST_GROUPS, "other group")
        sentences.append(f"The {others} hold {percent(float(digest.shares.value[_MOST_GROUPS:].sum()))} of it.")
    certainty = digest.membership["label_probability"].values
    n_unsure = int((certainty < UNSURE).sum())
    if n_unsure:
        sentences.append(
            f"{n_unsure:,} of {rows} {'is' if n_unsure == 1 else 'are'} unsure: no group has a "
            f"probability of {UNSURE:.0%} or more."
        )
    else:
        sentences.append(
            f"Every row belongs to one group with a probability of at least {min(99, int(100 * certainty.min()))}%."
        )
    any_empty = digest.diagnosis.any_empty
    if any_empty > _OFTEN:
        sentences.append(
            f"In {percent(any_empty)} of the draws some group owns no row: fewer groups may do."
            if digest.sampled
            else "Some group owns no row: fewer groups may do."
        )
    if not digest.sampled:
        sentences.append("This is a point estimate: it does not say how uncertain the groups themselves are.")
    return tuple(sentences)


def warnings_of(digest: Digest) -> tuple[str, ...]:
    """Say why the numbers cannot be trusted; nothing where they can."""
    said = verdict(digest.diagnosis.reasons)
    return (in_groups(said, digest.rows.features),) if said else ()


def _group(digest: Digest, k: int) -> str:
    shares = digest.shares
    share = percent_with_interval(shares.value[k], shares.low[k], shares.high[k])
    return f"Group {k} holds {share} of the population, around {_centre(digest, k)}."


def _centre(digest: Digest, k: int) -> str:
    rows, centres = digest.rows, digest.centres
    units = rows.units or [""] * rows.n_features
    named = [
        f"{name} {as_sure(centres.value[k, j], centres.low[k, j], centres.high[k, j])} {unit}".rstrip()
        for j, (name, unit) in enumerate(zip(rows.features, units, strict=True))
    ]
    if len(named) > _MOST_FEATURES:
        more = counted(len(named) - _MOST_FEATURES, "more feature")
        named = [*named[:_MOST_FEATURES], more]
    return " and ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else named[0]
