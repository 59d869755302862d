"""What nutpie has recorded, as plain arrays."""

from typing import Any, NamedTuple

import numpy as np

# nutpie's names of the statistics -> ArviZ's
_STATS = {
    "logp": "lp",
    "mean_tree_accept": "acceptance_rate",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "n_steps": "n_steps",
    "step_size": "step_size",
    "energy": "energy",
    "diverging": "diverging",
}


class Chain(NamedTuple):
    """The draws of one chain after tuning, as many as it came to: (draw, size), and statistics (draw,)."""

    q: np.ndarray
    stats: dict[str, np.ndarray]


def read_chains(trace: Any, size: int, every: int) -> list[Chain]:
    """Every ``every``-th draw of each chain of a raw trace of ``q``.

    nutpie would make a DataTree of it, with all of its statistics: that takes longer than it takes to sample a
    thousand rows.
    """
    return [_read_chain(draws, stats, size, every) for draws, stats in zip(*trace.get_arrow_trace(), strict=True)]


def _read_chain(draws: Any, stats: Any, size: int, every: int) -> Chain:
    import pyarrow

    tuned = int(stats.column("tuning").to_numpy().sum())
    kept = slice(tuned + every - 1, None, every)
    q = pyarrow.array(draws.column("q")).flatten().to_numpy().reshape(-1, size)
    recorded = {ours: stats.column(theirs).to_numpy() for theirs, ours in _STATS.items()}
    found = {name: values[kept] for name, values in recorded.items()}
    # what happens on the way to a kept draw belongs to it
    n = len(found["lp"])
    for name, gathered in (("n_steps", np.add), ("diverging", np.logical_or)):
        found[name] = gathered.reduce(recorded[name][tuned : tuned + n * every].reshape(n, every), axis=1)
    return Chain(q[kept], found)
