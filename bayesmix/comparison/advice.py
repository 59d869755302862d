"""The answer in a few sentences: how many groups, and which posteriors cannot be trusted."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bayesmix.data.words import counted, is_run, joined, spanned
from bayesmix.standing import (
    SMALL_DIFFERENCE,
    STANDARD_ERRORS,
    Key,
    column_of,
    contenders,
    deciding,
    is_bracketed,
    lowest,
    preferred,
    without_judgement,
)
from bayesmix.verdict import PARETO_GATE

_SHOWN = 4


def advise(
    table: pd.DataFrame,
    distrust: Mapping[Key, Sequence[str]] | None = None,
    remarks: Sequence[str] = (),
    unfinished: Sequence[Key] = (),
) -> tuple[str, ...]:
    """Say what the table says.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``Comparison.table``.
    distrust : mapping from index to sequence of str, optional
        Why a posterior cannot be trusted.
    remarks : sequence of str
        Sentences to add.
    unfinished : sequence of index
        Models that an interrupted comparison did not finish.

    Returns
    -------
    tuple of str
        The answer first: ``"2 or 3 groups: LOO cannot tell 2 from 3 (|difference| < 4); BIC
        prefers 2."``, with what was not finished, for it may be the better answer. Then the usual reason where criteria
        prefer other numbers, and what speaks against the answer. It goes by the LOO of posteriors that can be trusted,
        and where there is none, or none of the model that best estimates prefer, by these: by ICL where it prefers at
        least two groups and fewer than BIC, else by BIC (:func:`bayesmix.standing.deciding`); by WAIC never.

    References
    ----------
    Sivula, Magnusson, Matamoros and Vehtari (2025), Uncertainty in Bayesian leave-one-out
    cross-validation based model comparison, Bayesian Analysis. https://doi.org/10.1214/25-BA1569. Biernacki, Celeux and
    Govaert (2000), Assessing a mixture model for clustering with the integrated completed likelihood, IEEE Transactions
    on Pattern Analysis and Machine Intelligence 22. Kass and Raftery (1995), Bayes factors, Journal of the American
    Statistical Association 90. Baudry, Raftery, Celeux, Lo and Gottardo (2010), Combining mixture components for
    clustering, Journal of Computational and Graphical Statistics 19. Fraley and Raftery (2007), Bayesian
    regularization for normal mixture estimation and model-based clustering, Journal of Classification 24.
    """
    answer = " ".join([*_answer(table), *_unfinished(table, unfinished)])
    why = [*_why_bic(table), *_why_icl(table), *_left_out(table)]
    sentences = [answer, *why, *_edge(table), *_distrusted(table, distrust or {}), *remarks]
    return tuple(sentences)


def _answer(table: pd.DataFrame) -> list[str]:
    close = contenders(table)
    names = _Names(table)
    criteria = _criteria(table, names, close)
    if not close:
        best = preferred(table)
        start = f"{_groups([best])}: " if best is not None else ""
        if np.isnan(column_of(table, "elpd_loo")).all():
            by = deciding(table).upper()
            return [f"{start}{criteria} (point estimates only: there is no posterior to compare, and {by} decides)."]
        unjudged = without_judgement(table)
        if unjudged is not None:
            best = table.index[int(np.nanargmax(column_of(table, "elpd_diff")))]
            return [
                f"{start}{criteria}. LOO gives no answer: it could not judge {names.with_groups(unjudged)}; of the "
                f"models that it could it prefers {names[best]}."
            ]
        return [f"{start}{criteria}. LOO gives no answer: none of these posteriors can be trusted."]
    best, *others = close
    if not others:
        judged = f"LOO prefers {names[best]}"
    else:
        ordered = sorted(close, key=list(table.index).index)
        if len(ordered) == 2:
            judged = f"LOO cannot tell {names[ordered[0]]} from {names[ordered[1]]}"
        else:
            judged = f"LOO cannot tell {names.listed(ordered)} apart"
        judged += f" ({_why(table.loc[close])})"
    return [f"{_groups(close)}: {judged}; {criteria}."]


def _why(close: pd.DataFrame) -> str:
    if (np.abs(column_of(close, "elpd_diff")) < SMALL_DIFFERENCE).all():
        return f"|difference| < {SMALL_DIFFERENCE:.0f}"
    return f"|difference| < {SMALL_DIFFERENCE:.0f} or below {STANDARD_ERRORS:.0f} standard errors"


def _criteria(table: pd.DataFrame, names: "_Names", close: list[Key]) -> str:
    bic, icl = lowest(table, "bic"), lowest(table, "icl")
    if bic is None or icl is None:
        return "BIC is not available"
    agrees = close == [bic]
    said = "BIC agrees" if agrees else f"BIC prefers {names[bic]}"
    if icl != bic:
        said += f", ICL (which asks for well separated groups) {names[icl]}"
    return said


def _why_bic(table: pd.DataFrame) -> list[str]:
    """The usual reason where BIC prefers a number of groups that LOO does not.

    BIC charges log(N) / 2 nats for a parameter, LOO about one (Schwarz, 1978): a small or a badly shaped group is worth
    describing before it is worth that. The other way round, a maximum of the likelihood may stand on a narrow component
    of few rows, which priors hold back (Fraley and Raftery, 2007).
    """
    bic, close = lowest(table, "bic"), [key[1] for key in contenders(table)]
    if bic is None or not close or min(close) <= bic[1] <= max(close):
        return []
    if bic[1] < min(close):
        return [
            "BIC prefers fewer groups than LOO, usually because the further ones are small or mend the shape of "
            "others, so that they predict new rows better, but not by BIC's charge of log(N) / 2 for each parameter."
        ]
    return [
        "BIC prefers more groups than LOO, usually because the highest likelihood stands on narrow groups of few rows, "
        "which the priors of the posterior hold back."
    ]


def _why_icl(table: pd.DataFrame) -> list[str]:
    """The usual reason where ICL prefers fewer groups than BIC (Biernacki, Celeux and Govaert, 2000).

    Where estimates decide, it says whose number is the answer, and why: ICL's, unless that is one group (Baudry et al.,
    2010; see :func:`bayesmix.standing.deciding`).
    """
    bic, icl = lowest(table, "bic"), lowest(table, "icl")
    if bic is None or icl is None or icl[1] >= bic[1]:
        return []
    if contenders(table):
        return [_overlap(bic)]
    if icl[1] > 1:
        return [_overlap(bic), f"So the answer is ICL's {icl[1]}: how many groups rows can be told to be of."]
    return [
        "ICL prefers one group, as it does wherever groups overlap, for of one group no row is in doubt: the answer is "
        f"BIC's {bic[1]}, and many rows may be in doubt."
    ]


def _overlap(bic: Key) -> str:
    return (
        "ICL prefers fewer groups than BIC, usually because some of these overlap: several may describe one group that "
        f"is not of the family's shape, or has heavy tails (bm.merge of the {bic[1]} groups shows which)."
    )


def _left_out(table: pd.DataFrame) -> list[str]:
    """That the answer is among the others, where a model whose posterior cannot be trusted is hardly preferred."""
    best, by = preferred(table), deciding(table).upper()
    if best is None or not contenders(table) or not is_bracketed(table)[table.index.get_loc(best)]:
        return []
    named = _Names(table).with_groups(best)
    return [f"LOO could not judge {named}, which {by} hardly prefers: the answer is the best of the others."]


def _edge(table: pd.DataFrame) -> list[str]:
    tried = sorted(set(table.index.get_level_values("n_components")))
    best = contenders(table) or [key for key in [preferred(table)] if key is not None]
    if len(tried) < 2 or not best or min(key[1] for key in best) < tried[-1]:
        return []
    return [f"The best has {tried[-1]} groups, the most that were tried: try more."]


def _unfinished(table: pd.DataFrame, keys: Sequence[Key]) -> list[str]:
    if not keys:
        return []
    were = "was" if len(keys) == 1 else "were"
    named = _Names(table).listed(keys)
    return [f"The comparison was interrupted: {named} {were} not finished, and may be better."]


def _distrusted(table: pd.DataFrame, distrust: Mapping[Key, Sequence[str]]) -> list[str]:
    names = _Names(table)
    of_posteriors = [key for key, reasons in distrust.items() if reasons]
    of_rows = [key for key in table.index[is_bracketed(table)] if not distrust.get(key)]
    if len(of_posteriors) > _SHOWN:
        sentences = [
            f"{len(of_posteriors)} posteriors cannot be trusted, those of {names.listed(of_posteriors)}: the notes of "
            "the models say why."
        ]
    else:
        sentences = [
            f"The posterior of {names.with_groups(key)} cannot be trusted: {joined(distrust[key])}."
            for key in of_posteriors
        ]
    for key in of_rows:
        sentences.append(
            f"The LOO of {names.with_groups(key)} cannot be trusted: "
            f"{counted(int(table.loc[key, 'n_bad_k']), 'row')} with Pareto k > {PARETO_GATE}."
        )
    return sentences


def _groups(keys: Sequence[Key]) -> str:
    tried = sorted({key[1] for key in keys})
    return f"{spanned(tried)} {'group' if tried == [1] else 'groups'}"


class _Names:
    """How models are called: by K where there is one family, else with the family's name."""

    def __init__(self, table: pd.DataFrame):
        self._several = len(set(table.index.get_level_values("family"))) > 1

    def __getitem__(self, key: Key) -> str:
        return f"{key[0]} with {key[1]}" if self._several else str(key[1])

    def listed(self, keys: Sequence[Key]) -> str:
        """All of them, the first few, or their range."""
        tried = [key[1] for key in keys]
        if not self._several and is_run(tried):
            return spanned(tried)
        shown = [self[key] for key in keys[:_SHOWN]]
        more = len(keys) - len(shown)
        return joined([*shown, f"{more} more {'model' if more == 1 else 'models'}"] if more else shown)

    def with_groups(self, key: Key) -> str:
        noun = "group" if key[1] == 1 else "groups"
        return f"{key[0]} with {key[1]} {noun}" if self._several else f"{key[1]} {noun}"
