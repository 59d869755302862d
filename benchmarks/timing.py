"""Two and more sides timed in one run, in turn: A, B, A, B, ...

A ratio is taken within a round, between measurements that lie next to each other in time, so that a machine that is
busier for a while slows both sides of it. What is reported is the median of the rounds' ratios and their range. pyperf
spawns a process for each side and measures one side after the other, which cannot pair them.

What runs in one thread is timed by the processor time of the process, which on an idle machine is the time on the wall
and on a busy one is not inflated by waiting for others; what samples on two cores, or is a whole process, by
``time.perf_counter``.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Clock = Callable[[], float]  # does the work once and says how many seconds it took
processor_seconds = time.process_time


@dataclass(frozen=True, eq=False)
class Rounds:
    """What every side took in every round."""

    seconds: Mapping[str, np.ndarray]

    def ratios(self, peer: str, ours: str = "bayesmix") -> np.ndarray:
        """How many times as long the peer took, round by round."""
        return self.seconds[peer] / self.seconds[ours]

    def median(self, side: str) -> float:
        """Median seconds of a side."""
        return float(np.median(self.seconds[side]))


def alternate(sides: Mapping[str, Clock], rounds: int, *, warm: bool = True) -> Rounds:
    """Measure the sides in turn; each runs once before the first round that counts, unless it is warm already."""
    if warm:
        for clock in sides.values():
            clock()
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, clock in sides.items():
            taken[name].append(clock())
    return Rounds({name: np.array(values) for name, values in taken.items()})


def once(work: Callable[[], object]) -> Clock:
    """A clock of one call, in seconds on the wall."""

    def clock() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return clock


def repeated(work: Callable[[], object], least_seconds: float = 0.05) -> Clock:
    """A clock of one call in one thread, by as many calls on end as take ``least_seconds`` of processor time."""
    work()
    repeats, began = 0, processor_seconds()
    while processor_seconds() - began < least_seconds:
        work()
        repeats += 1

    def clock() -> float:
        began = processor_seconds()
        for _ in range(repeats):
            work()
        return (processor_seconds() - began) / repeats

    return clock


def per_step(seconds_of: Callable[[int], float], few: int, many: int) -> Clock:
    """A clock of one step: what ``many`` steps take beyond ``few``, so that what is done once cancels."""
    return lambda: (seconds_of(many) - seconds_of(few)) / (many - few)
