"""Hold the docstrings of everything public to numpydoc: what is documented, and that it is what the signature says."""

import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import validate

DOORS = ("bayesmix", "bayesmix.priors", "bayesmix.datasets", "bayesmix.estimator")
# GL: form of the docstring. PR: parameters are those of the signature, in its order, with types. RT, YD: what comes
# back. Summaries may name what is returned, and examples, See Also and long descriptions are a matter of judgement.
DEMANDED = (
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08"),
    *("PR02", "PR03", "PR04", "PR05", "PR10", "RT01", "RT02", "YD01", "SS01", "SS02", "SS03"),
)


def public_objects() -> Iterator[tuple[str, Any]]:
    """Everything exported, with the public methods and properties that bayesmix wrote itself."""
    for door in DOORS:
        module = import_module(door)
        for name in module.__all__:
            exported = getattr(module, name)
            if not (inspect.isclass(exported) or inspect.isfunction(exported)):
                continue
            path = f"{exported.__module__}.{exported.__qualname__}"
            yield path, exported
            if inspect.isclass(exported):
                for attribute, member in vars(exported).items():
                    own = inspect.isfunction(member) or isinstance(member, classmethod | staticmethod | property)
                    if own and not attribute.startswith("_") and not is_told_by_its_base(member):
                        yield f"{path}.{attribute}", getattr(exported, attribute)


def is_told_by_its_base(member: Any) -> bool:
    """Whether a method is marked as an override and leaves its docstring to what it overrides."""
    function = getattr(member, "fget", getattr(member, "__func__", member))
    return getattr(function, "__override__", False) and function.__doc__ is None


def undocumented(member: Any) -> list[str]:
    """Parameters that stand neither among the parameters nor, for a record, among the attributes."""
    if not callable(member) or (inspect.isclass(member) and issubclass(member, BaseException)):
        return []  # a warning takes a message
    parsed = ClassDoc(member) if inspect.isclass(member) else FunctionDoc(member)
    told = {
        name.strip().lstrip("*")
        for section in ("Parameters", "Other Parameters", *(["Attributes"] if inspect.isclass(member) else []))
        for parameter in parsed[section]
        for name in parameter.name.split(",")
    }
    parameters = inspect.signature(member).parameters
    return [name for name in parameters if name not in told and name not in ("self", "cls")]


def faults(path: str, member: Any) -> list[str]:
    """What is wrong with one docstring."""
    found = [f"{code} {text}" for code, text in validate(path)["errors"] if code in DEMANDED]
    return found + [f"parameter {name!r} is not documented" for name in undocumented(member)]


def main() -> int:
    """Print every fault; the exit status says whether there was one."""
    objects = dict(public_objects())
    said = [f"{path}: {fault}" for path, member in objects.items() for fault in faults(path, member)]
    print("\n".join(said) or f"The docstrings of {len(objects)} public objects keep to numpydoc.")
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
