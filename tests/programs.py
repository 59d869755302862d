"""Programs that some tests run: a browser, a shell."""

import os
import shutil

import pytest


def find(*names: str) -> str:
    """Path of the first program that is there; without any, a test of CI fails and another one is skipped."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        said = f"{names[0]} is not installed"
        if os.environ.get("CI"):
            pytest.fail(f"{said}, and CI must have it")
        pytest.skip(said)
    return found
