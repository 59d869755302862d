"""One name for one thing: what the model calls a component is a group in the report."""

import re
from collections.abc import Sequence


def in_groups(sentence: str, features: Sequence[str] = ()) -> str:
    """Say "group" for "component", but leave the user's own names as they are.

    Parameters
    ----------
    sentence : str
        Of a diagnosis, a note or the advice.
    features : sequence of str
        Names of columns.

    Returns
    -------
    str

    Examples
    --------
    >>> in_groups("Components overlap: component 2 owns no row; lower n_components.")
    'Groups overlap: group 2 owns no row; lower n_components.'
    >>> in_groups("Components are ordered by component a of means.", ["component a"])
    'Groups are ordered by component a of means.'
    """
    own = sorted((name for name in features if "component" in name.lower()), key=len, reverse=True)
    pattern = "|".join([*map(re.escape, own), r"(?<!principal )\b([Cc])omponent(s?)\b"])
    return re.sub(pattern, _renamed, sentence)


def as_sentence(note: str) -> str:
    """Begin with a capital and end with a full stop."""
    note = str(note).strip()
    return note[:1].upper() + note[1:] + ("" if note.endswith((".", "!", "?")) else ".")


def _renamed(match: re.Match) -> str:
    if match[1] is None:
        return match[0]
    return ("Group" if match[1] == "C" else "group") + match[2]


def listed(things: Sequence[object], last: str = "and") -> str:
    """Write ``a, b and c``."""
    *first, end = (str(thing) for thing in things)
    return f"{', '.join(first)} {last} {end}" if first else end
