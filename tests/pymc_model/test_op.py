"""The Ops against pm.Mixture over pm.MvNormal, in every backend; their rewrites; their edges."""

import functools

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pymc.pytensorf import rewrite_pregrad
from pytensor.graph.replace import vectorize_graph

import bayesmix.pymc_model.mixture_variable  # noqa: F401  (registers the translations)
from bayesmix import Gaussian
from bayesmix.pymc_model.op import RowLogDensity, SumLogDensity
from tests.monte_carlo import Finding

COVARIANCES = ("full", "tied", "diag", "spherical")
FACTOR_NDIM = {"full": 3, "tied": 2, "diag": 2, "spherical": 1}
ROUNDING = 1e-9
SHAPES = [(n_features, n_components) for n_features in (1, 2, 3) for n_components in (1, 2, 3, 4)]


def make_point(covariance, n_features, n_components, n_rows=37, seed=0):
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(n_components, n_features, n_features)))
    diagonal = np.arange(n_features)
    factors[:, diagonal, diagonal] = rng.uniform(0.5, 2.0, size=(n_components, n_features))
    deviations = rng.uniform(0.5, 2.0, size=(n_components, n_features))
    factor = {
        "full": factors,
        "tied": factors[0],
        "diag": deviations,
        "spherical": deviations[:, 0].copy(),
    }[covariance]
    return (
        rng.normal(size=(n_features, n_rows)) * 2.0,
        np.log(rng.dirichlet(np.ones(n_components))),
        rng.normal(size=(n_components, n_features)),
        factor,
    )


def make_inputs(covariance):
    factor = pt.tensor("factor", dtype="float64", shape=(None,) * FACTOR_NDIM[covariance])
    return [pt.dmatrix("columns"), pt.dvector("log_weights"), pt.dmatrix("means"), factor]


def as_cholesky_factors(covariance, means, factor):
    if covariance == "diag":
        return factor[:, :, None] * pt.eye(means.shape[1])
    if covariance == "spherical":
        return factor[:, None, None] * pt.eye(means.shape[1])
    return pt.broadcast_to(factor, (means.shape[0], means.shape[1], means.shape[1]))


def compile_all(rows, inputs, mode=None):
    total = rewrite_pregrad(rows.sum())
    outputs = [rows, total, *pt.grad(total, inputs[1:])]
    return pytensor.function(inputs, outputs, mode=mode, on_unused_input="ignore")


@functools.cache
def compiled(covariance):
    """The Op in Numba, and pm.Mixture's log density of the same thing, in Python."""
    inputs = make_inputs(covariance)
    columns, log_weights, means, factor = inputs
    components = pm.MvNormal.dist(mu=means, chol=as_cholesky_factors(covariance, means, factor))
    mixture = pm.Mixture.dist(pt.exp(log_weights), components)
    reference = compile_all(pm.logp(mixture, columns.T), inputs, mode="FAST_COMPILE")
    return compile_all(RowLogDensity(Gaussian(covariance))(*inputs), inputs), reference


def difference(covariance, n_features, n_components) -> float:
    """Largest, of rows, their sum and its gradient, next to one plus the size."""
    function, reference = compiled(covariance)
    point = make_point(covariance, n_features, n_components)
    *rest, factor_slope = reference(*point)
    if covariance in ("full", "tied"):
        factor_slope = np.tril(factor_slope)
    pairs = zip(function(*point), [*rest, factor_slope], strict=True)
    return float(np.max([np.max(np.abs(ours - theirs) / (1 + np.abs(theirs))) for ours, theirs in pairs]))


def findings() -> list[Finding]:
    largest = max(difference(covariance, *shape) for covariance in COVARIANCES for shape in SHAPES)
    name = f"likelihood, value and gradient: {len(COVARIANCES) * len(SHAPES)} models"
    return [Finding(name, "pm.Mixture over pm.MvNormal", largest, ROUNDING)]


