"""A compiled module's own source, changed and run as Python: what is compiled cannot be patched."""

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from unittest import mock

import numba as nb


def interpreted(module: ModuleType, changes: Mapping[str, str], **others: Any) -> dict[str, Any]:
    """The names of a module, of which no function is compiled.

    ``changes`` are pieces of its source, each of which must be there once, and what is to stand in their places;
    ``others`` take the places of what the module imports.
    """
    source = inspect.getsource(module)
    for right, wrong in changes.items():
        if source.count(right) != 1:
            raise ValueError(f"{source.count(right)} times, not once, in {module.__name__}: {right}")
        source = source.replace(right, wrong)
    names: dict[str, Any] = {}
    with mock.patch.object(nb, "njit", return_value=lambda function: function):
        exec(source, names)
    names.update(others)  # functions look them up when they are called
    return names
