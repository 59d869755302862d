"""Law 2: the fast kernels against the slow twin and against extended precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr, logsumexp

from bayesmix.passes import axis, dense, reference
from bayesmix.passes.blocks import BLOCK
from bayesmix.passes.share_summaries import share_summaries
from tests.monte_carlo import Finding
from tests.passes.inputs import Form, axis_form, dense_form, exact, rows_of

KERNELS = {"dense": (dense, dense_form), "axis": (axis, axis_form)}
NAMES = ("log_likelihood", "counts", "first", "second")
NO_WEIGHTS = np.empty(0)
ALLOWED = 1e-12  # of the sum of absolute terms
CONDITIONS = (1e6, 1e8, 1e10, 1e12)
N_ROWS = (1, 2, 7, BLOCK - 1, BLOCK, BLOCK + 1, 900)
RANDOM = 100  # passes whose worst errors are in the findings


def fast(kernel, rows, form, row_weights=NO_WEIGHTS):
    return kernel.accumulate(np.ascontiguousarray(rows.T), row_weights, *form)


def errors(found, wanted, sizes) -> dict[str, float]:
    """Of each part, the largest difference next to what its absolute terms add up to."""
    largest = {}
    for name, one, other, size in zip(NAMES, found, wanted, sizes, strict=True):
        error, size = np.abs(np.asarray(one - other, dtype=float)), np.asarray(size, dtype=float)
        size, of_nothing = np.broadcast_to(size, error.shape), np.where(error == 0, 0.0, np.inf)
        largest[name] = float(np.max(np.divide(error, size, out=of_nothing, where=size > 0)))
    return largest


def assert_within(found, wanted, sizes, tolerance=ALLOWED):
    apart = errors(found, wanted, sizes)
    assert all(error <= tolerance for error in apart.values()), apart


def allowed_at(condition: float) -> float:
    return float(100 * np.finfo(float).eps * condition)


def random_pass(geometry, seed, n_rows, n_components, n_features, log_condition, weighted):
    """Fast kernel, extended precision, slow twin, and the sums of absolute terms."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(seed)
    form = make(rng, n_components, n_features, 10.0**log_condition)
    rows = rows_of(rng, form, n_rows)
    weights = rng.uniform(0.0, 3.0, n_rows) if weighted else np.ones(n_rows)
    found = fast(kernel, rows, form, weights if weighted else NO_WEIGHTS)
    wanted, sizes = exact(rows, weights, form)
    return found, wanted, reference.accumulate(rows, weights, *form), sizes


def pass_at_condition(geometry, condition):
    """Fast kernel, extended precision, and what the rows add, were nothing to cancel."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(3)
    form = make(rng, 3, 5, condition)
    rows = rows_of(rng, form, 300)
    wanted, _ = exact(rows, np.ones(300), form)
    y = reference.residuals(rows, form.means, form.whiteners)
    nearest = 1 + (y**2).sum(axis=2).min(axis=1)
    return fast(kernel, rows, form), wanted, [nearest.sum()] * 4


def far_rows(geometry):
    """Fast kernel, extended precision and sums of absolute terms of rows at forty standard deviations."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(4)
    form = make(rng, 3, 3)
    rows = rows_of(rng, form, 300, distance=40.0)
    return fast(kernel, rows, form), *exact(rows, np.ones(300), form)


def many_features(geometry, n_components):
    """The same with fifty features."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(5)
    form = make(rng, n_components, 50, 1e3)
    rows = rows_of(rng, form, 700)
    return fast(kernel, rows, form), *exact(rows, np.ones(700), form)


def equal_rows(geometry):
    """The same of five rows, eighty times each, one of them exactly on a mean."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(6)
    form = make(rng, 3, 2)
    rows = np.repeat(rows_of(rng, form, 5), 80, axis=0)
    rows[:80] = form.means[0]
    return fast(kernel, rows, form), *exact(rows, np.ones(400), form)


