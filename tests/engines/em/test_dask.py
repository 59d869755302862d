"""EM of rows that a Dask scheduler keeps, against the same rows in memory."""

import os
import pickle
import signal
from functools import partial

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

import bayesmix as bm
from bayesmix.data import StreamedRows, read_rows, source_of
from bayesmix.estimator import BayesianMixture
from bayesmix.families.protocol import one_pass

RNG = np.random.default_rng(9)
N = 90_000
X = (
    RNG.standard_t(6, size=(N, 2)) @ [[1.0, 0.4], [0.0, 0.5]]
    + np.array([[0.0, 0.0], [6.0, 1.0]])[RNG.integers(2, size=N)]
)
FRAME = pd.DataFrame(X, columns=["a", "b"], index=np.arange(N) + 1000)
UNEVEN = (20_000, 5, 49_995, 20_000)
SETTINGS = {"n_init": 2, "tol": 1e-10, "random_seed": 1}


def chunks(kind):
    if kind == "array":
        return da.from_array(X, chunks=(UNEVEN, (1, 1)))
    if kind == "array of unknown sizes":
        whole = da.from_array(np.concatenate([X, np.full((7, 2), 99.0)]), chunks=(30_000, 2))
        return whole[whole[:, 0] < 50]
    frame = dd.from_pandas(FRAME, npartitions=5)
    return dd.concat([frame.partitions[:2], frame.partitions[:1].query("a > 1e9"), frame.partitions[2:]])


KINDS = ["array", "array of unknown sizes", "frame with an empty partition"]


