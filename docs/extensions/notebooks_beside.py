"""Notebooks stand in ``notebooks/``, beside the docs; Sphinx reads only below ``docs/``. So a build copies them."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def copy(app: Sphinx) -> None:
    """Copy what is new into ``docs/notebooks``, and take away what is no longer there."""
    folder = Path(app.srcdir) / "notebooks"
    folder.mkdir(exist_ok=True)
    sources = {path.name: path for path in NOTEBOOKS.glob("*.ipynb")}
    for old in folder.glob("*.ipynb"):
        if old.name not in sources:
            old.unlink()
    for name, source in sources.items():
        copied = folder / name
        if not copied.exists() or copied.read_bytes() != source.read_bytes():
            shutil.copy(source, copied)


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy before Sphinx looks for pages."""
    app.connect("builder-inited", copy)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