def weighted_and_repeated(geometry):
    """Whole numbers as weights, rows repeated as often, and sums of absolute terms."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(8)
    form = make(rng, 3, 4)
    rows = rows_of(rng, form, 500)
    times = rng.integers(0, 4, 500)
    _, sizes = exact(rows, times, form)
    return fast(kernel, rows, form, times.astype(float)), fast(kernel, np.repeat(rows, times, axis=0), form), sizes


def parts_and_whole(geometry):
    """The sum of two parts' statistics, those of the whole, and sums of absolute terms."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(9)
    form = make(rng, 3, 4)
    rows = rows_of(rng, form, 900)
    _, sizes = exact(rows, np.ones(900), form)
    parts = zip(fast(kernel, rows[:317], form), fast(kernel, rows[317:], form), strict=True)
    return [a + b for a, b in parts], fast(kernel, rows, form), sizes


def findings() -> list[Finding]:
    """Errors next to the sum of absolute terms; above condition 1e4, next to what the rows add."""
    return [one for geometry in KERNELS for one in findings_of(geometry)]


def findings_of(geometry: str) -> list[Finding]:
    def largest(compared):
        return max(errors(*compared).values())

    rng = np.random.default_rng(0)
    passes = [
        random_pass(
            geometry,
            seed=seed,
            n_rows=rng.choice(N_ROWS),
            n_components=rng.integers(1, 6),
            n_features=rng.integers(1, 12),
            log_condition=rng.uniform(0.0, 4.0),
            weighted=seed % 2,
        )
        for seed in range(RANDOM)
    ]
    with_exact = [largest((found, wanted, sizes)) for found, wanted, _, sizes in passes]
    with_twin = [largest((found, twin, sizes)) for found, _, twin, sizes in passes]
    conditioned = max(largest(pass_at_condition(geometry, one)) for one in CONDITIONS)
    name, extended = f"{geometry} kernel", "extended precision"
    return [
        Finding(f"{name}: {RANDOM} random models up to condition 1e4", extended, max(with_exact), ALLOWED),
        Finding(f"{name}: the same {RANDOM}", "its slow twin in NumPy", max(with_twin), ALLOWED),
        Finding(f"{name}: conditions 1e6 to 1e12", extended, conditioned, allowed_at(CONDITIONS[0])),
        Finding(f"{name}: rows at 40 standard deviations", extended, largest(far_rows(geometry)), ALLOWED),
        Finding(f"{name}: 50 features, K = 4", extended, largest(many_features(geometry, 4)), ALLOWED),
        Finding(f"{name}: tied rows, one on a mean", extended, largest(equal_rows(geometry)), ALLOWED),
        Finding(
            f"{name}: whole numbers as weights", "rows repeated", largest(weighted_and_repeated(geometry)), ALLOWED
        ),
        Finding(f"{name}: sums of two parts", "sums of the whole", largest(parts_and_whole(geometry)), ALLOWED),
    ]


@pytest.mark.parametrize("geometry", KERNELS)
@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    n_rows=st.sampled_from(N_ROWS),
    n_components=st.integers(1, 5),
    n_features=st.integers(1, 11),
    log_condition=st.floats(0.0, 4.0),
    weighted=st.booleans(),
)
def test_statistics_up_to_condition_1e4(geometry, seed, n_rows, n_components, n_features, log_condition, weighted):
    shape = n_rows, n_components, n_features, log_condition, weighted
    found, wanted, twin, sizes = random_pass(geometry, seed, *shape)
    assert_within(found, wanted, sizes)
    assert_within(found, twin, sizes)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("geometry", KERNELS)
def test_statistics_above_condition_1e4(geometry, condition):
    assert_within(*pass_at_condition(geometry, condition), allowed_at(condition))


@pytest.mark.parametrize("geometry", KERNELS)
def test_rows_at_forty_standard_deviations(geometry):
    found, wanted, sizes = far_rows(geometry)
    assert wanted[0] < -300 * 300  # far out indeed: hundreds of nats a row
    assert_within(found, wanted, sizes)


@pytest.mark.parametrize("n_components", [1, 4])
@pytest.mark.parametrize("geometry", KERNELS)
def test_fifty_features(geometry, n_components):
    assert_within(*many_features(geometry, n_components))


@pytest.mark.parametrize("n_features", range(1, 20))
def test_every_way_of_dealing_features_into_tiles(n_features):
    """With rows that fill no register, one, and a block and a little more."""
    for n_rows in (1, 8, 17, BLOCK + 3):
        found, wanted, _, sizes = random_pass("dense", n_features, n_rows, 2, n_features, 2.0, False)
        assert_within(found, wanted, sizes)


