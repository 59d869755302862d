"""How the number of groups was chosen: the table, the picture and the advice."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bayesmix.data.words import counted, joined
from bayesmix.html.content import Cell, Picture, Section, Table
from bayesmix.html.numbers import MISSING, fixed
from bayesmix.plots import draw_comparison, draw_number_of_groups
from bayesmix.registry import ENGINES
from bayesmix.standing import column_of, decimals_of, is_bracketed

_HEADINGS = {
    "bic": "BIC",
    "icl": "ICL",
    "aic": "AIC",
    "weight": "weight",
    "posterior_probability": "probability",
    "max_rhat": "R\N{NON-BREAKING HYPHEN}hat",
    "min_ess": "ESS",
    "divergences": "diverged",
}
# Models in the first table; of more the rest is folded.
_MOST_SHOWN = 10
# Evidences that differ by a factor of less than this are "not worth more than a bare mention" (Kass and Raftery, 1995).
_BARE_MENTION = 3.0
_MOST_NAMED = 4
_READING = (
    " A hollow mark is a posterior that cannot be trusted. In the table, s.e. is the standard error; a LOO in square "
    "brackets belongs to such a posterior, and takes no part."
)


def choice_section(
    table: pd.DataFrame,
    advice: Sequence[str],
    best: tuple[str, int] | None = None,
    occupied: pd.DataFrame | None = None,
) -> Section:
    """Tell how the number of groups was chosen.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``Comparison.table``: index ``(family, n_components)``.
    advice : sequence of str
    best : (str, int), optional
        The row of the model that the report shows; it stands out.
    occupied : pandas.DataFrame, optional
        As ``Comparison.occupied``.
    """
    order = _ranked(table)
    shown, others = order[:_MOST_SHOWN], order[_MOST_SHOWN:]
    if not others:
        tables = [_main_table(table, best), *_notes_table(table)]
    else:
        caption = f"The best {len(shown)} of {len(order)} models, the best first"
        rest = f"The other {len(others)} models"
        tables = [
            _main_table(table.iloc[shown], best, caption),
            *_notes_table(table.iloc[shown]),
            replace(_main_table(table.iloc[others], best, rest), folded=True),
            *(replace(notes, folded=True) for notes in _notes_table(table.iloc[others], f"{rest}: what to know")),
        ]
    tables.append(_full_table(table))
    pictures = ()
    if any(name in table and table[name].notna().any() for name in ("bic", "elpd_loo")):
        pictures = (Picture(lambda: draw_comparison(table), _alt(table), _caption(table)),)
    if occupied is not None and np.isfinite(column_of(table, "posterior_probability")).sum() > 1:
        pictures = (*pictures, _numbers_picture(table, occupied))
    return Section(
        sentences=(*advice, *_of_evidence(table), *_of_occupied(occupied, best)),
        pictures=pictures,
        tables=tuple(tables),
        listed=True,
    )


def _ranked(table: pd.DataFrame) -> list[int]:
    """Positions of the models, the best first: by trusted LOO, then by BIC those that have none."""
    judged = np.nan_to_num(column_of(table, "elpd_diff"), nan=-np.inf)
    return np.lexsort((np.nan_to_num(column_of(table, "bic"), nan=np.inf), -judged)).tolist()


def _main_table(
    table: pd.DataFrame, best: tuple[str, int] | None, caption: str = "The models that were compared"
) -> Table:
    columns: dict[str, Callable[[int], Cell]] = {}
    for name in ("bic", "icl", "aic"):
        if _present(table, name):
            columns[_HEADINGS[name]] = _column(table, name)
    if _present(table, "elpd_loo"):
        columns["LOO (s.e.)"] = _loo(table)
        columns["difference (s.e.)"] = _paired(table, "elpd_diff", "dse")
    if _present(table, "log_evidence"):
        columns["log evidence (s.e.)"] = _paired(table, "log_evidence", "log_evidence_se")
    for name in ("posterior_probability", "weight", "max_rhat", "min_ess", "divergences"):
        if _present(table, name):
            columns[_HEADINGS[name]] = _column(table, name)
    if "engine" in table and any(table["engine"].tolist()):
        columns["sampler"] = _engine(table)
    keys = list(table.index)
    return Table(
        caption=caption,
        header=("family", "groups", *columns),
        rows=tuple((*_labels(key), *(cell(i) for cell in columns.values())) for i, key in enumerate(keys)),
        n_labels=2,
        highlighted=frozenset(i for i, key in enumerate(keys) if key == best),
    )


def _notes_table(table: pd.DataFrame, caption: str = "What a careful reader must know") -> list[Table]:
    notes = table["notes"].fillna("").astype(str) if "notes" in table else []
    rows = tuple((*_labels(key), Cell(note)) for key, note in zip(table.index, notes, strict=False) if note)
    if not rows:
        return []
    return [Table(caption=caption, header=("family", "groups", "note"), rows=rows, n_labels=2, words=True)]


def _full_table(table: pd.DataFrame) -> Table:
    names = [str(name) for name in table.columns if name != "notes"]
    cells = [_engine(table) if name == "engine" else _column(table, name) for name in names]
    return Table(
        caption="All numbers",
        header=("family", "groups", *names),
        rows=tuple((*_labels(key), *(cell(i) for cell in cells)) for i, key in enumerate(table.index)),
        n_labels=2,
        folded=True,
    )


def _labels(key) -> tuple[Cell, Cell]:
    return Cell(str(key[0])), Cell(str(key[1]), float(key[1]))


def _present(table: pd.DataFrame, name: str) -> bool:
    return name in table and bool(table[name].notna().any())


def _column(table: pd.DataFrame, name: str) -> Callable[[int], Cell]:
    values = table[name].to_numpy(dtype=float)
    return lambda i: Cell(fixed(values[i], decimals_of(name)), float(values[i]))


def _engine(table: pd.DataFrame) -> Callable[[int], Cell]:
    names = [ENGINES[method].name if method in ENGINES else method for method in table["engine"]]
    return lambda i: Cell(names[i] or MISSING)


def _of_evidence(table: pd.DataFrame) -> list[str]:
    """What the probabilities are of, and what they hang on."""
    probabilities = column_of(table, "posterior_probability")
    known = int(np.isfinite(probabilities).sum())
    if known < 2:
        return []
    several = len(set(table.index.get_level_values("family"))) > 1
    places = np.argsort(-np.nan_to_num(probabilities), kind="stable")
    close = [int(i) for i in places if probabilities[i] * _BARE_MENTION > np.nanmax(probabilities)]
    named = []
    for i in close[:_MOST_NAMED]:
        family, groups = table.index[i]
        model = f"{family} with {groups}" if several else f"{groups} {'group' if groups == 1 else 'groups'}"
        named.append(f"{model} (probability {fixed(probabilities[i], 2)})")
    others = len(close) - len(named)
    if others:
        named.append(counted(others, "more model"))
    said = f"favours {named[0]}" if len(named) == 1 else f"hardly tells {joined(named)} apart"
    among = "all models" if known == len(table) else f"the {known} models that have an evidence"
    return [
        f"The evidence {said}, if before the data {among} were equally probable. It depends on the priors of the "
        "groups as much as on the rows: wider ones favour fewer groups, without fitting any worse."
    ]


def _of_occupied(occupied: pd.DataFrame | None, best: tuple[str, int] | None) -> list[str]:
    """That the groups which are shown are more than those with rows (Malsiner-Walli et al., 2016)."""
    if occupied is None or best is None or best not in occupied.index:
        return []
    shares = occupied.loc[[best]].to_numpy(dtype=float)[0]
    if np.isnan(shares).all() or (found := int(np.nanargmax(shares)) + 1) == best[1]:
        return []
    return [
        f"Of the {best[1]} groups that are shown most probably {found} {'has' if found == 1 else 'have'} rows "
        f"(probability {fixed(float(shares[found - 1]), 2)}): the data need no more."
    ]


def _numbers_picture(table: pd.DataFrame, occupied: pd.DataFrame) -> Picture:
    probabilities = column_of(table, "posterior_probability")
    known = np.isfinite(probabilities)
    after = pd.Series(probabilities, index=table.index)
    before = pd.Series(np.where(known, 1 / known.sum(), np.nan), index=table.index)
    numbers = table.index.get_level_values("n_components").to_numpy()
    likely = max(sorted(set(numbers)), key=lambda number: np.nansum(probabilities[numbers == number]))
    alt = (
        f"The posterior of the number of groups beside its prior; most probable is {likely}. Beside it, how many "
        "groups of each number have rows."
    )
    caption = (
        "Left: the probability of every number of groups, if before the data all models were equally probable. Right: "
        "how many of so many groups have rows; the area of a square is its probability, and below the dashed line are "
        "groups that the data do not need."
    )
    return Picture(lambda: draw_number_of_groups(before, after, occupied), alt, caption)


def _paired(table: pd.DataFrame, name: str, error: str) -> Callable[[int], Cell]:
    values, errors = table[name].to_numpy(dtype=float), table[error].to_numpy(dtype=float)
    decimals = decimals_of(error)

    def cell(i: int) -> Cell:
        if np.isnan(values[i]):
            return Cell(MISSING, np.nan)
        return Cell(f"{fixed(values[i], decimals)} ({fixed(errors[i], decimals)})", float(values[i]))

    return cell


def _loo(table: pd.DataFrame) -> Callable[[int], Cell]:
    paired, bracketed = _paired(table, "elpd_loo", "se_loo"), is_bracketed(table)

    def cell(i: int) -> Cell:
        plain = paired(i)
        return Cell(f"[{plain.text}]", plain.sort) if bracketed[i] else plain

    return cell


def _caption(table: pd.DataFrame) -> str:
    reading = _READING if _present(table, "elpd_loo") else ""
    return f"The criteria over the number of groups; a ring marks the best.{reading}"


def _alt(table: pd.DataFrame) -> str:
    said = []
    for name in ("bic", "icl", "aic"):
        if _present(table, name):
            family, groups = table.index[int(np.nanargmin(column_of(table, name)))]
            said.append(f"{_HEADINGS[name]} is lowest for {family} with {groups}")
    if _present(table, "elpd_diff"):
        family, groups = table.loc[table["elpd_diff"].notna(), "elpd_loo"].idxmax()
        said.append(f"LOO is highest for {family} with {groups}")
    return f"Criteria over the number of groups: {'; '.join(said)}. The table below has the numbers."
