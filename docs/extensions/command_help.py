"""The directive ``command-help``: what a bayesmix command prints when asked for help, at the time of the build."""

import os
import subprocess
import sys
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class CommandHelp(SphinxDirective):
    """``{command-help} fit`` becomes what ``bayesmix fit --help`` prints; without an argument, ``bayesmix --help``."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The help as a literal block."""
        self.env.note_reread()  # the command may have changed where the page has not
        words = [*self.arguments, "--help"]
        printed = subprocess.run(
            [sys.executable, "-m", "bayesmix", *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env={**os.environ, "COLUMNS": "94", "NO_COLOR": "1", "TERM": "dumb"},
        ).stdout
        text = f"$ bayesmix {' '.join(words)}\n" + "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())
        return [nodes.literal_block(text, text, language="text", classes=["command-help"])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
