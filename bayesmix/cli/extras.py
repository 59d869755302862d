"""Libraries that only some files need."""

from importlib.util import find_spec


def check_installed(library: str, what: str, extra: str) -> None:
    """Say what to install where a kind of file cannot be read or written.

    Raises
    ------
    ImportError
    """
    if find_spec(library) is None:
        raise ImportError(f'{what} need {library}; install it with pip install "bayesmix[{extra}]".')
