"""The panel: hard rows, a mixture for each, and what is known of the answer before anything is fitted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix import Gaussian, Mixture
from bayesmix.priors import LogNormal, NormalInverseWishart
from tests.stress import rows

# What maximum likelihood must say: an interior optimum, or that all starts collapsed; else the words of a refusal.
ESTIMATE, COLLAPSE = "an estimate", "a collapse"
NOT_OF_FULL_RANK = "estimate='ml' needs a data covariance of full rank"

FULL, TIED, DIAG = Gaussian("full"), Gaussian("tied"), Gaussian("diag")
CHEAP = frozenset({"laplace", "nuts"})
ALL = CHEAP | {"advi"}


@dataclass(frozen=True)
class Same:
    """Other rows of which the fit must say the same, row by row; the case may hold them in several copies.

    Copies count as integer weights of the rows: they leave the likelihood's top where it is, and move that of the
    posterior, so that of copies maximum likelihood is compared.
    """

    rows: Callable[[], np.ndarray]
    allowed: float
    copies: int = 1


@dataclass(frozen=True, eq=False)
class Case:
    """One line of the panel.

    Attributes
    ----------
    name : str
    rows : callable
    mixture : Mixture
    refused : str
        Words of the refusal that every way of fitting must give; empty where the rows can be fitted.
    groups : tuple of int
        Sizes of groups of consecutive rows that belong together beyond doubt, one for each component: labels, the
        posterior mode and the posterior itself are then known in closed form.
    same : Same, optional
        Rows that must give the same answer.
    ml : str, optional
        What maximum likelihood must say; None where it may end either way.
    trusted : mapping of bool
        By engine, whether the posterior must be called trustworthy, or must not; left out, either may be right.
    default : frozenset of str
        The engines that run by default.
    engines : frozenset of str
        Those of the long version: all, but where one would take an hour.
    """

    name: str
    rows: Callable[[], Any]
    mixture: Mixture
    refused: str = ""
    groups: tuple[int, ...] = ()
    same: Same | None = None
    ml: str | None = None
    trusted: dict[str, bool] = field(default_factory=dict)
    default: frozenset[str] = CHEAP
    engines: frozenset[str] = ALL

    def __str__(self) -> str:
        return self.name

    @cached_property
    def X(self) -> Any:
        return self.rows()

    @property
    def labels(self) -> np.ndarray:
        """(N,) the group of every row, where it is known."""
        return np.repeat(np.arange(len(self.groups)), self.groups)


def of_faithful(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[], np.ndarray]:
    return lambda: change(rows.faithful())


def far_from_zero(times: float) -> Callable[[], np.ndarray]:
    return of_faithful(lambda x: x + times * x.std(axis=0))


SLIM = {"components": NormalInverseWishart(shrinkage=1e-10, scale=((1e-11, 0.0), (0.0, 1e-11)))}
ROUNDING = 1e-9  # of a responsibility: law 7
SHIFTED = 100 * np.finfo(float).eps * 1e8  # law 7, for a mean of 1e8 standard deviations
FAITHFUL = Same(rows.faithful, ROUNDING)

CASES = (
    Case("tied rows: five places, forty rows at each", rows.five_points, Mixture(5), groups=(40,) * 5, ml=COLLAPSE),
    Case(
        "tied rows under the separated prior",
        rows.five_points,
        Mixture(5, priors={"scales": LogNormal()}),
        ml=COLLAPSE,
        trusted={"laplace": False},
        default=frozenset({"laplace"}),
    ),
    Case(
        "a cluster of one point, 1000 deviations away",
        lambda: rows.one_point_apart(1000.0),
        Mixture(2),
        groups=(200, 1),
        ml=COLLAPSE,
    ),
    Case(
        "a point at 40 deviations, one component",
        lambda: rows.one_point_apart(40.0),
        Mixture(1),
        groups=(201,),
        ml=ESTIMATE,
        trusted={"nuts": True},
    ),
    Case(
        "a point at 40 deviations, two components",
        lambda: rows.one_point_apart(40.0),
        Mixture(2),
        groups=(200, 1),
        ml=COLLAPSE,
        default=ALL,
    ),
    Case("covariances of condition 1e12", lambda: rows.crossing_lines(1e-6), Mixture(2, priors=SLIM), ml=ESTIMATE),
    Case("covariances of condition 1e6", lambda: rows.crossing_lines(1e-3), Mixture(2), ml=ESTIMATE),
    Case(
        "a data covariance of condition 1e12",
        lambda: rows.nearly_collinear(1e-6),
        Mixture(1),
        groups=(60,),
        ml=ESTIMATE,
        trusted={"nuts": True},
        default=ALL,
    ),
    Case(
        "a data covariance of condition 1e8",
        lambda: rows.nearly_collinear(1e-4),
        Mixture(1),
        groups=(60,),
        ml=ESTIMATE,
    ),
    Case(
        "a data covariance of condition 1e12, tied",
        lambda: rows.nearly_collinear(1e-6),
        Mixture(2, TIED),
        ml=ESTIMATE,
    ),
    Case("N < D", lambda: rows.few_rows(5, 8), Mixture(1), groups=(5,), ml=NOT_OF_FULL_RANK),
    Case(
        "N < D, two components",
        lambda: rows.few_rows(5, 8),
        Mixture(2),
        ml=NOT_OF_FULL_RANK,
        default=frozenset({"laplace"}),
    ),
    Case("N < D, diagonal", lambda: rows.few_rows(5, 8), Mixture(1, DIAG), groups=(5,), ml=ESTIMATE, default=ALL),
    Case("N = K + 1", lambda: rows.few_rows(4, 2), Mixture(3), ml=COLLAPSE),
    Case("N = K", lambda: rows.few_rows(4, 2), Mixture(4), ml=COLLAPSE, default=ALL - {"nuts"}),
    Case("one row", lambda: rows.few_rows(1, 2), Mixture(1), groups=(1,), ml=NOT_OF_FULL_RANK),
    Case("two equal components", lambda: rows.two_groups(200, 1, 0.0), Mixture(2), default=ALL),
    Case("heavy overlap", lambda: rows.two_groups(200, 2, 1.0), Mixture(2), ml=ESTIMATE),
    Case(
        "a weight of 1e-4: two rows of 20 000",
        lambda: rows.rare_group(20_000, 1e-4),
        Mixture(2),
        groups=(19_998, 2),
        default=frozenset(),
    ),
    Case(
        "a weight of 1e-4: 20 rows of 200 000",
        lambda: rows.rare_group(200_000, 1e-4),
        Mixture(2),
        groups=(199_980, 20),
        ml=ESTIMATE,
        default=frozenset(),
    ),
    Case(
        "ten copies of the data",
        of_faithful(lambda x: np.tile(x, (10, 1))),
        Mixture(2),
        same=Same(rows.faithful, ROUNDING, copies=10),
        ml=ESTIMATE,
        trusted={"nuts": True, "laplace": True},
        default=frozenset(),
    ),
    Case(
        "every row twice",
        of_faithful(lambda x: np.tile(x, (2, 1))),
        Mixture(2),
        same=Same(rows.faithful, ROUNDING, copies=2),
        ml=ESTIMATE,
        trusted={"nuts": True, "laplace": True},
    ),
    Case("values at 1e-150", of_faithful(lambda x: x * 1e-150), Mixture(2), same=FAITHFUL, ml=ESTIMATE, default=ALL),
    Case("values at 1e150", of_faithful(lambda x: x * 1e148), Mixture(2), same=FAITHFUL, ml=ESTIMATE, default=ALL),
    Case(
        "mean 1e8 times the deviation",
        far_from_zero(1e8),
        Mixture(2),
        same=Same(rows.faithful, SHIFTED),
        ml=ESTIMATE,
        trusted={"nuts": True, "laplace": True},
        default=ALL,
    ),
    Case(
        "columns of units 1e24 apart",
        of_faithful(lambda x: x * [1e-12, 1e12]),
        Mixture(2),
        same=FAITHFUL,
        ml=ESTIMATE,
        trusted={"nuts": True, "laplace": True},
    ),
    Case("K far too large", lambda: rows.two_groups(60, 2, 0.0), Mixture(12), default=frozenset({"laplace"})),
    Case(
        "D = 50",
        lambda: rows.two_groups(500, 50, 40.0),
        Mixture(2),
        groups=(300, 200),
        ml=ESTIMATE,
        default=frozenset(),
        engines=ALL - {"nuts"},
    ),
    Case(
        "D = 50, 60 rows",
        lambda: rows.two_groups(60, 50, 40.0),
        Mixture(2),
        groups=(36, 24),
        ml=COLLAPSE,
        default=frozenset(),
        engines=ALL - {"nuts"},
    ),
    Case(
        "D = 50, 60 rows, diagonal",
        lambda: rows.two_groups(60, 50, 40.0),
        Mixture(2, DIAG),
        groups=(36, 24),
        ml=ESTIMATE,
        default=frozenset({"laplace"}),
    ),
    Case("a column constant but for one row", rows.all_but_one_alike, Mixture(2), ml=COLLAPSE),
    Case("a column constant but for one row, diagonal", rows.all_but_one_alike, Mixture(2, DIAG), ml=COLLAPSE),
    Case("one row a hundred times", rows.one_row_repeated, Mixture(2), groups=(100, 100), ml=COLLAPSE, default=ALL),
    Case(
        "whole numbers",
        rows.counts,
        Mixture(2),
        same=Same(lambda: rows.counts().astype(float), 0.0),
        ml=ESTIMATE,
        trusted={"nuts": True, "laplace": True},
    ),
    Case("zeros and ones", rows.coins, Mixture(2)),
    Case("heavy tails: Cauchy rows", rows.heavy_tails, Mixture(2), default=ALL),
    Case("a ring: any rotation is as good", rows.ring, Mixture(3), ml=ESTIMATE, default=ALL),
    Case("a square parted either way", rows.square, Mixture(2, TIED), ml=ESTIMATE, trusted={"nuts": False}),
    Case("a narrow group inside a wide one", rows.nested, Mixture(2), ml=ESTIMATE, trusted={"nuts": True}),
    Case("rows over many orders of magnitude", rows.skewed, Mixture(2), ml=ESTIMATE),
    Case(
        "exactly collinear columns", lambda: rows.nearly_collinear(0.0), Mixture(2), refused="collinear up to rounding"
    ),
    Case(
        "exactly collinear columns, diagonal",
        lambda: rows.nearly_collinear(0.0),
        Mixture(2, DIAG),
    ),
    Case("a constant column", lambda: rows.few_rows(6, 2) * [1.0, 0.0], Mixture(2), refused="1 constant column"),
    Case(
        "more components than distinct rows",
        lambda: np.tile(rows.few_rows(2, 2), (9, 1)),
        Mixture(3),
        refused="2 distinct among 18 rows",
    ),
    Case("values at 1e-300", of_faithful(lambda x: x * 1e-300), Mixture(2), refused="change the units"),
    Case("values at 1e200", of_faithful(lambda x: x * 1e200), Mixture(2), refused="change the units"),
    Case("an infinite value", lambda: rows.few_rows(6, 2) * [1.0, np.inf], Mixture(2), refused="inf"),
)

REFUSED = [case for case in CASES if case.refused]
FITTED = [case for case in CASES if not case.refused]
