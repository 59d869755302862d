"""Progress of a climb, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def climbing(shown: bool) -> Iterator[Callable[[int, float], None] | None]:
    """A function to call with the number of each step and the ELBO there; None where nothing is shown."""
    if not shown:
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        yield None
        return
    with console.status("ADVI") as status:
        yield lambda step, elbo: status.update(f"ADVI: step {step}, ELBO {elbo:.2f}")
