"""The project's habits: one version, hooks that do what the integration does, templates that a site can read."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import bayesmix

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def read(name: str):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_one_version():
    version = PROJECT["project"]["version"]
    assert bayesmix.__version__ == version
    assert str(read("CITATION.cff")["version"]) == version
    headings = re.findall(r"^## \[(.+?)\](.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    released = [name for name, _ in headings[1:]]
    assert all(re.fullmatch(r" - \d{4}-\d{2}-\d{2}", date) for _, date in headings[1:])
    # What is not released yet has no heading of its own; what is has the number that is installed.
    assert released[:1] in ([], [version])


def test_hooks_run_the_commands_of_the_integration_and_fetch_nothing():
    repositories = read(".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    groups = PROJECT["dependency-groups"]
    for hook in repositories[0]["hooks"]:
        assert hook["language"] == "system"
        command = hook["entry"].removeprefix("uv run --group lint ").removesuffix(" --fix")
        assert f"uv run {command}" in CI
        tool = {"python": "numpydoc"}.get(command.split()[0], command.split()[0])
        assert any(requirement.startswith(tool) for requirement in groups["lint"])


@pytest.mark.parametrize("name", ["bug.yml", "idea.yml"])
def test_issue_forms(name):
    """What GitHub's schema of issue forms demands."""
    form = read(f".github/ISSUE_TEMPLATE/{name}")
    assert form["name"]
    assert form["description"]
    fields = form["body"]
    assert {field["type"] for field in fields} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    identifiers = [field["id"] for field in fields]
    assert len(set(identifiers)) == len(identifiers)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", identifier) for identifier in identifiers)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_what_the_forms_ask_people_to_run_runs():
    """The command that a bug report asks for prints the versions."""
    [versions] = [field for field in read(".github/ISSUE_TEMPLATE/bug.yml")["body"] if field["id"] == "versions"]
    code = re.search(r'python -c "(.+)"', versions["attributes"]["description"]).group(1)
    printed = []
    exec(code, {"print": printed.append})
    assert printed[0]["bayesmix"] == bayesmix.__version__


def test_the_types_are_shipped():
    assert (Path(bayesmix.__file__).parent / "py.typed").exists()
    assert "Typing :: Typed" in PROJECT["project"]["classifiers"]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ".github/PULL_REQUEST_TEMPLATE.md"])
def test_files_that_are_named_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`((?:\.ci/|tests/|docs/)[\w./-]+|[A-Z]+\.(?:md|cff))`", text)
    assert not [path for path in named if not (ROOT / path).exists()]
