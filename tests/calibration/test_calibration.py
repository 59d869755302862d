"""The short version: a few cells with few replicates, and planted errors that so few are enough to catch.

The whole of it is ``python -m tests.calibration``, whose results ``test_results.py`` judges.
"""

import pytest

from bayesmix import Categorical, Gaussian
from tests.calibration import replicate
from tests.calibration.cells import CELLS, PLANTED_IN, Cell
from tests.calibration.planted import narrow
from tests.calibration.results import bad, judgements
from tests.calibration.study import of_method

LEVELS = Cell(Categorical(), "default", n_features=3, n_components=1)
# Of draws at four fifths of their distance from the mean, so many replicates of the cheapest cells catch at least 94 in
# 100 runs: that is the share among samples of 240 such replicates, of the first at 50 already.
CATCHING = {PLANTED_IN: 60, LEVELS: 100}
OF_OTHERS = 10


def short():
    """How many replicates of which cell: of every family some."""
    chosen = {
        PLANTED_IN: CATCHING[PLANTED_IN],
        LEVELS: OF_OTHERS,
        next(cell for cell in CELLS if (cell.family, cell.n_features) == (Gaussian("full"), 1)): 40,
        next(cell for cell in CELLS if (cell.family, cell.prior) == (Gaussian("diag"), "separated")): 30,
    }
    for cell in CELLS:
        if type(cell.family) not in {type(one.family) for one in chosen}:
            chosen[cell] = OF_OTHERS
    return chosen


def judged(cell, n_replicates, mixture=None):
    outcomes = [replicate.run(cell, number, mixture=mixture)["nuts"] for number in range(n_replicates)]
    return list(judgements(str(cell), of_method(outcomes)))


def test_nuts_is_calibrated():
    assert bad([one for cell, n_replicates in short().items() for one in judged(cell, n_replicates)]) == []


@pytest.mark.parametrize(("cell", "n_replicates"), CATCHING.items(), ids=str)
def test_draws_that_are_too_close_together_are_caught(cell, n_replicates):
    assert bad(judged(cell, n_replicates, narrow(cell.mixture))) != []
