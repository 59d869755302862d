"""Colours, markers and line styles of the groups.

The first six colours are those of Okabe and Ito (2008), Color Universal Design, which people with
any of the common colour-vision deficiencies can tell apart; their yellow and black are left out,
since they vanish on white and on dark pages. The next three are from Tol's "muted" scheme. Markers,
line styles and hatches change with the colour, so that a picture also reads in grey.
"""

from typing import Any

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#332288",
    "#999933",
    "#882255",
)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)), (0, (10, 2)))
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "|||")

# Ink and paper of figures that stand alone; an HTML page exchanges them for those of its theme.
INK = "#1b1f24"
MUTED = "#6a7280"
FAINT = "#d3d7dd"
PAPER = "#fffffe"


def colour(number: int) -> str:
    """Return the colour of a group; it repeats after nine. Grey for noise, -1."""
    return MUTED if number < 0 else COLOURS[number % len(COLOURS)]


def marker(number: int) -> str:
    """Return the marker of a group; with the colour it repeats after 72. A cross for noise, -1."""
    return "x" if number < 0 else MARKERS[number % len(MARKERS)]


def dashes(number: int):
    """Return the line style of a group; with the colour it repeats after 45."""
    return DASHES[number % len(DASHES)]


def area(number: int) -> dict[str, Any]:
    """Return the style of a group's area, whose pattern has the colour of the edge; they repeat after 63."""
    pattern = "xx" if number < 0 else HATCHES[number % len(HATCHES)]
    return {"facecolor": colour(number), "hatch": pattern, "edgecolor": PAPER, "linewidth": 0}