@pytest.mark.parametrize("geometry", KERNELS)
def test_tied_rows(geometry):
    assert_within(*equal_rows(geometry))


@pytest.mark.parametrize("geometry", KERNELS)
def test_no_rows(geometry):
    kernel, make = KERNELS[geometry]
    form = make(np.random.default_rng(7), 2, 3)
    found = fast(kernel, np.empty((0, 3)), form)
    assert all(np.all(np.asarray(part) == 0) for part in found)


@pytest.mark.parametrize("geometry", KERNELS)
def test_row_weights_are_repeated_rows(geometry):
    assert_within(*weighted_and_repeated(geometry))


@pytest.mark.parametrize("geometry", KERNELS)
def test_statistics_add(geometry):
    assert_within(*parts_and_whole(geometry))


@pytest.mark.parametrize("n_features", [4, 7])
@pytest.mark.parametrize("geometry", KERNELS)
def test_log_joint_and_log_mixture_of_many_draws(geometry, n_features):
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(10)
    forms = [make(rng, 3, n_features) for _ in range(5)]
    rows = rows_of(rng, forms[0], 401, distance=3.0)
    stacked = [np.stack(parts) for parts in zip(*forms, strict=True)]
    columns = np.ascontiguousarray(rows.T)
    joint, mixture = kernel.log_joint(columns, *stacked), kernel.log_mixture(columns, *stacked)
    assert joint.shape == (5, 401, 3)
    assert mixture.shape == (5, 401)
    for s, form in enumerate(forms):
        y = reference.residuals(rows, form.means, form.whiteners)
        wanted = form.offsets - 0.5 * (y**2).sum(axis=2)
        np.testing.assert_allclose(joint[s], wanted, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(mixture[s], logsumexp(wanted, axis=1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("geometry", KERNELS)
def test_an_empty_component_is_as_if_it_were_not_there(geometry):
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(11)
    form = make(rng, 3, 2)
    offsets = form.offsets.copy()
    offsets[1] = -np.inf
    rows = rows_of(rng, form, 100)
    value, counts, first, second = fast(kernel, rows, Form(offsets, *form[1:]))
    others = Form(offsets[[0, 2]], form.means[[0, 2]], form.whiteners[[0, 2]])
    wanted = fast(kernel, rows, others)
    assert value == pytest.approx(wanted[0], rel=1e-14)
    assert counts[1] == 0
    assert np.all(first[1] == 0) and np.all(second[1] == 0)
    np.testing.assert_allclose(counts[[0, 2]], wanted[1], rtol=1e-13)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("geometry", KERNELS)
def test_a_component_that_is_not_a_number_is_no_likelihood(geometry, place):
    """A failed Cholesky leaves NaN: the likelihood there is minus infinity, whichever component it is."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(12)
    form = make(rng, 3, 2)
    rows = rows_of(rng, form, 100)
    offsets = form.offsets.copy()
    offsets[place] = np.nan
    assert fast(kernel, rows, Form(offsets, *form[1:]))[0] == -np.inf
    stacked = [np.stack([part, part]) for part in form]
    stacked[0][1, place] = np.nan
    densities = kernel.log_mixture(np.ascontiguousarray(rows.T), *stacked)
    assert np.isfinite(densities[0]).all()
    assert np.isnan(densities[1]).all()


@pytest.mark.parametrize("n_components", [1, 2, 3, 4])
@pytest.mark.parametrize("geometry", KERNELS)
def test_rows_without_a_density_have_no_responsibilities(geometry, n_components):
    """Nowhere a density, an infinite one, or a row that is not a number: NaN, and no likelihood."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(14)
    form = make(rng, n_components, 2)
    rows = rows_of(rng, form, 50)
    not_a_number = rows.copy()
    not_a_number[7] = np.nan
    nowhere, infinite = np.full(n_components, -np.inf), form.offsets.copy()
    infinite[-1] = np.inf
    for X, offsets, lost in [
        (rows, nowhere, slice(None)),
        (rows, infinite, slice(None)),
        (not_a_number, form.offsets, 7),
    ]:
        given = Form(offsets, *form[1:])
        assert fast(kernel, X, given)[0] == -np.inf
        found = kernel.responsibilities(np.ascontiguousarray(X.T), *(part[None] for part in given))[:, :, 0]
        wanted = np.zeros(len(X), dtype=bool)
        wanted[lost] = True
        np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(wanted, found.shape))


@pytest.mark.parametrize("n_components", [2, 3, 15, 16, 255, 256, 300])
@pytest.mark.parametrize("geometry", KERNELS)
def test_equal_components_are_one(geometry, n_components):
    """Every row's total is as large as it can be, and so is the product of the totals."""
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(15)
    form = make(rng, 1, 2)
    rows = rows_of(rng, form, 1000)
    wanted, sizes = exact(rows, np.ones(1000), form)
    shared = [np.repeat(part, n_components, axis=0) for part in form]
    found = fast(kernel, rows, Form(shared[0] - np.log(n_components), *shared[1:]))
    whole = [found[0], *(part.sum(axis=0, keepdims=True) for part in found[1:])]
    assert_within(whole, wanted, sizes)


@pytest.mark.parametrize("geometry", KERNELS)
def test_score_is_the_slope_of_the_log_likelihood(geometry):
    """In the means, and in the factor (the inverse of the whitener)."""
    from tests.central_differences import gradient

    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(13)
    form = make(rng, 3, 3)
    rows = rows_of(rng, form, 50, distance=1.5)
    ones = np.ones(50)
    invert = (lambda a: 1 / a) if geometry == "axis" else np.linalg.inv
    factors = invert(form.whiteners)

    def determinant(factor):  # log |L|
        diagonal = factor if geometry == "axis" else np.diagonal(factor, axis1=1, axis2=2)
        return np.log(diagonal).sum(axis=1)

    height = form.offsets + determinant(factors)

    def of_factors(moved):
        lower = moved if geometry == "axis" else np.tril(moved)
        return reference.accumulate(rows, ones, height - determinant(lower), form.means, invert(lower))[0]

    def of_means(moved):
        return reference.accumulate(rows, ones, form.offsets, moved, form.whiteners)[0]

    _, counts, first, second = fast(kernel, rows, form)
    slope_means, slope_factors = kernel.score(counts, first, second, form.whiteners)
    np.testing.assert_allclose(slope_means, gradient(of_means, form.means), rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(slope_factors, gradient(of_factors, factors), rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("n_features", [2, 6])
@pytest.mark.parametrize("geometry", KERNELS)
def test_responsibilities_and_their_sums_over_groups(geometry, n_features):
    kernel, make = KERNELS[geometry]
    rng = np.random.default_rng(10)
    forms = [make(rng, 3, n_features) for _ in range(5)]
    rows = rows_of(rng, forms[0], 700)
    columns, draws = np.ascontiguousarray(rows.T), [np.stack(parts) for parts in zip(*forms, strict=True)]
    ends = np.array([0, 300, 301, 700])  # an empty group, and one row alone
    found = kernel.responsibilities(columns, *draws)
    sums = kernel.group_sums(columns, ends, *draws)
    for s, form in enumerate(forms):
        joint = form.offsets - 0.5 * (reference.residuals(rows, form.means, form.whiteners) ** 2).sum(axis=2)
        wanted = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
        np.testing.assert_allclose(found[:, :, s], wanted.T, rtol=1e-10, atol=1e-14)
        groups = np.split(wanted, ends[:-1])
        np.testing.assert_allclose(sums[s], [group.sum(axis=0) for group in groups], rtol=1e-10, atol=1e-11)


def test_share_summaries():
    shares = np.random.default_rng(1).dirichlet([0.05] * 4, size=(30, 7)).transpose(2, 0, 1)
    shares[:, 0], shares[:, 1] = [[1.0], [0.0], [0.0], [0.0]], [[1.0], [5e-324], [0.0], [1e-310]]
    wanted = entr(shares).sum(axis=0).mean(axis=-1)
    mean, deviation, entropy = share_summaries(np.ascontiguousarray(shares))
    np.testing.assert_allclose(entropy, wanted, rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(mean, shares.mean(axis=-1).T, rtol=1e-14)
    np.testing.assert_allclose(deviation, shares.std(axis=-1).T, rtol=1e-12, atol=1e-17)
    assert wanted[0] == 0
