import numpy as np
import pytest
from sklearn.datasets import load_iris

import bayesmix as bm
from bayesmix.engines.em.result import Optimum
from bayesmix.engines.em.rivals import rivals_of
from bayesmix.notes import counted_rivals, in_words, rivals_in_words
from bayesmix.tree import record_of

IRIS = load_iris(as_frame=True).data


def optima(*heights: float) -> list[Optimum]:
    return [Optimum(np.array([0.75, 0.25]), {}, height, 1) for height in heights]


def notes_of(tree) -> str:
    return " ".join(in_words(record_of(tree)["notes"]))


@pytest.mark.parametrize(
    ("heights", "said"),
    [
        ((-10.0,), ""),
        ((-10.0, -30.0), ""),
        ((-10.0, -12.0), "1 other optimum within 5 nats of the best"),
        ((-12.0, -10.0, -11.0, -18.0), "2 other optima within 5 nats of the best"),
        ((-10.0, -17.0, -19.0), "2 other optima within 10 nats of the best"),
    ],
)
def test_rivals_are_counted_from_the_highest(heights, said):
    assert counted_rivals(rivals_of(optima(*heights))) == said


def test_rivals_in_words():
    assert rivals_in_words(rivals_of(optima(-1.0))) == ""
    assert rivals_in_words(rivals_of(optima(-1.0, -3.25))) == (
        "1 other optimum within 5 nats of the best (2.2 below; its weights are 0.75 and 0.25)"
    )


def test_only_those_that_are_counted_are_listed():
    assert rivals_in_words(rivals_of(optima(-1.0, -2.0, -3.0, -8.0, -9.5))) == (
        "2 other optima within 5 nats of the best (1.0 and 2.0 below; the weights of the nearest are 0.75 and 0.25)"
    )


def test_whoever_shows_an_estimate_of_iris_tells_of_the_others(tmp_path):
    em = bm.Mixture(3).fit_em(IRIS, random_seed=1)
    heights = np.sort([one.objective for one in em.optima])[::-1]
    number = int(np.sum(heights[0] - heights[1:] < 5))
    assert number >= 1
    said = f"{number} other optim{'um' if number == 1 else 'a'} within 5 nats of the best"
    tree = em.to_tree()
    bm.report(tree, tmp_path / "iris.md")
    page = (tmp_path / "iris.md").read_text(encoding="utf-8")
    for shown in (repr(em), em._repr_html_(), " ".join(note.words for note in em.notes), notes_of(tree), page):
        assert said in shown
    laplace = bm.Mixture(3).fit_laplace(IRIS, init=em, random_seed=1)
    assert said in notes_of(laplace)


def test_an_approximation_that_is_close_is_so_in_its_basin():
    tree = bm.Mixture(2).fit_laplace(bm.datasets.load_faithful(), random_seed=1)
    [said] = [one for one in bm.diagnose(tree).sentences if "close to the posterior" in one]
    assert "in this basin" in said


def test_criteria_name_their_estimate():
    at_mode, at_top = (bm.Mixture(2).fit_em(IRIS, estimate=one, random_seed=1) for one in ("map", "ml"))
    assert "at the posterior mode" in repr(at_mode) and "at the maximum likelihood" in repr(at_top)
    assert "BIC, AIC at the posterior mode" in at_mode._repr_html_()
    assert at_top.log_likelihood > at_mode.log_likelihood and at_top.bic < at_mode.bic
