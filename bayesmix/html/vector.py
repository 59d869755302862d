"""Figures as SVG that belongs to its page: its own ids, the page's colours, no namespaces."""

import io
import re
import warnings
from typing import Any
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from bayesmix.plots.palette import COLOURS, FAINT, INK, MUTED, PAPER

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_THEME = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    FAINT: "var(--faint)",
    PAPER: "var(--paper)",
} | {colour: f"var(--group-{number})" for number, colour in enumerate(COLOURS)}
# A hundredth of a point cannot be seen, and paths are most of a page.
_DECIMALS = 2
# Of what is drawn as pixels, such as ten thousand points.
_DOTS = 96
_LONG = re.compile(rf"-?\d+\.\d{{{_DECIMALS + 1},}}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def to_svg(figure: Figure, alt: str, name: str) -> Markup:
    """Write a figure as an ``svg`` element for an HTML page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn with the palette's ink and paper, which become the page's, light or dark.
    alt : str
        What the picture shows.
    name : str
        Prefix of all ids, which several pictures in one page would otherwise share.

    Returns
    -------
    markupsafe.Markup
        Text stays text. There is no link to anything outside.
    """
    stream = io.StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name, "path.simplify": True}
    with warnings.catch_warnings(), matplotlib.rc_context(settings):
        # The reader's browser has glyphs that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(stream, format="svg", dpi=_DOTS, metadata={"Date": None, "Creator": None})
    # The text is matplotlib's own, just written: nothing of it comes from elsewhere.
    root = ElementTree.fromstring(stream.getvalue())
    _tidy(root, name)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.attrib = {
        "viewBox": root.get("viewBox", ""),
        "role": "img",
        "aria-label": alt,
        "style": f"max-width: {float(width) / 72:.2f}in; aspect-ratio: {width} / {height}; "
        "stroke-linejoin: round; stroke-linecap: butt",
    }
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _tidy(root: ElementTree.Element, name: str) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            # A style sheet inside the picture would rule the whole page.
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        attributes = {}
        for key, value in element.attrib.items():
            if key == "id":
                value = f"{name}-{value}"
            elif key == _LINK:
                key = "href"
                value = f"#{name}-{value[1:]}" if value.startswith("#") else value
            elif key == _SPACE:
                continue
            elif key == "d":
                value = _LONG.sub(_rounded, " ".join(value.split()))
            else:
                value = _themed(_REFERENCE.sub(rf"url(#{name}-\1)", value))
            attributes[key] = value
        element.attrib = attributes


def _rounded(match: re.Match) -> str:
    return f"{float(match[0]):.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _themed(value: str) -> str:
    for colour, variable in _THEME.items():
        value = value.replace(colour, variable)
    return value
