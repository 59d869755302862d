"""Formulas as MathML, which browsers draw by themselves: no script, and no request to another host."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

# One upright letter: browsers slant an identifier of one letter unless told not to.
_UPRIGHT = re.compile(r"\\mathrm\{(\w)\}")
_MARK = "UPRIGHT"


def to_mathml(latex: str, display: str, where: Any) -> str:
    """A formula as a ``math`` element; a warning names a command that was not understood."""
    letters = _UPRIGHT.findall(latex)
    marked = _UPRIGHT.sub(rf"\\text{{{_MARK}}}", latex)
    made = convert(marked, display=display)
    for letter in letters:
        made = re.sub(rf"<mtext[^>]*>{_MARK}</mtext>", f'<mi mathvariant="normal">{letter}</mi>', made, count=1)
    made = made.replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")  # a relation, with space around it
    # named functions stand apart from what follows, unless it is a parenthesis
    made = re.sub(r"(<mi>(?:log|exp|max|tr)</mi>)(?!<mo[^>]*>&#x00028;)", r'\1<mspace width="0.167em"/>', made)
    if _MARK in made or re.search(r"<m[io]>(\\|&(?!#|amp;|lt;|gt;))", made):
        logger.warning("not understood as MathML: %s", latex, location=where)
    return made


def inline(self: Any, node: nodes.math) -> None:
    """A formula inside a line."""
    self.body.append(f'<span class="math">{to_mathml(node.astext(), "inline", node)}</span>')
    raise nodes.SkipNode


def block(self: Any, node: nodes.math_block) -> None:
    """A formula on lines of its own: parts that a blank line or a double backslash separates stand below each other."""
    parts = [part for part in re.split(r"\n\s*\n|\\\\(?:\[[^\]]*\])?", node.astext()) if part.strip()]
    made = "".join(to_mathml(" ".join(part.split()), "block", node) for part in parts)
    self.body.append(self.starttag(node, "div", CLASS="math-block", tabindex="0") + made + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
