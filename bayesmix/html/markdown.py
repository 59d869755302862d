"""From content to Markdown: the report without its pictures, for issues, notebooks and version control."""

import re
from collections.abc import Iterator, Sequence

from bayesmix.html.content import ReportContent, Section, Table
from bayesmix.html.glossary import GLOSSARY, terms_of

# What Markdown would read as a mark. An underscore within a word is none.
_MARK = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])")
_AT_THE_START = re.compile(r"^(?:([#+-])|(\d+)([.)]))(?=\s|$)")


def render_markdown(content: ReportContent) -> str:
    """Write a report as Markdown with pipe tables, as GitHub and Jupyter read it.

    Every string of the content is escaped. Pictures are told by their alternative text, and tables that the page
    shows only when asked are left out.

    Parameters
    ----------
    content : ReportContent

    Returns
    -------
    str
        Ends in a newline.
    """
    blocks = [f"# {_line(content.title)}"]
    if content.warnings:
        said = " ".join(_line(sentence) for sentence in content.warnings)
        blocks.append(f"> **Do not rely on these numbers yet.** {said}")
    blocks.append(f"**{_line(content.answer.headline)}**")
    if content.answer.points:
        blocks.append("\n".join(f"- **{_line(asked)}** {_escaped(reply)}" for asked, reply in content.answer.points))
    for _, heading, section in content.sections:
        blocks += [f"## {_line(heading)}", *_section(section)]
    if terms := terms_of(content):
        blocks.append(f"## {GLOSSARY}")
        blocks.append("\n".join(f"- **{_line(term.name)}**: {_escaped(term.meaning)}" for term in terms))
    return "\n\n".join(blocks) + "\n"


def _section(section: Section) -> Iterator[str]:
    sentences = [_line(sentence) for sentence in section.sentences]
    if sentences:
        yield "\n".join(f"- {sentence}" for sentence in sentences) if section.listed else "\n".join(sentences)
    if section.facts:
        yield "\n".join(f"- **{_line(name)}**: {_escaped(value)}" for name, value in section.facts)
    for picture in section.pictures:
        yield f"*{_line(picture.alt)}*"
    for table in section.tables:
        if not table.folded:
            yield f"**{_line(table.caption)}**"
            yield _table(table)
    if section.code:
        fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall("`+", section.code)), default=0))
        yield f"{fence}python\n{section.code}\n{fence}"
    for heading, part in section.parts:
        yield f"### {_line(heading)}"
        yield from _section(part)


def _table(table: Table) -> str:
    n_columns = len(table.header)
    aligned = [
        "---" if j < table.n_labels or (table.words and j == n_columns - 1) else "---:" for j in range(n_columns)
    ]
    rows = [[_escaped(cell.text) for cell in row] for row in table.rows]
    for i in table.highlighted:
        rows[i] = [f"**{text}**" if text else "" for text in rows[i]]
    return "\n".join(_row(cells) for cells in ([_escaped(name) for name in table.header], aligned, *rows))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(text: str) -> str:
    """A text that begins a line, where more characters are marks."""
    return _AT_THE_START.sub(r"\2\\\1\3", _escaped(text))


def _escaped(text: str) -> str:
    """A text as it is, on one line."""
    return _MARK.sub(r"\\\g<0>", " ".join(text.split()))
