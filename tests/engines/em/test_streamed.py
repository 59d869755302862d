"""EM of rows that lie in a file, against the same rows in memory."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.data import File
from bayesmix.data.blocks import InMemory
from bayesmix.engines.em import Status

RNG = np.random.default_rng(9)
N = 120_000
X = (
    RNG.standard_t(6, size=(N, 2)) @ [[1.0, 0.4], [0.0, 0.5]]
    + np.array([[0.0, 0.0], [6.0, 1.0]])[RNG.integers(2, size=N)]
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("streamed") / "rows.parquet"
    pd.DataFrame(X, columns=["a", "b"]).to_parquet(path, row_group_size=25_000)
    return path


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical", "student-t"])
@pytest.mark.parametrize("estimate", ["map", "ml"])
def test_the_estimate_is_that_of_rows_in_memory(path, family, estimate):
    given = {"estimate": estimate, "n_init": 2, "tol": 1e-10, "random_seed": 1}
    there, here = (bm.Mixture(2, family).fit_em(rows, **given) for rows in (bm.data.open(path), X))
    assert there.converged and there.rows.n_rows == N
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-6)
    assert there.bic == pytest.approx(here.bic, rel=1e-6)
    assert there.icl == pytest.approx(here.icl, rel=1e-5)
    for name, value in here.params.items():
        np.testing.assert_allclose(there.params[name], value, rtol=2e-3, atol=2e-3)
    np.testing.assert_array_equal(there.labels, there.predict(X))
    np.testing.assert_array_equal(there.responsibilities, there.predict_proba(X))
    np.testing.assert_array_equal(there.score_samples(bm.data.open(path)), there.score_samples(X))


def test_the_same_bits_on_any_number_of_cores(path):
    one, two, three = (
        bm.Mixture(2).fit_em(bm.data.open(path), n_init=2, random_seed=1, cores=cores) for cores in (1, 2, 3)
    )
    for other in (two, three):
        np.testing.assert_array_equal(other.history, one.history)
        np.testing.assert_array_equal(other.params["covariances"], one.params["covariances"])


def test_a_tree_holds_a_sample_and_says_so(path, tmp_path):
    em = bm.Mixture(2).fit_em(bm.data.open(path), n_init=2, random_seed=1)
    bm.save(em.to_tree(), tmp_path / "fit.nc")
    tree = bm.load(tmp_path / "fit.nc")
    assert tree["observed_data"]["x"].shape == (4096, 2)
    assert {tuple(row) for row in tree["observed_data"]["x"].values} <= {tuple(row) for row in X}
    assert em.notes[0].words == "fitted to 120,000 rows, of which 4,096 are here, drawn at random"
    found = bm.responsibilities(tree, X[:100])["probability"].values
    np.testing.assert_allclose(found, em.predict_proba(X[:100]), atol=1e-12)


def test_one_group_is_its_moments(path):
    em = bm.Mixture(1).fit_em(bm.data.open(path), estimate="ml")
    np.testing.assert_allclose(em.params["covariances"][0], np.cov(X.T, bias=True), rtol=1e-10)


class Interrupted(File):
    """Rows during whose n-th reading somebody interrupts."""

    name, columns = "rows of somebody", ("a", "b")

    def __init__(self, at):
        self.readings, self.at = 0, at

    def __iter__(self):
        self.readings += 1
        for number, block in enumerate(InMemory(X)):
            if self.readings == self.at and number == 1:
                raise KeyboardInterrupt
            yield block

    def place(self, row):
        return f"row {row}"


@pytest.mark.parametrize("cores", [1, 2])
def test_an_interrupted_fit_returns_what_it_has(cores):
    file = Interrupted(at=5)
    with pytest.warns(bm.UntrustedWarning, match="EM was interrupted before it converged"):
        em = bm.Mixture(2, "student-t").fit_em(file, n_init=2, tol=1e-12, random_seed=1, cores=cores)
    assert em.status is Status.INTERRUPTED and not em.converged
    assert (len(em.history), file.readings) == (3, 5)  # a first look, three passes, and one that was not finished
    assert em.log_likelihood == pytest.approx(em.score_samples(X).sum(), rel=1e-9)
    on = bm.Mixture(2, "student-t").fit_em(Interrupted(at=0), init=em, random_seed=1)
    assert on.converged and on.history[0] == pytest.approx(em.history[-1], rel=1e-12)


def test_before_a_pass_is_done_there_is_nothing_to_return():
    with pytest.raises(KeyboardInterrupt):
        bm.Mixture(2).fit_em(Interrupted(at=2), n_init=2, random_seed=1)


def test_a_file_that_changes_is_refused():
    class Growing(Interrupted):
        def __iter__(self):
            self.readings += 1
            yield from InMemory(X[: N - self.readings])

    with pytest.raises(ValueError, match="had 119,999 rows before, and has 119,998 now"):
        bm.Mixture(2).fit_em(Growing(0), n_init=2, random_seed=1)


def test_other_columns_are_refused_at_prediction(path):
    em = bm.Mixture(2).fit_em(bm.data.open(path), n_init=2, random_seed=1)
    with pytest.raises(ValueError, match="in another order"):
        em.predict(bm.data.open(path, columns=["b", "a"]))
