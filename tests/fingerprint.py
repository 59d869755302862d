"""The code that a figure depends on, as a hash: a module, and whatever of this repository it imports.

Docstrings, comments and layout do not count, nor do functions that pytest calls, nor rooms that only show what others
have computed. Values by other programs, which a module of ``tests/reference`` reads, count as code.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import bayesmix

ROOT = Path(__file__).parents[1]
PACKAGES = ("bayesmix", "benchmarks", "tests")
SHOWING = ("cli", "first_use", "html", "notebook", "plots", "progress", "version")
DATA = (".csv", ".json")


def fingerprint(module: str) -> str:
    """Twelve hexadecimal digits that change with the code on which a module's figures depend."""
    digest = hashlib.sha256()
    for path in sorted(files_of(module)):
        content = path.read_text(encoding="utf-8") if path.suffix in DATA else words_of(path)
        digest.update(f"{path.relative_to(ROOT).as_posix()}\n{content}\n".encode())
    return digest.hexdigest()[:12]


def files_of(module: str) -> set[Path]:
    """The files of a module and of all that it imports, inside functions too."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = file_of(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        if "reference" in path.parts:
            found |= {one for one in path.parent.iterdir() if one.suffix in DATA}
        waiting += imports(path)
    return found


def file_of(module: str) -> Path | None:
    """Where a module stands; None of what is no module of this repository, or only shows what others compute."""
    package, _, rest = module.partition(".")
    if package not in PACKAGES or (package == "bayesmix" and (not rest or rest.split(".")[0] in SHOWING)):
        return None
    path = ROOT.joinpath(*module.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.exists()), None)


@cache
def imports(path: Path) -> list[str]:
    """Names that may be modules: what is imported, public names of bayesmix, and modules named in texts."""
    names: list[str] = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "bayesmix"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "bayesmix":
            names += [room_of(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in public:
            names.append(room_of(node.attr))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("bayesmix."):
            names += named(node.value)
    return names


def room_of(name: str) -> str:
    """The module in which a public name of bayesmix, or a room of it, stands."""
    return bayesmix._ROOMS.get(name, f"bayesmix.{name}")


def named(text: str) -> Iterator[str]:
    """A module that is imported by its name, or, where the name is put together, all of its folder."""
    yield text
    folder = ROOT.joinpath(*text.split("."))
    if text.endswith(".") and folder.is_dir():
        yield from (f"{text}{path.stem}" for path in folder.glob("*.py"))


@cache
def words_of(path: Path) -> str:
    """The code of a file in one layout, without docstrings and without pytest's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = [one for one in node.body if not (isinstance(one, ast.FunctionDef) and one.name.startswith("test_"))]
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:]
        node.body = body or [ast.Pass()]
    return ast.unparse(tree)