@pytest.fixture(scope="module")
def here():
    return bm.Mixture(2).fit_em(FRAME, **SETTINGS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_first_look_tells(kind):
    looked, rows = StreamedRows(source_of(chunks(kind))), read_rows(X)
    assert looked.n_rows == N
    for one, other in zip(looked.centre_and_scale, rows.centre_and_scale, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_allclose(looked.correlation_factor, rows.correlation_factor, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(looked.extent, rows.extent)
    sample = {tuple(row) for row in looked.sample}
    assert len(sample) == 2**16 and sample <= {tuple(row) for row in X}


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_is_that_over_rows_in_memory(kind, here):
    """The same point, the same rows: sums in another order."""
    from bayesmix.families.parts import Point
    from bayesmix.problem import Problem

    mixture = bm.Mixture(2)
    passes = []
    for rows in (read_rows(X), StreamedRows(source_of(chunks(kind)))):
        problem = Problem.of(rows, mixture.family, 2, mixture.priors)
        point = Point(here.weights, problem.standardised.to_state(here.params))
        passes.append((one_pass(problem.family, point, problem.blocks), problem.standardised.log_likelihood_shift))
    (one, shift), (other, other_shift) = passes
    assert other.log_likelihood + other_shift == pytest.approx(one.log_likelihood + shift, rel=1e-12)
    np.testing.assert_allclose(other.counts, one.counts, rtol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_the_estimate_is_that_of_rows_in_memory(kind, here):
    there = bm.Mixture(2).fit_em(chunks(kind), **SETTINGS)
    assert there.converged and there.rows.n_rows == N
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-9)
    assert there.icl == pytest.approx(here.icl, rel=1e-5)
    for name, value in here.params.items():
        np.testing.assert_allclose(there.params[name], value, rtol=2e-3, atol=2e-3)
    again = bm.Mixture(2).fit_em(X, init=there, tol=1e-10)
    assert there.log_likelihood == pytest.approx(again.log_likelihood, rel=1e-9)


@pytest.mark.parametrize("family", ["tied", "diag", "student-t"])
def test_other_families(family):
    there, here = (bm.Mixture(2, family).fit_em(rows, estimate="ml", **SETTINGS) for rows in (chunks("array"), X))
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-8)


def test_predictions_are_collections_with_the_index(here):
    frame = dd.from_pandas(FRAME, npartitions=3)
    labels, shares, density = here.predict(frame), here.predict_proba(frame), here.score_samples(frame)
    assert all(dask.is_dask_collection(one) for one in (labels, shares, density))
    labels, shares, density = dask.compute(labels, shares, density)
    assert labels.index.equals(FRAME.index) and list(shares.columns) == ["group 0", "group 1"]
    np.testing.assert_array_equal(labels, here.predict(FRAME))
    np.testing.assert_array_equal(shares, here.predict_proba(FRAME))
    np.testing.assert_array_equal(density, here.score_samples(FRAME))
    of_array = here.predict_proba(da.from_array(X, chunks=(40_000, 1)))
    assert of_array.shape == (N, 2)
    np.testing.assert_array_equal(of_array.compute(), here.predict_proba(FRAME))
    np.testing.assert_array_equal(here.predict(da.from_array(X, chunks=40_000)).compute(), here.predict(FRAME))


# What is refused, with its place


def test_what_cannot_be_used_is_named_with_its_partition():
    holed = X.copy()
    holed[50_017, 1] = np.nan
    with pytest.raises(ValueError, match=r"X.blocks\[2\] has 1 missing value .*row 10017, column 'x1'"):
        bm.Mixture(2).fit_em(da.from_array(holed, chunks=(20_000, 2)), **SETTINGS)
    text = dd.from_map(lambda i: pd.DataFrame({"a": [1.0, 2.0] if i else ["1", "two"]}), [1, 1, 0], meta={"a": float})
    with pytest.raises(TypeError, match=r"X.partitions\[2\]"):
        bm.Mixture(2).fit_em(text, **SETTINGS)
    with pytest.raises(ValueError, match="no rows: each of its 3 partitions is empty"):
        bm.Mixture(2).fit_em(dd.from_pandas(FRAME, npartitions=3).query("a > 1e9"))
    with pytest.raises(ValueError, match="Dask array of 3 dimensions"):
        bm.Mixture(2).fit_em(da.zeros((4, 3, 2)))
    with pytest.raises(TypeError, match=r"is a Dask Delayed.*, which is no table"):
        bm.Mixture(2).fit_em(dask.delayed(X))


@pytest.mark.parametrize(
    "fit",
    [
        lambda X: bm.Mixture(2).fit_nuts(X),
        lambda X: bm.compare(X, [1, 2]),
        lambda X: BayesianMixture(2).fit(X),
    ],
)
def test_what_needs_rows_in_memory_says_so(fit):
    for rows in (chunks("array"), dd.from_pandas(FRAME, npartitions=2)):
        with pytest.raises(TypeError, match=r"Dask .* needs the rows in memory. Give X.compute\(\)"):
            fit(rows)
    with pytest.raises(ValueError, match=r"Gaussian and Student-t .* such as with X.compute\(\)"):
        bm.Mixture(2, "poisson").fit_em(chunks("array"))
    with pytest.raises(ValueError, match="sample_weight is for rows in memory"):
        bm.Mixture(2).fit_em(chunks("array"), sample_weight=np.ones(N))


# A real cluster


def _part(number, folder, dies):
    """A partition; in the fourth reading of one the worker that reads it is killed, once."""
    if number == 1:
        readings = folder / "readings"
        with readings.open("a") as file:
            file.write("x")
        if dies and readings.stat().st_size == 4:
            os.kill(os.getpid(), signal.SIGKILL)
    return FRAME[number * 30_000 : (number + 1) * 30_000]


@pytest.mark.gate
@pytest.mark.filterwarnings("ignore::UserWarning")  # of Dask, on ports and closing
def test_a_worker_that_is_killed_changes_nothing(tmp_path):
    fits = []
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        for dies in (False, True):
            folder = tmp_path / str(dies)
            folder.mkdir()
            before = set(client.run(os.getpid).values())
            rows = dd.from_map(partial(_part, folder=folder, dies=dies), range(3), meta=FRAME[:0])
            fits.append(bm.Mixture(2).fit_em(rows, **SETTINGS))
            client.wait_for_workers(2)
            after = set(client.run(os.getpid).values())
            assert (before == after) is not dies
            assert (folder / "readings").stat().st_size > 6
    one, other = fits
    np.testing.assert_array_equal(other.history, one.history)
    for name, value in one.params.items():
        np.testing.assert_array_equal(other.params[name], value)


def test_only_statistics_travel(here):
    """What goes to a partition and comes back in one iteration, in bytes, whatever the number of rows."""
    from bayesmix.families.parts import Point
    from bayesmix.problem import Problem

    mixture = bm.Mixture(2)
    sizes = []
    for rows in (FRAME[:1000], FRAME):
        problem = Problem.of(read_rows(rows), mixture.family, 2, mixture.priors)
        point = Point(here.weights, problem.standardised.to_state(here.params))
        form = partial(problem.family.statistics, problem.family.form(point.weights, point.state))
        sizes.append(len(pickle.dumps(form)) + len(pickle.dumps(one_pass(problem.family, point, problem.blocks))))
    assert abs(sizes[0] - sizes[1]) < 20 and max(sizes) < 4000
