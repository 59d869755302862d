"""Prior and posterior predictive checks, in a picture and with numbers beside it."""

from collections.abc import Sequence

import numpy as np

from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import beside_interval, counted, fixed
from bayesmix.plots import draw_predictive_check, draw_prior_check
from bayesmix.posterior.checks import TAIL, Check, prior_check
from bayesmix.posterior.statistics import VARIATION
from bayesmix.priors.sets import facts_of, from_dict

_MOST_PICTURED = 6
_MOST_ROWS = 14
_MOST_NAMED = 4
# What a statistic of the data must lie outside of to stand out: the same in sentences and tables.
_LEVEL = 1 - 2 * TAIL
_MIDDLE = f"the middle {_LEVEL:.0%}"


def posterior_part(digest: Digest) -> Section | None:
    """Show whether the fitted model makes data like these; None of too few rows."""
    check = digest.check
    if check is None:
        return None
    source = "drawn from the posterior" if digest.sampled else "drawn from the point estimate"
    start = f"{counted(check.n_sets, 'data set')} as long as the data, {source}, have been compared with the data"
    outside = _outside(check)
    if not outside:
        said = f"{start}: all {len(check.names):,} statistics of the data lie within {_MIDDLE} of what the model makes."
    else:
        lie = "lies" if len(outside) == 1 else "lie"
        said = (
            f"{start}. Of {len(check.names):,} statistics {len(outside):,} {lie} outside {_MIDDLE} of what the model "
            f"makes: {_named(check, outside)}. There the groups miss something of the data."
        )
    shown = _pictured(check, digest.rows.features)
    pictured = _which(shown, digest.rows.features)
    discrete, mixed = digest.family.measure == "probability", digest.rows.mixed
    kinds = "Shares and densities" if mixed else "Shares" if discrete else "Densities"
    alt = (
        f"{kinds} of the data and of data sets that the model makes, for "
        f"{', '.join(shown)}. The table below compares them in numbers."
    )
    leaves = "a bar ends outside its lines" if discrete else "the dashed line leaves the bundle"
    leaves = "a bar ends outside its lines, or the dashed line leaves the bundle" if mixed else leaves
    caption = f"Where {leaves}, the model misses something.{pictured}"
    picture = Picture(lambda: draw_predictive_check(digest.tree, shown), alt, caption)
    return Section(sentences=(said,), pictures=(picture,), tables=_tables(check, "the model"))


def prior_part(digest: Digest) -> Section | None:
    """Show what data sets the prior makes before it has seen a row."""
    if digest.unnamed:
        return Section(sentences=("What the prior says of the number of groups stands beside its probabilities.",))
    if digest.record.get("estimate") == "ml":
        return Section(sentences=("Maximum likelihood uses no prior.",))
    shown: Sequence[str] = digest.rows.features[:_MOST_PICTURED]
    if any("pymc" in prior for prior in digest.record["mixture"]["priors"].values()):
        foreign = "A prior of this model is a PyMC object, of which a result keeps only the text"
        return Section(sentences=(f"{foreign}: pm.sample_prior_predictive(mixture.build_model(X)) draws from it.",))
    described = from_dict(digest.record["mixture"]["priors"], digest.family)
    facts = tuple(facts_of(described).items())
    try:
        check = prior_check(digest.tree)
    except NotImplementedError as why:
        return Section(sentences=(str(why),))
    if check is None:
        return None
    # Data less spread than anything that the prior makes are no contradiction: it is vague.
    vague = [i for i in _outside(check) if check.names[i][1] in VARIATION and check.p_values[i] > 0.5]
    against = [i for i in _outside(check) if i not in vague]
    start = f"{counted(check.n_sets, 'data set')} drawn from the prior have been compared with the data"
    if against:
        said = [
            f"{start}, which are not such as it expects: {_named(check, against)}. "
            "The prior pulls the groups away from the data there."
        ]
    else:
        said = [f"{start}: nothing that was compared contradicts the prior."]
    if vague:
        wide = _named(check, vague)
        said.append(f"It is vague: almost all that it makes varies more than the data ({wide}).")
    discrete, mixed = digest.family.measure == "probability", digest.rows.mixed
    kind = "Shares and cumulative distributions" if mixed else "Shares" if discrete else "Cumulative distributions"
    alt = (
        f"{kind} of the data and of data sets that the prior makes, for {', '.join(shown)}. "
        "The table below compares them in numbers."
    )
    if mixed:
        caption = "Lines: the shares, or the curve, of data sets made before any row was seen, which should reach far "
        caption += "beyond the data."
    elif discrete:
        caption = "Lines: the shares in data sets made before any row was seen, which should reach far beyond the bars."
    else:
        caption = "Every thin line is a data set made before any row was seen, which should be spread more widely than "
        caption += "the data. A prior that is scaled by the data is always centred on them."
    caption += _which(shown, digest.rows.features)
    picture = Picture(lambda: draw_prior_check(digest.tree, shown), alt, caption)
    return Section(sentences=tuple(said), facts=facts, pictures=(picture,), tables=_tables(check, "the prior"))


