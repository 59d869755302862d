"""The figures that are asked for, in one place: floors for ratios, ceilings for seconds and memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Size = tuple[int, int, int]

SMALL: Size = (10_000, 2, 3)
LONG: Size = (1_000_000, 4, 8)
MIDDLE: Size = (100_000, 10, 10)
WIDE: Size = (100_000, 32, 16)
FEW_ROWS: Size = (1000, 2, 3)
MANY_UNKNOWNS: Size = (10_000, 10, 5)
FAITHFUL: Size = (272, 2, 2)
SWEPT: Size = (100_000, 5, 10)
ALLOCATED: Size = (100_000, 2, 5)
NAMED: Size = (1000, 2, 5)
PARTED: Size = (1000, 2, 4)
LOO_ROWS: Size = (100_000, 2, 3)
LOO_LONG: Size = (1_000_000, 2, 3)


@dataclass(frozen=True)
class Asked:
    """One figure: a ratio of at least ``bound`` (``unit="times"``), or at most ``bound`` seconds, MiB or iterations."""

    what: str
    size: Size
    against: str
    bound: float
    unit: Literal["times", "s", "MiB", "EM iterations"] = "times"

    def limit(self) -> str:
        """As in ``35 times`` or ``at most 5 s``."""
        return f"{self.bound:g} times" if self.unit == "times" else f"at most {self.bound:g} {self.unit}"


@dataclass(frozen=True)
class Verdict:
    """What was measured of a figure, round by round; as a cell of a table it says whether the figure is reached."""

    asked: Asked
    measured: tuple[float, ...]

    @property
    def reached(self) -> bool:
        """Whether the median of what was measured is on the right side."""
        middle = float(np.median(self.measured))
        return middle >= self.asked.bound if self.asked.unit == "times" else middle <= self.asked.bound

    def __str__(self) -> str:
        return f"{self.asked.limit()}: {'yes' if self.reached else '**no**'}"


def spread(measured: Sequence[float]) -> str:
    """Median and range, ``41 (38..44)``; one number alone where there is one."""
    low, middle, high = (three_digits(float(q)) for q in np.quantile(measured, [0, 0.5, 1]))
    return middle if len(measured) == 1 else f"{middle} ({low}..{high})"


def three_digits(value: float) -> str:
    """Three significant digits without an exponent, ``1234`` and ``0.00123`` included."""
    if not np.isfinite(value) or value == 0:
        return f"{value:g}"
    return f"{value:.{max(0, 2 - int(np.floor(np.log10(abs(value)))))}f}"


ASKED = (
    Asked("EM iteration, full", SMALL, "scikit-learn", 35),
    Asked("EM iteration, full", LONG, "scikit-learn", 35),
    Asked("EM iteration, full", MIDDLE, "scikit-learn", 12),
    Asked("EM iteration, full", WIDE, "scikit-learn", 5.5),
    Asked("EM iteration, diag", LONG, "scikit-learn", 25),
    Asked("EM iteration, spherical", LONG, "scikit-learn", 25),
    Asked("EM iteration, tied", LONG, "scikit-learn", 25),
    Asked("EM iteration, full", SMALL, "mclust", 15),
    Asked("EM iteration, full", LONG, "mclust", 25),
    Asked("EM iteration, full", MIDDLE, "mclust", 15),
    Asked("EM iteration, full", WIDE, "mclust", 4),
    Asked("whole fit", SMALL, "scikit-learn", 12),
    Asked("whole fit", MIDDLE, "scikit-learn", 12),
    Asked("log density and gradient", FEW_ROWS, "textbook PyMC, best of Numba and JAX", 10),
    Asked("log density and gradient", MANY_UNKNOWNS, "textbook PyMC, best of Numba and JAX", 8),
    Asked("smallest ESS per second", FEW_ROWS, "textbook PyMC, nutpie as it comes", 110),
    Asked("smallest ESS per second", FEW_ROWS, "textbook PyMC, nutpie low-rank", 16),
    Asked("smallest ESS per second", FEW_ROWS, "NumPyro", 40),
    Asked("smallest ESS per second", FEW_ROWS, "Stan", 150),
    Asked("smallest ESS per second", MANY_UNKNOWNS, "textbook PyMC, nutpie as it comes", 40),
    Asked("smallest ESS per second", MANY_UNKNOWNS, "textbook PyMC, nutpie low-rank", 12),
    Asked("call to result", FEW_ROWS, "textbook PyMC, nutpie as it comes", 22),
    Asked("peak memory above the data", LONG, "", 64, "MiB"),
    Asked("pointwise log-likelihood, 4000 draws", MANY_UNKNOWNS, "", 5, "s"),
    # of a processor: on two cores people wait half as long
    Asked("LOO of 500 draws", LOO_ROWS, "", 10, "s"),
    Asked("compare(faithful, range(1, 7))", FAITHFUL, "", 20, "s"),
    Asked("bayesmix fit --method nuts", FAITHFUL, "", 5, "s"),
    Asked("bayesmix fit --method em", FAITHFUL, "", 2.5, "s"),
    # of a processor, for four chains: on two cores people wait half as long
    *(Asked("Gibbs sampling until the gates pass", (272, 2, k), "", 4, "s") for k in (3, 4, 5, 6)),
    *(Asked("Gibbs sampling until the gates pass", (82, 1, k), "", 4, "s") for k in (3, 4, 5, 6)),
    Asked("Gibbs sampling until the gates pass", (342, 4, 3), "", 4, "s"),
    Asked("Gibbs sampling until the gates pass", (342, 4, 4), "", 60, "s"),
    Asked("Gibbs sampling until the gates pass", (342, 4, 5), "", 12, "s"),
    Asked("a sweep", SWEPT, "", 3, "EM iterations"),
    # of a processor: on two cores people wait half as long for what runs in threads
    Asked("responsibilities", ALLOCATED, "", 60, "s"),
    Asked("memory of responsibilities", ALLOCATED, "", 1024, "MiB"),
    *(Asked(f"relabel, {method}", NAMED, "", 3, "s") for method in ("ecr", "pivot", "stephens")),
    Asked("partition", PARTED, "", 20, "s"),
)


def asked_of(what: str, size: Size, against: str = "") -> Asked | None:
    """The figure asked for a row, if there is one."""
    found = [one for one in ASKED if (one.what, one.size, one.against) == (what, size, against)]
    return found[0] if found else None


def verdict(what: str, size: Size, against: str, measured: Iterable[float]) -> Verdict | str:
    """The verdict on a row; empty where nothing is asked."""
    one = asked_of(what, size, against)
    return Verdict(one, tuple(map(float, measured))) if one else ""