@pytest.mark.parametrize(("n_features", "n_components"), SHAPES)
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_value_and_gradient_equal_pymc_mixture(covariance, n_features, n_components):
    assert difference(covariance, n_features, n_components) <= ROUNDING


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_jax_equals_numba(covariance):
    inputs = make_inputs(covariance)
    in_jax = compile_all(RowLogDensity(Gaussian(covariance))(*inputs), inputs, mode="JAX")
    in_python = compile_all(RowLogDensity(Gaussian(covariance))(*inputs), inputs, mode="FAST_COMPILE")
    for n_features, n_components in ((1, 1), (2, 3), (3, 4)):
        point = make_point(covariance, n_features, n_components)
        for ours, theirs in zip(in_jax(*point), in_python(*point), strict=True):
            ours = np.asarray(ours)
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_pullback_of_rows_takes_any_weights(covariance):
    """Without the rewrite, the derivative of sum_i v_i l_i comes from the same pass with row weights v."""
    inputs = make_inputs(covariance)
    point = make_point(covariance, 2, 3)
    row_weights = np.random.default_rng(1).normal(size=37)
    total = (RowLogDensity(Gaussian(covariance))(*inputs) * row_weights).sum()
    function = pytensor.function(inputs, [total, *pt.grad(total, inputs[1:])], mode="FAST_COMPILE")
    _, *gradients = function(*point)
    value = pytensor.function(inputs, total, mode="FAST_COMPILE")
    for position, gradient in enumerate(gradients, start=1):
        direction = np.random.default_rng(2).normal(size=gradient.shape)
        if covariance in ("full", "tied") and position == 3:
            direction = np.tril(direction)
        ahead, behind = list(point), list(point)
        ahead[position] = point[position] + 1e-6 * direction
        behind[position] = point[position] - 1e-6 * direction
        slope = (value(*ahead) - value(*behind)) / 2e-6
        assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_gradient_for_unknown_rows(covariance):
    inputs = make_inputs(covariance)
    point = make_point(covariance, 2, 3, n_rows=4)
    for total in (
        RowLogDensity(Gaussian(covariance))(*inputs).sum(),
        rewrite_pregrad(RowLogDensity(Gaussian(covariance))(*inputs).sum()),
    ):
        value = pytensor.function(inputs, total, mode="FAST_COMPILE")
        gradient = pytensor.function(inputs, pt.grad(total, inputs[0]), mode="FAST_COMPILE")(*point)
        direction = np.random.default_rng(2).normal(size=gradient.shape)
        ahead, behind = (value(point[0] + step * direction, *point[1:]) for step in (1e-6, -1e-6))
        assert (gradient * direction).sum() == pytest.approx((ahead - behind) / 2e-6, rel=1e-6)