def _outside(check: Check) -> list[int]:
    """Return the positions of the statistics outside what is made, the furthest first."""
    return [i for i in _furthest(check) if check.outside[i]]


def _furthest(check: Check) -> list[int]:
    """Return all positions, the furthest from the middle of what is made first."""
    low, high = check.interval(0.5)
    width = np.where(high > low, high - low, 1)
    distance = np.abs(check.observed - np.median(check.made, axis=0)) / width
    p = check.p_values
    return np.lexsort((-distance, np.minimum(p, 1 - p))).tolist()


def _pictured(check: Check, features: Sequence[str]) -> list[str]:
    """Return the features to show, in their order: of many those where the data lie furthest from what is made."""
    far = dict.fromkeys(check.names[i][0] for i in _furthest(check))
    chosen = set(list(far)[:_MOST_PICTURED])
    return [name for name in features if name in chosen]


def _which(shown: Sequence[str], features: Sequence[str]) -> str:
    left_out = len(features) - len(shown)
    return f" {len(shown)} of {len(features)} features are shown." if left_out else ""


def _named(check: Check, positions: Sequence[int]) -> str:
    said = []
    for i in positions[:_MOST_NAMED]:
        feature, statistic = check.names[i]
        observed, made = _texts(check, i)
        said.append(f"the {statistic} of {feature} is {observed}, but {made} in what is made")
    more = len(positions) - len(said)
    return "; ".join([*said, f"and {more:,} more"] if more else said)


def _tables(check: Check, maker: str) -> tuple[Table, ...]:
    order = _furthest(check)
    whole = f"The data beside what {maker} makes, the furthest apart first"
    if len(order) <= _MOST_ROWS:
        return (_table(check, order, maker, f"{whole}{_standing_out(check)}", folded=False),)
    short = order[:_MOST_ROWS]
    return (
        _table(check, short, maker, f"{whole} ({_MOST_ROWS} of {len(order):,}){_standing_out(check)}"),
        _table(check, order, maker, f"All {len(order):,} statistics of what {maker} makes", folded=True),
    )


def _standing_out(check: Check) -> str:
    return f"; p below {TAIL:g} or above {1 - TAIL:g} stands out" if check.outside.any() else ""


def _table(check: Check, order: Sequence[int], maker: str, caption: str, *, folded: bool = False) -> Table:
    low, p_values, observed = check.interval(_LEVEL)[0], check.p_values, check.observed
    texts = {i: _texts(check, i) for i in order}
    return Table(
        caption=caption,
        header=("feature", "statistic", "in the data", f"from {maker} ({_MIDDLE})", "p (larger)"),
        rows=tuple(
            (
                Cell(check.names[i][0]),
                Cell(check.names[i][1]),
                Cell(texts[i][0], float(observed[i])),
                Cell(texts[i][1], float(low[i])),
                Cell(fixed(p_values[i], 2), float(p_values[i])),
            )
            for i in order
        ),
        n_labels=2,
        folded=folded,
        highlighted=frozenset(place for place, i in enumerate(order) if check.outside[i]),
    )


def _texts(check: Check, i: int) -> tuple[str, str]:
    low, high = check.interval(_LEVEL)[:, i]
    if check.names[i][1].startswith("share of "):
        observed, made = beside_interval(*(100 * float(share) for share in (check.observed[i], low, high)))
        return f"{observed}%", f"{made}%"
    return beside_interval(float(check.observed[i]), float(low), float(high))
