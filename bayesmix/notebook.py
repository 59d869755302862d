"""What a notebook shows of an object: small cards of HTML, in the colours of the page around them.

There is no style sheet, which would rule the rest of the page, and no colour of text or ground: a card is light on
light pages and dark on dark ones. All text is escaped.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

_RULE = "1px solid rgba(128, 128, 128, 0.45)"
_FONT = "font-size: 0.95em; line-height: 1.45; overflow-x: auto"
_CELL = "padding: 0.1em 0.7em 0.1em 0; text-align: {align}; vertical-align: top; white-space: {wrap}"


def card(title: str, *parts: str) -> str:
    """Return a title over parts, which are made by the other functions of this module."""
    head = f'<div style="font-weight: 600">{html.escape(title)}</div>'
    box = f"border-left: 3px solid rgba(128, 128, 128, 0.6); padding: 0.2em 0.9em; margin: 0.3em 0; {_FONT}"
    return f'<div style="{box}">{head}{"".join(parts)}</div>'


def sentences(*said: str) -> str:
    """Return a paragraph for each sentence."""
    return "".join(f'<p style="margin: 0.35em 0; max-width: 60em">{html.escape(one)}</p>' for one in said)


def facts(named: Mapping[str, Any]) -> str:
    """Return a table of two columns, names and values."""
    rows = "".join(
        f'<tr><th scope="row" style="{_style("left")}; font-weight: normal; opacity: 0.75">{html.escape(name)}</th>'
        f'<td style="{_style("left", "normal")}">{html.escape(str(value))}</td></tr>'
        for name, value in named.items()
    )
    return f'<table style="border-collapse: collapse; margin: 0.3em 0">{rows}</table>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column names the rows; the other cells are numbers, to the right."""
    names = "".join(
        f'<th scope="col" style="{_style("left" if place == 0 else "right", "normal")}; border-bottom: {_RULE}">'
        f"{html.escape(name)}</th>"
        for place, name in enumerate(header)
    )
    body = "".join(
        f'<tr><th scope="row" style="{_style("left")}; font-weight: normal">{html.escape(first)}</th>'
        + "".join(f'<td style="{_style("right")}">{html.escape(cell)}</td>' for cell in others)
        + "</tr>"
        for first, *others in rows
    )
    return (
        '<table style="border-collapse: collapse; margin: 0.4em 0; font-variant-numeric: tabular-nums">'
        f"<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
    )


def folded(summary: str, part: str) -> str:
    """Return a part that opens when its summary is clicked."""
    return (
        '<details style="margin: 0.3em 0"><summary style="cursor: pointer">'
        f"{html.escape(summary)}</summary>{part}</details>"
    )


def _style(align: str, wrap: str = "nowrap") -> str:
    return _CELL.format(align=align, wrap=wrap)
