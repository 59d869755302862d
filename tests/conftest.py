"""How the tests are shared out among processes."""

import os

import pytest

# Each holds PyMC, JAX and compiled models: a gigabyte and more.
MOST_PROCESSES = 4


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many processes as there are cores, within reason; a single file begins sooner without another process."""
    files = {name.partition("::")[0] for name in config.args}
    if len(files) == 1 and files.pop().endswith(".py"):
        return 0
    return min(os.cpu_count() or 1, MOST_PROCESSES)
