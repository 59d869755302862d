"""How many threads small matrix products may use."""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager:
    """A context in which BLAS works in the calling thread alone.

    The matrices of a mixture's parameters are small: handing them to other threads costs more than the product, and
    tens of times more where those threads wait for a busy machine.
    """
    return _blas().limit(limits=1)


@cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process: NumPy's and SciPy's, which are looked for once (it takes milliseconds)."""
    return ThreadpoolController().select(user_api="blas")
