"""Reports: a result told to people, as one self-contained HTML file or as Markdown."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayesmix.html.content import Answer, Cell, Picture, ReportContent, Section, Table
    from bayesmix.html.markdown import render_markdown
    from bayesmix.html.page import render, write_html
    from bayesmix.html.reports import (
        content_of_comparison,
        content_of_tree,
        markdown_of_comparison,
        render_comparison,
        report,
    )

# Name -> module. Modules load when a name is first used: the numbers of a report (``digest``, ``numbers``) serve the
# terminal too, which needs no pictures.
_MODULES = {
    "Answer": "content",
    "Cell": "content",
    "Picture": "content",
    "ReportContent": "content",
    "Section": "content",
    "Table": "content",
    "content_of_comparison": "reports",
    "content_of_tree": "reports",
    "markdown_of_comparison": "reports",
    "render": "page",
    "render_comparison": "reports",
    "render_markdown": "markdown",
    "report": "reports",
    "write_html": "page",
}

__all__ = [
    "Answer",
    "Cell",
    "Picture",
    "ReportContent",
    "Section",
    "Table",
    "content_of_comparison",
    "content_of_tree",
    "markdown_of_comparison",
    "render",
    "render_comparison",
    "render_markdown",
    "report",
    "write_html",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = getattr(import_module(f"bayesmix.html.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'bayesmix.html' has no attribute {name!r}")
