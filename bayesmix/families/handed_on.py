"""Compiled functions that are handed on to others which are not inlined.

Numba hands a function on as its address in this process, and keeps no file of code in which such an address stands,
though nothing reads it: which function is called is known by its type. :func:`by_type` hands on the type alone.
"""

from typing import Any

from numba.core import types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

APART = {"nogil": True, "error_model": "numpy"}
"""How they are compiled: in the files of their callers, where a function that is called from many places is no inlined
copy at each."""


class ByType(types.Dispatcher):
    """A compiled function of which there is no address."""


register_model(ByType)(models.OpaqueModel)


def _by_type(typing_context: Any, function: Any) -> Any:
    """The function, for a call that is not inlined."""

    def nothing(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_dummy_value()

    return ByType(function.dispatcher)(function), nothing


by_type: Any = intrinsic(_by_type)  # called without the first argument
