"""The short version: a few cells with few replicates, and planted errors that so few are enough to catch.

The whole of it is ``python -m tests.calibration``, whose results ``test_results.py`` judges.
"""

import pytest

from bayesmix import Gaussian, Poisson
from tests.calibration import replicate
from tests.calibration.cells import CELLS, PLANTED_IN, Cell
from tests.calibration.planted import narrow
from tests.calibration.results import bad, judgements
from tests.calibration.study import of_method

# Of draws at four fifths of their distance from the mean, so many replicates of the cheapest cells catch at least 94 in
# 100 runs: that is the share at 50, among samples of 240 such replicates.
OF_CHEAPEST = 60
COUNTS = Cell(Poisson(), "default", n_features=3, n_components=1, n_rows=20)
OF_OTHERS = 20


def short():
    """How many replicates of which cell: of every other family the first cell."""
    chosen = {
        PLANTED_IN: OF_CHEAPEST,
        COUNTS: OF_CHEAPEST,
        next(cell for cell in CELLS if (cell.family, cell.n_features) == (Gaussian("full"), 1)): 40,
        next(cell for cell in CELLS if (cell.family, cell.prior) == (Gaussian("diag"), "separated")): 30,
    }
    begun = {type(cell.family) for cell in chosen}
    for cell in CELLS:
        if type(cell.family) not in begun:
            begun.add(type(cell.family))
            chosen[cell] = OF_OTHERS
    return chosen


def judged(cell, n_replicates, mixture=None):
    outcomes = [replicate.run(cell, number, mixture=mixture)["nuts"] for number in range(n_replicates)]
    return list(judgements(str(cell), of_method(outcomes)))


def test_nuts_is_calibrated():
    assert bad([one for cell, n_replicates in short().items() for one in judged(cell, n_replicates)]) == []


@pytest.mark.parametrize("cell", [PLANTED_IN, COUNTS], ids=str)
def test_draws_that_are_too_close_together_are_caught(cell):
    assert bad(judged(cell, OF_CHEAPEST, narrow(cell.mixture))) != []
