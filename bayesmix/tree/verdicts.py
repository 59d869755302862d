"""What a tree says of how far it can be trusted: stored when it is made, and told once."""

from collections.abc import Sequence

import xarray as xr

from bayesmix.registry import ENGINES
from bayesmix.tree.record import record_of, with_record
from bayesmix.verdict import Reason, warn_once, was_heard

_NAMES = {"em": "EM", **{method: engine.name for method, engine in ENGINES.items()}, "adopted": "adopted draws"}


def described_verdict(reasons: Sequence[Reason], n_chains: int, n_draws: int) -> dict:
    """The record's entry ``verdict``: the reasons, and the number of draws that they are about."""
    return {"chains": n_chains, "draws": n_draws, "reasons": [reason.to_dict() for reason in reasons]}


def with_verdict(tree: xr.DataTree, reasons: Sequence[Reason]) -> xr.DataTree:
    """The tree with reasons against it, none where it is good, in its record."""
    sizes = tree["posterior"].to_dataset().sizes
    return with_record(tree, verdict=described_verdict(reasons, sizes["chain"], sizes["draw"]))


def stored_verdict(tree: xr.DataTree) -> tuple[Reason, ...] | None:
    """The reasons in the record; None where it has none, or they are about other draws than these.

    Files of earlier versions have no verdict, and who takes some of the draws keeps the record of all.
    """
    stored = record_of(tree).get("verdict")
    if stored is None or "posterior" not in tree.children:
        return None
    sizes = tree["posterior"].to_dataset().sizes
    try:
        if (stored["chains"], stored["draws"]) != (sizes["chain"], sizes["draw"]):
            return None
        return tuple(Reason.from_dict(reason) for reason in stored["reasons"])
    except ValueError:  # a reason of another version
        return None


def tell(tree: xr.DataTree, reasons: Sequence[Reason]) -> None:
    """Warn of a tree, unless that was done."""
    record = record_of(tree)
    made = _NAMES.get(record["method"], "draws")
    number = record["mixture"]["n_components"]
    of = number if isinstance(number, int) else "an unknown number of groups"
    warn_once(tree, f"{made} of the {record['family']} mixture of {of}", reasons)


def tell_stored(tree: xr.DataTree) -> None:
    """Warn of a tree whose record says that it is not to be trusted; one without a verdict waits for its first use."""
    if not was_heard(tree) and (reasons := stored_verdict(tree)) is not None:
        tell(tree, reasons)
