"""A function that is handed on by its type is called, and leaves no address of this process in the code."""

import numba as nb

from bayesmix.families.handed_on import APART, by_type


@nb.njit(forceinline=True)
def one_more(x):
    return x + 1.0


@nb.njit(forceinline=True)
def twice(x):
    return 2.0 * x


@nb.njit(**APART)
def often(step, x):
    for _ in range(40):
        x = step(x)
    return x


@nb.njit(**APART)
def both(x):
    return often(by_type(one_more), x), often(by_type(twice), x)


def test_the_functions_of_these_types_are_called():
    """That compiled code can be kept is asked of all of it, by a filter of warnings in ``pyproject.toml``."""
    assert both(1.0) == (41.0, 2.0**40)
    (compiled,) = both.overloads.values()
    assert not compiled.library.has_dynamic_globals
