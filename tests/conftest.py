"""How the tests are shared out among processes."""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# Each holds PyMC, JAX and compiled models: a gigabyte and more.
MOST_PROCESSES = 4
# Of these files each test stands alone, and some last long.
ALONE = ("test_docs.py", "test_examples.py", "test_notebooks.py")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many processes as there are cores, within reason; a single file begins sooner without another process."""
    files = {name.partition("::")[0] for name in config.args}
    if len(files) == 1 and files.pop().endswith(".py"):
        return 0
    return min(os.cpu_count() or 1, MOST_PROCESSES)


def stands_alone(nodeid: str) -> bool:
    """Whether a test may run in another process than the rest of its file."""
    return nodeid.partition("::")[0].endswith(ALONE)


class ByFile(LoadFileScheduling):
    """A file's tests stay together, since they share fits, unless they stand alone."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if stands_alone(nodeid) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """The pytest option ``--dist=loadfile`` is the default; another one means what it says."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lasts longest begins first, so that no core waits for it at the end."""
    items.sort(key=lambda item: not stands_alone(item.nodeid))
