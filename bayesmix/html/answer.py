"""The answer in the words of its reader: how many groups, how sure, what they are, what is doubtful.

The terminal tells it too, and needs no pictures for it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayesmix.data.words import joined, spanned
from bayesmix.html.content import Answer
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import as_sure, counted, percent, percent_with_interval, plain
from bayesmix.posterior.membership import UNSURE, in_doubt
from bayesmix.posterior.numbers import shortest_run
from bayesmix.standing import column_of, contenders, deciding, is_bracketed, lowest, preferred
from bayesmix.verdict import plain_verdict

_OFTEN = 0.2
# Rows in doubt, and features that tell groups apart, that are named.
_MOST_NAMED = 3
# Groups whose numbers a sentence tells; of more, the highest and the lowest.
_MOST_GROUPS = 4


def headline_of_numbers(occupied: np.ndarray, n_rows: int) -> str:
    """Of how many groups the rows probably are, of which there are 1, 2, ... with these probabilities."""
    run = shortest_run(occupied)
    groups = f"{spanned(run)} groups" if len(run) > 1 else counted(run[0], "group")
    return f"{n_rows:,} rows, probably of {groups}"


def answer_of_fit(digest: Digest) -> Answer:
    """Say what one fit found; how many groups there are was given."""
    groups = counted(digest.n_components, "group")
    noise = "" if digest.noise is None else " and noise"
    how_many = f"{groups} {'was' if digest.n_components == 1 else 'were'} asked for. "
    how_many += "Whether another number suits the data better, only a comparison of several says."
    return Answer(
        f"{digest.rows.n_rows:,} rows as {groups}{noise}",
        (("How many?", how_many), *_of_groups(digest), ("What is doubtful?", _doubts(digest))),
    )


def answer_of_comparison(digest: Digest, table: pd.DataFrame) -> Answer:
    """Say how many groups a comparison found, and why these are the ones that are shown.

    Parameters
    ----------
    digest : Digest
        Of the model that is shown.
    table : pandas.DataFrame
        As ``Comparison.table``.
    """
    shown = digest.n_components
    others = sorted({key[1] for key in contenders(table)} - {shown})
    groups = counted(shown, "group")
    headline = groups if not others else f"{groups}, or perhaps {joined(others, 'or')}"
    return Answer(
        headline if contenders(table) else f"Probably {groups}",
        (
            ("How many?", _how_many(table, (str(digest.family), shown), others)),
            *_of_groups(digest),
            ("What is doubtful?", _doubts(digest, _doubts_of_choice(table))),
        ),
    )


def warnings_of(digest: Digest) -> tuple[str, ...]:
    """Say why the numbers cannot be trusted; nothing where they can."""
    said = plain_verdict(digest.diagnosis.reasons)
    return (said,) if said else ()


def _how_many(table: pd.DataFrame, shown: tuple[str, int], others: Sequence[int]) -> str:
    tried = sorted({int(key[1]) for key in table.index})
    judged = sorted({int(key[1]) for key in table.index[np.isfinite(column_of(table, "elpd_diff"))]})
    groups = counted(shown[1], "group")
    if not contenders(table):
        by = f"Of {spanned(tried)} groups, {shown[1]} give{'s' if shown[1] == 1 else ''} {_balance(table)}."
        if np.isnan(column_of(table, "elpd_loo")).all():
            return f"{by} That is a judgement of best estimates, which does not say how sure it is."
        which = "for any of them" if not judged else f"for {groups}"
        return f"{by} How well they predict new rows, the better measure, could not be told {which}."
    if len(judged) == 1:
        return f"{groups}: no other number could be judged."
    if not others:
        said = f"{groups} predict{'s' if shown[1] == 1 else ''} new rows better than any other number that was tried "
        said += f"({spanned(judged)})."
        prefers = lowest(table, "bic")
        if prefers is not None and prefers[1] != shown[1]:
            said += f" A criterion that weighs fit against simplicity (BIC) prefers {prefers[1]}."
        return said
    equal = joined(sorted([shown[1], *others]))
    return (
        f"{equal} groups predict new rows about equally well, so the data cannot tell which it is. Shown here "
        f"{'is' if shown[1] == 1 else 'are'} {groups}: of these numbers, the one with "
        f"{_balance(table.loc[contenders(table)])}."
    )


def _balance(table: pd.DataFrame) -> str:
    """By what one of the models is shown."""
    if deciding(table) == "bic":
        return "the best balance of fit and simplicity (the criterion BIC)"
    return "the best balance of fit, simplicity and groups that rows can be told to be of (the criterion ICL)"


def _of_groups(digest: Digest) -> tuple[tuple[str, str], ...]:
    """How sure the memberships are, and what the groups look like."""
    n_rows, doubtful = digest.rows.n_rows, len(in_doubt(digest.membership))
    rows = counted(n_rows, "row")
    if digest.noise is not None:
        sure = f"{n_rows - doubtful:,} of {rows} belong to one group, or are noise, with a probability of at least "
        sure += f"{UNSURE:.0%}."
    elif digest.n_components == 1:
        sure = f"All {rows} are in the one group."
    elif doubtful == 0:
        certainty = float(digest.membership["label_probability"].values.min())
        sure = f"Every row belongs to one group with a probability of at least {min(99, int(100 * certainty))}%."
    else:
        sure = f"{n_rows - doubtful:,} of {rows} belong to one group with a probability of at least {UNSURE:.0%}."
    if not digest.diagnosis.ok:
        sure += untrusted(digest)
    elif digest.sampled:
        sure += (
            f" What is uncertain about the groups themselves stands beside their numbers: an interval holds the true "
            f"value with a probability of {digest.ci_prob:.0%}, if the model is right."
        )
    else:
        sure += " How sure the groups themselves are, this point estimate does not say; a posterior does (fit_nuts)."
    noise = () if digest.noise is None else (("What is noise?", noise_told(digest)),)
    return ("How sure?", sure), ("What are they?", _description(digest)), *noise


def noise_told(digest: Digest) -> str:
    """How many rows are noise, how sure that is, and where noise lies."""
    assert digest.noise is not None
    own = digest.membership["noise_probability"].values[digest.membership["label"].values == -1]
    sure = int((own >= UNSURE).sum())
    rows = counted(own.size, "row")
    said = f"{rows} {'is' if own.size == 1 else 'are'} noise rather than of any group"
    said += f", {sure:,} of them with a probability of at least {UNSURE:.0%}." if own.size else "."
    share, low, high = (float(part[0]) for part in (digest.noise.value, digest.noise.low, digest.noise.high))
    said += f" Its share is {percent_with_interval(share, low, high)}."
    spans = [(column.label, *column.span) for column in digest.rows.columns if column.span]
    ends = [f"{label} from {plain(low)} to {plain(high)}" for label, low, high in spans[:_MOST_NAMED]]
    if len(spans) > _MOST_NAMED:
        ends.append(f"{len(spans) - _MOST_NAMED} more features over all their range")
    return f"{said} Noise lies anywhere in the box of the data: {joined(ends)}."


def _description(digest: Digest) -> str:
    """What a group looks like, and what tells the groups apart."""
    lie = digest.summaries[0].plural
    words = digest.family.in_words(digest.rows.n_features)
    if digest.family.measure == "probability" or digest.rows.mixed:
        verb = "is" if len(digest.summaries[0].entries) == 1 else "are"
        if digest.n_components == 1:
            return f"{words}. The {digest.summaries[0].name if verb == 'is' else lie} {verb} in the table below."
        told = "; ".join(_told_apart(digest, j) for j in _telling(digest))
        return f"{words}. What tells them apart most: {told}. Their sizes and {lie} are in the table below."
    if digest.n_components == 1:
        return f"{words}. The {digest.summaries[0].name} is in the table below."
    if digest.rows.n_features == 1:
        return f"{words}. Their sizes and {lie} are in the table below."
    telling = [digest.rows.features[j] for j in _telling(digest)]
    return f"{words}. They differ most in {joined(telling)}; their sizes and {lie} are in the table below."


def _telling(digest: Digest) -> list[int]:
    """The features in which the groups differ most: in their order, or of many the first by how far."""
    ratio = digest.separation
    telling = np.flatnonzero(ratio >= ratio.max() / 2)
    return (telling if len(telling) <= _MOST_NAMED else np.argsort(-ratio, kind="stable")[:_MOST_NAMED]).tolist()


def _told_apart(digest: Digest, j: int) -> str:
    """What the groups have of a feature, the most first: ``c1 is "often" in 71% of group 1 and 10% of group 0``."""
    lie, i, column, name = digest.summaries[0], digest.telling[j], digest.rows.columns[j], digest.rows.group
    estimate = lie.estimate
    order = np.argsort(-estimate.value[:, i], kind="stable").tolist()
    shown = order if len(order) <= _MOST_GROUPS else [order[0], order[-1]]
    if lie.shares[i]:
        level = f'"{column.levels[i - min(_entries_of(digest, j))]}"' if column.levels else "1"
        return f"{column.name} is {level} in {joined([f'{percent(estimate.value[k, i])} of {name(k)}' for k in shown])}"
    numbers = [as_sure(estimate.value[k, i], estimate.low[k, i], estimate.high[k, i]) for k in shown]
    said = joined([f"{number} in {name(k)}" for k, number in zip(shown, numbers, strict=True)])
    return f"{column.label} is on average {said}"


def _entries_of(digest: Digest, j: int) -> list[int]:
    return np.flatnonzero(digest.family.features_of_moments(digest.rows.n_features) == j).tolist()


def _doubts(digest: Digest, of_choice: Sequence[str] = ()) -> str:
    """List what speaks against the answer in sentences."""
    found = list(of_choice)
    doubtful = in_doubt(digest.membership)
    if len(doubtful):
        named = digest.rows.called(doubtful, _MOST_NAMED)
        found.append(f"{counted(len(doubtful), 'row')} may belong to more than one group: {named}.")
    any_empty = digest.diagnosis.any_empty
    if any_empty > _OFTEN:
        where = f"In {percent(any_empty)} of the draws some" if digest.sampled else "Some"
        found.append(f"{where} group owns no row: fewer groups may do.")
    found += filter(None, [missed(digest)])
    return " ".join(found) if found else "Nothing that was checked speaks against this answer."


def missed(digest: Digest) -> str:
    """Say in what the model's data differ from these; nothing where they do not."""
    check = digest.check
    if check is None or not check.outside.any():
        return ""
    features = dict.fromkeys(check.names[i][0] for i in np.flatnonzero(check.outside))
    return (
        f"Data made by the model differ from these data in {joined(list(features))}: the groups miss something there."
    )


