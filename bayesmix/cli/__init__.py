"""The command line: ``bayesmix demo``, ``fit``, ``compare`` and ``predict``."""

from bayesmix.cli.entry import main

__all__ = ["main"]