@pytest.mark.parametrize("scaling", ["none", "scalar", "vector", "both"])
def test_sum_becomes_one_pass(scaling):
    inputs = make_inputs("diag")
    row_weights = pt.dvector("row_weights")
    rows = RowLogDensity(Gaussian("diag"))(*inputs)
    scaled = {"none": rows, "scalar": 3.0 * rows, "vector": row_weights * rows}.get(scaling, 3.0 * rows * row_weights)
    total = rewrite_pregrad(scaled.sum())
    outputs = [total, *pt.grad(total, inputs[1:])]
    everything = [*inputs, row_weights]
    function = pytensor.function(everything, outputs, mode="FAST_COMPILE", on_unused_input="ignore")
    nodes = function.maker.fgraph.toposort()
    kinds = [type(node.op) for node in nodes if isinstance(node.op, RowLogDensity | SumLogDensity)]
    assert kinds == [SumLogDensity]
    plain = pytensor.function(
        everything,
        [scaled.sum(), *pt.grad(scaled.sum(), inputs[1:])],
        mode=pytensor.compile.mode.Mode("vm", None),
        on_unused_input="ignore",
    )
    point = (*make_point("diag", 2, 3), np.random.default_rng(5).uniform(size=37))
    for ours, theirs in zip(function(*point), plain(*point), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_value_alone_does_not_compute_a_gradient():
    inputs = make_inputs("diag")
    total = rewrite_pregrad(RowLogDensity(Gaussian("diag"))(*inputs).sum())
    assert isinstance(total.owner.op, SumLogDensity)
    function = pytensor.function(inputs, total, mode=pytensor.compile.mode.get_mode("CVM"))
    kinds = [type(node.op) for node in function.maker.fgraph.toposort()]
    assert RowLogDensity in kinds
    assert SumLogDensity not in kinds


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_impossible_factor_gives_minus_infinity(covariance):
    inputs = make_inputs(covariance)
    function = compile_all(RowLogDensity(Gaussian(covariance))(*inputs), inputs, mode="FAST_COMPILE")
    columns, log_weights, means, factor = make_point(covariance, 2, 3)
    for broken in (np.nan, 0.0, -1.0, np.inf):
        impossible = factor.copy()
        impossible[(0,) * factor.ndim] = broken
        rows, value, *gradients = function(columns, log_weights, means, impossible)
        assert np.all(rows == -np.inf)
        assert value == -np.inf
        assert all(np.all(gradient == 0) for gradient in gradients)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_empty_component_leaves_the_others_alone(covariance):
    inputs = make_inputs(covariance)
    function = compile_all(RowLogDensity(Gaussian(covariance))(*inputs), inputs, mode="FAST_COMPILE")
    columns, log_weights, means, factor = make_point(covariance, 2, 3)
    log_weights[1] = -np.inf
    rows, _, *gradients = function(columns, log_weights, means, factor)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    kept = [0, 2]
    smaller = factor if covariance == "tied" else factor[kept]
    expected = function(columns, log_weights[kept], means[kept], smaller)
    np.testing.assert_allclose(rows, expected[0], rtol=1e-12)
    np.testing.assert_allclose(gradients[1][kept], expected[3], rtol=1e-9, atol=1e-12)
    assert np.all(gradients[1][1] == 0)


def test_any_memory_layout_is_accepted():
    columns, log_weights, means, factor = make_point("full", 3, 2)
    inputs = make_inputs("full")
    function = pytensor.function(inputs, RowLogDensity(Gaussian("full"))(*inputs), mode="FAST_COMPILE")
    expected = function(columns, log_weights, means, factor)
    strided = np.repeat(columns, 2, axis=1)[:, ::2]
    fortran = np.asfortranarray(factor)
    fortran.flags.writeable = False
    np.testing.assert_array_equal(
        function(strided, log_weights[::-1].copy()[::-1], np.asfortranarray(means), fortran), expected
    )


def test_batches_of_parameters():
    """Moment matching and friends vectorise the graph over draws."""
    inputs = make_inputs("tied")
    rows = RowLogDensity(Gaussian("tied"))(*inputs)
    draws = [pt.tensor(dtype="float64", shape=(None,) * (one.ndim + 1)) for one in inputs[1:]]
    batched = vectorize_graph(rows, dict(zip(inputs[1:], draws, strict=True)))
    function = pytensor.function([inputs[0], *draws], batched, mode="FAST_COMPILE")
    one = pytensor.function(inputs, rows, mode="FAST_COMPILE")
    points = [make_point("tied", 2, 3, seed=seed) for seed in range(3)]
    together = function(points[0][0], *(np.stack(part) for part in list(zip(*points, strict=True))[1:]))
    for row, point in zip(together, points, strict=True):
        np.testing.assert_allclose(row, one(points[0][0], *point[1:]), rtol=1e-12)


def test_shape_is_known_without_a_pass():
    inputs = make_inputs("full")
    shape = RowLogDensity(Gaussian("full"))(*inputs).shape
    function = pytensor.function(inputs, shape, mode="CVM", on_unused_input="ignore")
    assert not any(isinstance(node.op, RowLogDensity) for node in function.maker.fgraph.toposort())


def test_wrong_number_of_dimensions():
    columns, log_weights, means, _ = make_inputs("full")
    with pytest.raises(TypeError, match="covariances must have 3 dimensions for gaussian-full, got 1"):
        RowLogDensity(Gaussian("full"))(columns, log_weights, means, pt.dvector())
