"""Why no posterior of a comparison is to be trusted; apart, since a fit does not load the comparison."""

from collections.abc import Sequence

from bayesmix.comparison import Comparison
from bayesmix.comparison.advice import contenders
from bayesmix.verdict import Reason


def reasons_against(comparison: Comparison) -> tuple[Reason, ...]:
    """Why the chosen model is not to be trusted, which is so where no posterior of the comparison is."""
    chosen = comparison.chosen
    if comparison.method == "em":
        return () if chosen.em is None else chosen.em.reasons
    if contenders(comparison.table):
        return ()
    if chosen.diagnosis is None:
        return (Reason("not_sampled"),)
    if chosen.diagnosis.reasons:
        return chosen.diagnosis.reasons
    return (Reason("bad_rows", {"rows": chosen.n_bad_k, "n": comparison.rows.n_rows}),)


def verdict_of_comparison(reasons: Sequence[Reason]) -> str:
    """Say why no posterior of a comparison is to be trusted; nothing where one is."""
    if not reasons:
        return ""
    clauses = " and ".join(reason.clause for reason in reasons)
    return (
        f"Not to be trusted: {clauses}. Compare fewer groups (--components) or simpler shapes of groups (--families), "
        "or fit one model with more draws (bayesmix fit --draws)."
    )
