"""What is not to be trusted: told first, and by the exit status."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bayesmix.standing import contenders
from bayesmix.verdict import Reason, verdict

if TYPE_CHECKING:
    from bayesmix.comparison import Comparison

# The exit status of what was made and is not to be trusted.
NOT_TRUSTED = 3


def status_of(reasons: Sequence[Reason]) -> int:
    """0, or 3 where there is a reason."""
    return NOT_TRUSTED if reasons else 0


def warn(said: str) -> None:
    """Tell on standard error, which no request for silence closes."""
    if said:
        print(f"bayesmix: warning: {said}", file=sys.stderr)


def verdict_of_fit(reasons: Sequence[Reason]) -> str:
    """Say why a fit is not to be trusted, and which options may mend that; nothing where it is."""
    return verdict(reasons, on_command_line=True)


def reasons_against(comparison: "Comparison") -> tuple[Reason, ...]:
    """Why the chosen model is not to be trusted: so it is where LOO gives no answer."""
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
    """Say why the posterior of the chosen model is not to be trusted; nothing where it is."""
    if not reasons:
        return ""
    clauses = " and ".join(reason.clause for reason in reasons)
    return (
        f"Not to be trusted: {clauses}. Compare fewer groups (--components) or simpler shapes of groups (--families), "
        "or fit one model with more draws (bayesmix fit --draws)."
    )
