"""Only the families, and the registry of them, know what families and covariances are called."""

import ast
from pathlib import Path

import bayesmix
from bayesmix.families import family_from_name
from bayesmix.families.gaussian.covariance import STRUCTURES
from bayesmix.registry import FAMILIES

HOUSE = Path(bayesmix.__file__).parent
KNOWING = ("families", "registry.py", "__init__.py", "datasets/simulation.py")
# Words that mean something else there, and places that are still to be mended.
ELSEWHERE = {
    ("engines/advi.py", "full"): "a rank of the variational Gaussian",
    ("engines/gaussian_check.py", "full"): "the same",
    ("mixture.py", "full"): "the same",
    ("engines/nuts.py", "diag"): "a mass matrix",
    ("cli/reading/cells.py", "categorical"): "a kind of column",
    ("data/columns.py", "categorical"): "the same",
    ("data/beside_rows.py", "categorical"): "the same",
    ("data/kinds.py", "categorical"): "the same",
    ("data/entries.py", "categorical"): "the same",
    ("data/values.py", "categorical"): "the same",
    ("tree/schema.py", "categorical"): "the same",
    ("posterior/distribution.py", "categorical"): "the same",
    ("plots/regressions.py", "categorical"): "the same",
    ("posterior/partitions/other_ways.py", "spherical"): "soft k-means is EM of this family",
    ("estimator.py", "categorical"): "a kind of column",
    ("estimator.py", "gaussian"): "scikit-learn's parameters have their defaults in the signature",
    ("estimator.py", "full"): "the same",
    ("html/glossary.py", "gaussian-full, -tied, -diag, -spherical"): "a term that is explained",
    ("html/glossary.py", "gaussian-(?:full|tied|diag|spherical)"): "where it is found",
}


def names() -> set[str]:
    """What families are called, their classes, and the words that their names begin with."""
    kinds = [getattr(bayesmix, name) for name in FAMILIES]
    called = {name for kind in kinds for name in kind.names()} | set(FAMILIES) | set(STRUCTURES)
    return called | {str(family_from_name(name)).split("-")[0] for name in called - set(FAMILIES)}


def texts(code: str) -> list[str]:
    """The texts that stand in code, but for its docstrings."""
    tree = ast.parse(code)
    said = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    found = [one for one in ast.walk(tree) if isinstance(one, ast.Constant) and id(one) not in said]
    return [one.value for one in found if isinstance(one.value, str)]


def test_texts_are_those_of_code_and_not_of_docstrings():
    code = """'''full'''\nx = f("tied", ['diag'])\ndef g(of="spherical"):\n    'full'\n"""
    assert sorted(texts(code)) == ["diag", "spherical", "tied"]
    assert {"full", "Gaussian", "gaussian", "poisson"} <= names()


def test_no_name_of_a_family_stands_elsewhere():
    called, found = names(), set()
    for path in sorted(HOUSE.rglob("*.py")):
        place = path.relative_to(HOUSE).as_posix()
        if place.startswith(KNOWING):
            continue
        for text in texts(path.read_text()):
            if text in called or text.split("-")[0] in called:
                found.add((place, text))
    assert found == set(ELSEWHERE)
