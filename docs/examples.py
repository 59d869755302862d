"""The examples of the public names, from their docstrings: run, and the pictures that they save for the reference.

``tests/test_examples.py`` compares what they print. ``python -m docs.examples`` draws their pictures anew.
"""

import contextlib
import doctest
import inspect
import io
import shutil
import tempfile
from pathlib import Path

import bayesmix

PICTURES = Path(__file__).parent / "pictures"


def public_names() -> list[str]:
    """Classes and functions that ``import bayesmix`` offers."""
    return [name for name in bayesmix.__all__ if callable(getattr(bayesmix, name))]


def picture(name: str) -> Path:
    """Where the picture of an example is kept."""
    return PICTURES / f"api-{name}.png"


def run(name: str) -> str:
    """Run an example in the working folder; return what it printed otherwise than it says, or that there is none."""
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(getattr(bayesmix, name)) or "", {}, name, None, 0)
    if not example.examples:
        return f"bayesmix.{name} has no example"
    said = io.StringIO()
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=said.write)
    return said.getvalue()


def main() -> None:
    """Run all examples, and keep the pictures that they save."""
    import matplotlib

    matplotlib.use("agg")
    for name in public_names():
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            print(run(name) or f"bayesmix.{name}: as it says")
            for drawn in Path(folder).glob("api-*.png"):
                shutil.copy(drawn, PICTURES / drawn.name)


if __name__ == "__main__":
    main()
