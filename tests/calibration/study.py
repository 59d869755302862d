"""The study: every cell's replicates over processes, and what came of them as plain numbers."""

import os
import time
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from bayesmix.verdict import PARETO_GATE, UntrustedWarning
from tests.calibration import replicate
from tests.calibration.cells import Cell
from tests.calibration.planted import PLANTED
from tests.calibration.replicate import N_RANKS, Outcome

CENTRAL = range(5, N_RANKS - 5)  # 91 of 101 ranks: a central interval of 90 %
_AT_ONCE = 5  # replicates handed to a process


class Processes:
    """Processes that run replicates, one core and one BLAS thread each; or, with one core, none."""

    def __init__(self, cores: int):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        self.pool = ProcessPoolExecutor(cores, mp_context=get_context("spawn")) if cores > 1 else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def run(self, cell: Cell, numbers: Sequence[int], methods: Sequence[str], error: str | None = None):
        """Outcomes of the replicates in order, and the processor time that they took."""
        task = partial(_replicates, cell, methods=tuple(methods), error=error)
        chunks = [numbers[i : i + _AT_ONCE] for i in range(0, len(numbers), _AT_ONCE)]
        mapped = map(task, chunks) if self.pool is None else self.pool.map(task, chunks)
        parts = list(mapped)
        return [one for part, _ in parts for one in part], sum(seconds for _, seconds in parts)


def _replicates(cell: Cell, numbers: Sequence[int], *, methods, error):
    mixture = None if error is None else PLANTED[error](cell.mixture)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UntrustedWarning)  # the gates of so short fits are counted instead
        found = [replicate.run(cell, number, methods, mixture) for number in numbers]
    return found, time.process_time() - began


def of_method(attempts: Sequence[Outcome | None]) -> dict[str, Any]:
    """Counts of ranks, coverage and gates of one method in one cell."""
    outcomes = [one for one in attempts if one is not None]
    reasons = sorted({reason for one in outcomes for reason in one.failed})
    return {
        "replicates": len(attempts),
        "refused": len(attempts) - len(outcomes),
        "ranks": {
            name: np.bincount([one.ranks[name] for one in outcomes], minlength=N_RANKS).tolist()
            for name in outcomes[0].ranks
        },
        "coverage": {name: coverage([one.covered[name] for one in outcomes]) for name in outcomes[0].covered},
        "failed": sum(bool(one.failed) for one in outcomes),
        "failed_by": {reason: sum(reason in one.failed for one in outcomes) for reason in reasons},
    }


def coverage(counts: Iterable[tuple[int, int, bool]]) -> dict[str, float | int]:
    """Share of the entries inside their intervals, and its standard error, replicates being independent.

    A ratio of two sums over replicates, and its linearised error. Entries of one replicate depend on each other: for
    an exact test ``picked`` counts those that are inside among one of each replicate.
    """
    inside, judged, picked = np.array([one for one in counts if one[1] > 0], dtype=float).reshape(-1, 3).T
    n, total = judged.size, judged.sum()
    found = {"entries": int(total), "replicates": n, "picked": int(picked.sum())}
    if n < 2:
        return found | {"share": float("nan"), "error": float("nan")}
    share = inside.sum() / total
    spread = np.sqrt(((inside - share * judged) ** 2).sum() * n / (n - 1))
    return found | {"share": round(float(share), 5), "error": round(float(spread / total), 5)}


def of_approximation(attempts: Sequence[Outcome | None], nuts: Sequence[Outcome | None]) -> dict[str, Any]:
    """The same for an approximation, and its good fits beside its bad ones as Pareto k-hat tells them apart.

    Of every replicate also k-hat and how far the posterior is from that of NUTS.
    """
    pairs = [(one, other) for one, other in zip(attempts, nuts, strict=True) if one is not None and other is not None]
    groups = {}
    for name, good in ((f"k-hat <= {PARETO_GATE}", True), (f"k-hat > {PARETO_GATE}", False)):
        inside = [
            [rank in CENTRAL for rank in one.ranks.values()]
            for one, _ in pairs
            if (one.pareto_k <= PARETO_GATE) is good
        ]
        groups[name] = coverage((sum(those), len(those), those[0]) for those in inside)
    return of_method(attempts) | {
        "central ranks": groups,
        "pareto_k": [round(one.pareto_k, 3) for one, _ in pairs],
        "error": [round(error_from(one, other), 3) for one, other in pairs],
    }


def error_from(one: Outcome, nuts: Outcome) -> float:
    """Distance of the two posteriors, in standard deviations: the median over the quantities.

    Of each quantity the larger of the difference of the means, in standard deviations of NUTS, and of the logarithm
    of the ratio of the standard deviations.
    """
    errors = []
    for name, (mean, sd) in nuts.locations.items():
        other_mean, other_sd = one.locations[name]
        errors.append(max(abs(other_mean - mean) / sd, abs(np.log(other_sd / sd))))
    return float(np.median(errors))
