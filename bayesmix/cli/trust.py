"""What is not to be trusted: told first, and by the exit status."""

import sys
from collections.abc import Sequence

from bayesmix.verdict import Reason, verdict

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
