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


def without_judgement(table: pd.DataFrame) -> Key | None:
    """The model that BIC prefers to all that LOO could judge, where LOO could not judge it; None where it could.

    The best of the others would be no answer then: of one group and three, of which only one group could be judged, LOO
    has compared nothing. A difference in BIC that is not worth more than a bare mention (Kass and Raftery, 1995) leaves
    the answer to LOO.
    """
    preferred, judged = lowest(table, "bic"), np.isfinite(column_of(table, "elpd_diff"))
    if preferred is None or not judged.any() or judged[table.index.get_loc(preferred)]:
        return None
    ahead = np.nanmin(column_of(table, "bic")[judged]) - float(table.loc[preferred, "bic"])
    return None if ahead <= BARE_MENTION else preferred


def contenders(table: pd.DataFrame) -> list[Key]:
    """The model with the highest trusted LOO, and those that LOO cannot tell from it, in order.

    None where no LOO can be trusted, or not that of the model which BIC clearly prefers.

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
