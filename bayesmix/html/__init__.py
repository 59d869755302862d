"""Reports: one self-contained HTML file that tells a result to people."""

from bayesmix.html.content import Cell, Picture, ReportContent, Section, Table
from bayesmix.html.page import render, write_html
from bayesmix.html.reports import (
    content_of_comparison,
    content_of_tree,
    render_comparison,
    report,
)

__all__ = [
    "Cell",
    "Picture",
    "ReportContent",
    "Section",
    "Table",
    "content_of_comparison",
    "content_of_tree",
    "render",
    "render_comparison",
    "report",
    "write_html",
]
