"""How models of a comparison stand to each other, read from its table: which are as good as the best, which are out."""

import numpy as np
import pandas as pd

# Differences below 4 are small whatever their standard error (Sivula et al., 2025).
SMALL_DIFFERENCE = 4.0
STANDARD_ERRORS = 2.0
# A difference in BIC, twice the log of a Bayes factor, "not worth more than a bare mention" (Kass and Raftery, 1995).
BARE_MENTION = 2.0

# Decimals that a column is shown with, where not one: counts are whole, others are told apart by more.
_DECIMALS = {
    "max_rhat": 3,
    "max_rhat_components": 3,
    "p_worse": 2,
    "weight": 2,
    "log_evidence_se": 2,
    "posterior_probability": 2,
}
_DECIMALS |= dict.fromkeys(("n_parameters", "n_bad_k", "divergences", "min_ess", "min_ess_components"), 0)

# Family and number of components, as the table's index has them.
Key = tuple[str, int]


def column_of(table: pd.DataFrame, column: str) -> np.ndarray:
    """A column as an array of floats; NaN where the table has no such column."""
    return table[column].to_numpy(dtype=float) if column in table else np.full(len(table), np.nan)


def decimals_of(column: str) -> int:
    """With how many decimals people are shown a column."""
    return _DECIMALS.get(column, 1)


def is_bracketed(table: pd.DataFrame) -> np.ndarray:
    """Which rows have a LOO that takes no part in the comparison."""
    return np.isfinite(column_of(table, "elpd_loo")) & np.isnan(column_of(table, "elpd_diff"))


def deciding(table: pd.DataFrame) -> str:
    """The column of the criterion of best estimates that decides: ``"icl"`` or ``"bic"``.

    BIC counts the components that describe the density of the rows, and a group that is not of the family's shape takes
    several. ICL counts those that rows can be told to be of (Baudry et al., 2010): where it says at least two, and
    fewer than BIC, that is how many groups there are. That it prefers one group is no reason against BIC's number: of
    one group no row is in doubt, so that ICL prefers it to all groups that overlap, however plain they are.

    References
    ----------
    Baudry, J.-P., Raftery, A. E., Celeux, G., Lo, K. and Gottardo, R. (2010). Combining mixture components for
    clustering. Journal of Computational and Graphical Statistics 19, 332-353.
    https://doi.org/10.1198/jcgs.2010.08111
    """
    bic, icl = lowest(table, "bic"), lowest(table, "icl")
    return "icl" if bic is not None and icl is not None and 2 <= icl[1] < bic[1] else "bic"


def preferred(table: pd.DataFrame) -> Key | None:
    """The model that the deciding criterion prefers; None where there is no number."""
    return lowest(table, deciding(table))


def without_judgement(table: pd.DataFrame) -> Key | None:
    """The model that is preferred to all that LOO could judge, where LOO could not judge it; None where it could.

    The best of the others would be no answer then: of one group and three, of which only one group could be judged, LOO
    has compared nothing. A difference in BIC, or in ICL where that decides, that is not worth more than a bare mention
    (Kass and Raftery, 1995) leaves the answer to LOO.
    """
    column, judged = deciding(table), np.isfinite(column_of(table, "elpd_diff"))
    best = lowest(table, column)
    if best is None or not judged.any() or judged[table.index.get_loc(best)]:
        return None
    ahead = np.nanmin(column_of(table, column)[judged]) - float(table.loc[best, column])
    return None if ahead <= BARE_MENTION else best


def contenders(table: pd.DataFrame) -> list[Key]:
    """The model with the highest trusted LOO, and those that LOO cannot tell from it, in order.

    None where no LOO can be trusted, or not that of the model which BIC (or ICL: :func:`deciding`) clearly prefers.

    References
    ----------
    Sivula, Magnusson, Matamoros and Vehtari (2025), Uncertainty in Bayesian leave-one-out
    cross-validation based model comparison, Bayesian Analysis. https://doi.org/10.1214/25-BA1569
    """
    if without_judgement(table) is not None:
        return []
    diff = np.abs(column_of(table, "elpd_diff"))
    errors = column_of(table, "dse")
    # NaN, a model that cannot be trusted, is smaller than nothing
    close = (diff < SMALL_DIFFERENCE) | (diff < STANDARD_ERRORS * errors)
    return [table.index[i] for i in np.argsort(diff, kind="stable") if close[i]]


def lowest(table: pd.DataFrame, column: str) -> Key | None:
    """The model with the lowest number in a column; None where there is no number."""
    values = column_of(table, column)
    return None if np.isnan(values).all() else table.index[int(np.nanargmin(values))]
