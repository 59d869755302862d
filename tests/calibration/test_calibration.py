"""The short version: three cells with few replicates, and a planted error that so few are enough to catch.

The whole of it is ``python -m tests.calibration``, whose results ``test_results.py`` judges.
"""

from tests.calibration import replicate
from tests.calibration.cells import CELLS, PLANTED_IN
from tests.calibration.planted import narrow
from tests.calibration.results import bad, judgements
from tests.calibration.study import of_method

# Of draws at four fifths of their distance from the mean, so many replicates of the cheapest cell catch at least 94 in
# 100 runs: that is the share at 50, among samples of 240 such replicates.
OF_CHEAPEST = 60
SHORT = {
    PLANTED_IN: OF_CHEAPEST,
    next(cell for cell in CELLS if (cell.covariance, cell.n_features) == ("full", 1)): 40,
    next(cell for cell in CELLS if (cell.covariance, cell.prior) == ("diag", "separated")): 30,
}


def judged(cell, n_replicates, mixture=None):
    outcomes = [replicate.run(cell, number, mixture=mixture)["nuts"] for number in range(n_replicates)]
    return list(judgements(str(cell), of_method(outcomes)))


def test_nuts_is_calibrated():
    assert bad([one for cell, n_replicates in SHORT.items() for one in judged(cell, n_replicates)]) == []


def test_draws_that_are_too_close_together_are_caught():
    assert bad(judged(PLANTED_IN, OF_CHEAPEST, narrow(PLANTED_IN.mixture))) != []