def untrusted(digest: Digest) -> str:
    """Say so where the draws are not to be trusted."""
    return "" if digest.diagnosis.ok else " But the draws behind these numbers are not to be trusted."


def _doubts_of_choice(table: pd.DataFrame) -> list[str]:
    """What could not be judged, and whether the best is the largest that was tried."""
    tried = sorted({int(key[1]) for key in table.index})
    close = {key[1] for key in contenders(table)}
    best = close or {key[1] for key in [preferred(table)] if key is not None}
    several = len({key[0] for key in table.index}) > 1
    found = []
    out = table.index[is_bracketed(table)]
    if len(out):
        numbers_out = sorted({int(key[1]) for key in out})
        fits = "Some fits with" if several else "The fit with" if len(out) == 1 else "The fits with"
        found.append(
            f"{fits} {spanned(numbers_out)} {'group' if numbers_out == [1] else 'groups'} did not settle, so how well "
            f"{'it predicts' if len(out) == 1 and not several else 'they predict'} is not known."
        )
    never = table.index[np.isnan(column_of(table, "log_likelihood"))] if "log_likelihood" in table else []
    if len(never):
        found.append(f"With {spanned(sorted({int(key[1]) for key in never}))} groups there is no fit to compare.")
    if len(tried) > 1 and tried[-1] in best:
        found.append(f"{tried[-1]} groups are the most that were tried: more may be better.")
    return found
