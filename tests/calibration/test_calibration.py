"""The short version: a few cells with few replicates, and planted errors that so few are enough to catch.

The whole of it is ``python -m tests.calibration``, whose results ``test_results.py`` judges.
"""

import pytest

from bayesmix import Categorical, Gaussian, Poisson
from bayesmix.engines.gibbs import Gibbs
from tests.calibration import replicate
from tests.calibration.cells import BY_GIBBS, CELLS, PLANTED_IN, Cell
from tests.calibration.planted import narrow, narrowed
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


def judged(cell, n_replicates, mixture=None, method="nuts"):
    outcomes = [replicate.run(cell, number, [method], mixture)[method] for number in range(n_replicates)]
    return list(judgements(str(cell), of_method(outcomes)))


@pytest.mark.gate
def test_nuts_is_calibrated():
    assert bad([one for cell, n_replicates in short().items() for one in judged(cell, n_replicates)]) == []


@pytest.mark.gate
def test_gibbs_is_calibrated():
    """Of every geometry and of counts a few; all cells are in the long version."""
    kinds = (Gaussian("full"), Gaussian("tied"), Gaussian("spherical"), Poisson())
    few = [next(cell for cell in BY_GIBBS if cell.family == kind) for kind in kinds]
    assert bad([one for cell in few for one in judged(cell, OF_OTHERS, method="gibbs")]) == []


@pytest.mark.gate
def test_draws_of_gibbs_that_are_too_close_together_are_caught(monkeypatch):
    monkeypatch.setattr(Gibbs, "run", narrowed(Gibbs.run))
    assert bad(judged(PLANTED_IN, CATCHING[PLANTED_IN], method="gibbs")) != []


@pytest.mark.gate
@pytest.mark.parametrize(("cell", "n_replicates"), CATCHING.items(), ids=str)
def test_draws_that_are_too_close_together_are_caught(cell, n_replicates):
    assert bad(judged(cell, n_replicates, narrow(cell.mixture))) != []
