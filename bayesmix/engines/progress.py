"""What NUTS reports of its progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bayesmix.progress import in_terminal, progress


@contextmanager
def sampling(shown: bool) -> Iterator[dict[str, Any]]:
    """What to tell nutpie about progress: in a terminal its own bars, elsewhere to report to ours."""
    if in_terminal():
        yield {"progress_bar": shown}
        return
    with progress(shown, total=1.0) as report:

        def tell(chains: list[Any]) -> None:
            finished = sum(chain.finished_draws for chain in chains)
            divergent = sum(chain.divergences for chain in chains)
            total = sum(chain.total_draws for chain in chains)
            report(f"NUTS: {finished:,} of {total:,} draws, {divergent:,} divergences", finished / max(total, 1))

        yield {"progress_bar": False, "progress_callback": tell}
