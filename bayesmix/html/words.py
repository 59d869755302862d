"""Words of a page."""

from collections.abc import Sequence


def as_sentence(note: str) -> str:
    """Begin with a capital and end with a full stop."""
    note = str(note).strip()
    return note[:1].upper() + note[1:] + ("" if note.endswith((".", "!", "?")) else ".")


def listed(things: Sequence[object], last: str = "and") -> str:
    """Write ``a, b and c``."""
    *first, end = (str(thing) for thing in things)
    return f"{', '.join(first)} {last} {end}" if first else end
