"""The directive ``age``: whether the figures of a page are of the code from which the documentation is built."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs.age import sentence


class Age(SphinxDirective):
    """``age`` with the kinds of figures that a page shows."""

    required_arguments = 1
    optional_arguments = 2

    def run(self) -> list[nodes.Node]:
        """A paragraph."""
        self.env.note_reread()  # the sources that it speaks of are none of the documentation's
        return [nodes.paragraph("", sentence(self.arguments))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("age", Age)
    return {"version": "1", "parallel_read_safe": True}
