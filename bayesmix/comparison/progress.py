"""Progress over the models of a sweep."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bayesmix.progress import progress


@contextmanager
def sweeping(shown: bool, total: int) -> Iterator[Callable[[str], Callable[[str], None]]]:
    """A function to call at the start of each model; it gives one to call at each stage."""
    with progress(shown, total) as report:
        begun = 0

        def advance(model: str) -> Callable[[str], None]:
            nonlocal begun
            report(model, begun)
            begun += 1
            return lambda stage: report(f"{model}: {stage}")

        yield advance
