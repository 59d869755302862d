"""How many threads small matrix products may use."""

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_blas_thread() -> AbstractContextManager:
    """A context in which BLAS works in the calling thread alone.

    The matrices of a mixture's parameters are small: handing them to other threads costs more than the product, and
    tens of times more where those threads wait for a busy machine.
    """
    return threadpool_limits(limits=1, user_api="blas")
