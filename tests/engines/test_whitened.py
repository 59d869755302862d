"""The two forms of a density in whitened coordinates."""

import numpy as np
import pytest

from bayesmix.engines.laplace import approximate
from bayesmix.engines.whitened import CompiledWhitened, InterpretedWhitened
from tests.laws.cases import CASES

# the densities that compiled code can call: that of factor analysers is NumPy's
COMPILED = [case for case in CASES if "factors" not in str(case.family)][::3]


@pytest.mark.parametrize("case", COMPILED, ids=str)
def test_log_densities_by_c_function_and_by_python(case):
    density = case.density
    basin = approximate(density, case.points(1)[0])
    z = np.random.default_rng(0).standard_normal((7, density.size))
    wanted = [density.logp_grad(basin.mode + basin.transform @ one)[0] for one in z]
    compiled, interpreted = CompiledWhitened(density, basin), InterpretedWhitened(density, basin)
    np.testing.assert_allclose(compiled.log_densities(z), wanted, rtol=1e-11)
    np.testing.assert_array_equal(interpreted.log_densities(z), wanted)
    np.testing.assert_array_equal(compiled.log_densities(z[3:4]), compiled.log_densities(z)[3:4])


def test_a_point_without_a_density():
    density = CASES[0].density
    around = CompiledWhitened(density, approximate(density, CASES[0].points(1)[0]))
    nowhere = np.full((1, density.size), np.nan)
    np.testing.assert_array_equal(around.log_densities(nowhere), [-np.inf])
