"""The directive ``house``: a drawing of the package's rooms, and a table of who imports whom.

Both are made at the time of the build from the order that ``tests/test_house.py`` checks and from the imports in the
sources, so that they cannot differ from the package.
"""

import ast
import textwrap
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tests.test_house import IN_ROOMS, PACKAGE, ROOMS, imports

WIDTH, ROOM, GAP, WALL, ROOF = 720, 76, 8, 14, 80
ABREAST = 3  # rooms side by side, so that their text can be read


def uses() -> dict[str, list[str]]:
    """Each room, from the top of the house down, and the rooms that it imports."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for name, path in IN_ROOMS.items():
        room = name.partition(".")[0]
        found[room] |= {imported.partition(".")[0] for _, imported in imports(path)} & (set(ROOMS) - {room})
    return {room: sorted(found[room], key=ROOMS.index) for room in reversed(ROOMS)}


def purpose(room: str) -> str:
    """The first line of a room's docstring, without its markup and without a repetition of its name."""
    file = PACKAGE / f"{room}.py"
    tree = ast.parse((file if file.exists() else PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    line = (ast.get_docstring(tree) or "").splitlines()[0].replace("``", "").rstrip(".")
    start, _, rest = line.partition(": ")
    line = rest if start.lower() == room else line
    return line[0].upper() + line[1:]


def floors(used: dict[str, list[str]]) -> list[list[str]]:
    """Rooms by height, the highest first: a room stands one floor above the highest room that it imports."""
    height: dict[str, int] = {}
    for room in ROOMS:
        height[room] = 1 + max((height[other] for other in used[room]), default=-1)
    return [[room for room in ROOMS if height[room] == level] for level in sorted(set(height.values()), reverse=True)]


def draw(used: dict[str, list[str]]) -> str:
    """The house as an SVG that takes its colours from the page."""
    storeys = floors(used)
    middle = WIDTH / 2
    rooms, top = [], ROOF + GAP
    for storey in storeys:
        rows = [storey[i : i + ABREAST] for i in range(0, len(storey), ABREAST)]
        height = len(rows) * (ROOM + GAP) + GAP
        rooms.append(f'<rect class="floor" x="{WALL}" y="{top}" width="{WIDTH - 2 * WALL}" height="{height}" rx="4"/>')
        for number, row in enumerate(rows):
            width = (WIDTH - 2 * WALL - (len(row) + 1) * GAP) / len(row)
            for place, room in enumerate(row):
                left = WALL + GAP + place * (width + GAP)
                rooms.append(_room(room, used[room], left, top + GAP + number * (ROOM + GAP), width))
        top += height + GAP
    return "\n".join(
        [
            f'<svg class="house" viewBox="0 0 {WIDTH} {top + 4}" role="img" aria-labelledby="house-title">',
            f'<title id="house-title">The rooms of bayesmix on {len(storeys)} floors; each imports only rooms on '
            "floors below its own.</title>",
            f'<rect class="wall" x="2" y="{ROOF}" width="{WIDTH - 4}" height="{top - ROOF}"/>',
            f'<path class="roof" d="M {middle} 4 L {WIDTH - 2} {ROOF} L 2 {ROOF} Z"/>',
            f'<text class="door" x="{middle}" y="{ROOF - 28}">import bayesmix</text>',
            f'<text class="note" x="{middle}" y="{ROOF - 10}">the door: opens a room when it is first used</text>',
            *rooms,
            "</svg>",
        ]
    )


def _room(room: str, used: list[str], left: float, top: float, width: float) -> str:
    lines = textwrap.wrap(purpose(room), int((width - 16) / 6.6))
    if len(lines) > 3:
        lines = [*lines[:2], f"{lines[2].rstrip(',')} …"]
    said = "".join(
        f'<text class="note" x="{left + width / 2:.1f}" y="{top + 36 + 15 * i}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    hint = f"{room} imports {', '.join(used)}" if used else f"{room} imports no other room"
    return (
        f'<g><title>{escape(hint)}</title><rect class="room" x="{left:.1f}" y="{top}" width="{width:.1f}" '
        f'height="{ROOM}" rx="4"/><text class="name" x="{left + width / 2:.1f}" y="{top + 18}">{escape(room)}</text>'
        f"{said}</g>"
    )


def table(used: dict[str, list[str]]) -> str:
    """Every room, what it is for and what it imports, the highest first."""
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(room)}</code></th><td>{escape(purpose(room))}</td>"
        f"<td>{escape(', '.join(others) or '-')}</td></tr>"
        for room, others in used.items()
    )
    head = "<tr><th scope='col'>room</th><th scope='col'>what it is for</th><th scope='col'>imports</th></tr>"
    body = f'<table class="table"><thead>{head}</thead><tbody>{rows}</tbody></table>'
    return f'<div class="pst-scrollable-table-container">{body}</div>'


class House(SphinxDirective):
    """``{house} drawing`` or ``{house} table``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The picture or the table as HTML."""
        self.env.note_reread()  # the sources may have changed where the page has not
        made = {"drawing": draw, "table": table}[self.arguments[0]](uses())
        return [nodes.raw("", made, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("house", House)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
