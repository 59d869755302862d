"""From content to one self-contained HTML file."""

import base64
import hashlib
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bayesmix.html.content import ReportContent
from bayesmix.html.glossary import GLOSSARY, split, terms_of
from bayesmix.html.vector import to_svg
from bayesmix.replacing import written_whole
from bayesmix.shelter import jax_out_of_sight
from bayesmix.version import __version__


def render(content: ReportContent) -> str:
    """Write a report as HTML.

    Every string of the content is escaped; the page loads nothing, and its policy forbids any
    script but its own.

    Parameters
    ----------
    content : ReportContent

    Returns
    -------
    str
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    script = _shipped("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    terms, linked = terms_of(content), set()
    with jax_out_of_sight():  # of pictures
        return environment.from_string(_shipped("report.html.j2")).render(
            content=content,
            terms=terms,
            glossary=GLOSSARY,
            pieces=lambda text: split(text, terms, linked),
            svg=lambda picture, name: to_svg(picture.draw(), picture.alt, name),
            # Shipped with the package, and not the user's.
            style=Markup(_shipped("report.css")),
            script=Markup(script),
            script_hash=f"sha256-{digest}",
            version=__version__,
        )


def write_html(content: ReportContent, path: str | os.PathLike[str]) -> Path:
    """Write a report to a file.

    ``path`` holds either its old content or the whole new one.

    Parameters
    ----------
    content : ReportContent
    path : str or path
        Ends in ``.html`` or ``.htm``. An existing file is replaced.

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    ValueError
        When the suffix is another.
    FileNotFoundError
        When the folder of ``path`` does not exist.
    OSError
        When it cannot be written, as on a full disk; names the path.
    """
    path = checked_path(path)
    write_text(path, render(content))
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    content = text.encode()
    with written_whole(path, size=len(content)) as new:
        new.write_bytes(content)


def checked_path(path: str | os.PathLike[str], suffixes: Sequence[str] = (".html",)) -> Path:
    """Return the path, or say why no report can be written there."""
    path = Path(path)
    suffix = path.suffix.lower()
    if (".html" if suffix == ".htm" else suffix) not in suffixes:
        raise ValueError(f"path must end in {' or '.join(suffixes)}, not {path.name!r}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist; create it first.")
    return path


def _shipped(name: str) -> str:
    return resources.files("bayesmix.html").joinpath(name).read_text(encoding="utf-8")
