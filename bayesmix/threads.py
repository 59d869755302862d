"""How many threads small work may use."""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController, threadpool_limits


def one_blas_thread() -> AbstractContextManager:
    """A context in which BLAS works in the calling thread alone.

    The matrices of a mixture's parameters are small: handing them to other threads costs more than the product, and
    tens of times more where those threads wait for a busy machine.
    """
    return _blas().limit(limits=1)


def one_openmp_thread() -> AbstractContextManager:
    """A context in which OpenMP works in the calling thread alone.

    Threads that wait for each other after a few hundred rows spend more on waiting than on rows: a hundred times as
    much where the machine is busy. Libraries that were loaded before are the ones that heed it.
    """
    return threadpool_limits(limits=1, user_api="openmp")


@cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process: NumPy's and SciPy's, which are looked for once (it takes milliseconds)."""
    return ThreadpoolController().select(user_api="blas")
