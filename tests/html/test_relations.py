"""What the features tell of each other, against linear regression and against Bayes' rule by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import bayesmix as bm
from bayesmix.html.content import Section
from bayesmix.html.digest import Digest
from bayesmix.html.sections.relations import relations_section
from tests.simulated_trees import discrete_tree, simulated_tree


def section(tree) -> Section:
    found = relations_section(Digest(tree))
    assert found is not None
    return found


def test_one_normal_component_is_linear_regression():
    X = bm.datasets.simulate(300, 3, 1, random_seed=4).X
    tree = bm.Mixture(1).fit_em(X, estimate="ml").to_tree()
    values, found = X.to_numpy(), section(tree)
    for j, row in enumerate(found.tables[0].rows):
        others = np.delete(values, j, axis=1)
        fitted = LinearRegression().fit(others, values[:, j])
        off = np.sqrt(((values[:, j] - fitted.predict(others)) ** 2).mean())
        assert row[1].sort == pytest.approx(values[:, j].std())
        assert row[2].sort == pytest.approx(off, rel=1e-6)
        assert row[3].sort == pytest.approx(fitted.score(others, values[:, j]), abs=1e-6)
    best = max(found.tables[0].rows, key=lambda row: row[3].sort)[0].text
    assert found.sentences[0].startswith(f"Knowing the other features of a row tells the most about {best}.")


def test_levels_are_guessed_by_bayes_rule():
    tree = discrete_tree("categorical", shape=(1, 1))
    posterior, values = tree["posterior"].to_dataset(), tree["observed_data"]["x"].values.astype(int)
    weights = posterior["weights"].values[0, 0]
    sizes = [len(column.levels) for column in Digest(tree).rows.columns]
    tables = np.split(posterior["probabilities"].values[0, 0], np.cumsum(sizes)[:-1], axis=1)
    for j, row in enumerate(section(tree).tables[0].rows):
        shares = np.tile(weights, (len(values), 1))
        for i, table in enumerate(tables):
            shares *= table[:, values[:, i]].T if i != j else 1.0
        guess = (shares @ tables[j]).argmax(axis=1)
        assert row[1].sort == pytest.approx(1 - np.bincount(values[:, j]).max() / len(values))
        assert row[2].sort == pytest.approx((guess != values[:, j]).mean())


def test_independent_counts_tell_nothing_and_one_feature_has_no_others():
    rng = np.random.default_rng(3)
    tree = bm.Mixture(1, bm.Poisson()).fit_em(rng.poisson([3.0, 9.0], (100, 2))).to_tree()
    found = section(tree)
    assert found.sentences[0].startswith("Knowing the other features of a row tells hardly anything")
    assert [row[3].text for row in found.tables[0].rows] == ["0%", "0%"]
    assert relations_section(Digest(simulated_tree(n_features=1))) is None
