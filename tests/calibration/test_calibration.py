"""The short version: two cells with few replicates, and two planted errors that so few are enough to catch.

The whole of it is ``python -m tests.calibration``, whose results ``test_results.py`` judges.
"""

import functools

import pytest

from tests.calibration import replicate
from tests.calibration.cells import CELLS, PLANTED_IN
from tests.calibration.planted import PLANTED
from tests.calibration.results import bad, judgements
from tests.calibration.study import of_method

REPLICATES = 40
SHORT = (PLANTED_IN, next(cell for cell in CELLS if (cell.covariance, cell.prior) == ("diag", "separated")))


@functools.cache
def judged(cell, error=None):
    mixture = None if error is None else PLANTED[error](cell.mixture)
    outcomes = [replicate.run(cell, number, mixture=mixture)["nuts"] for number in range(REPLICATES)]
    return list(judgements(str(cell), of_method(outcomes)))


def test_nuts_is_calibrated():
    assert bad([one for cell in SHORT for one in judged(cell)]) == []


@pytest.mark.parametrize("error", [name for name in PLANTED if "Jacobian" not in name])
def test_planted_errors_are_caught(error):
    """The dropped Jacobian takes more replicates, and is caught by the long version."""
    assert bad(judged(PLANTED_IN, error)) != []
