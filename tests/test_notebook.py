"""What a notebook shows: cards, short texts, and nothing of the progress once it is over."""

import re
from html.parser import HTMLParser

import nbformat
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from nbclient import NotebookClient

import bayesmix as bm
from bayesmix.first_use import SENTENCE

NASTY = '<script>alert("1")</script> & co'
RNG = np.random.default_rng(3)
ROWS = pd.DataFrame({NASTY: np.concatenate([RNG.normal(size=30), RNG.normal(8, 1, size=30)]), "b": RNG.normal(size=60)})


class Checked(HTMLParser):
    """Fails on markup that is not closed; keeps the text and the tags."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.tags = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def shown():
    mixture = bm.Mixture(2, priors={"weights": bm.priors.Dirichlet(2.0)})
    comparison = bm.compare(ROWS, [1, 2], method="em", random_seed=1, progressbar=False)
    em = mixture.fit_em(ROWS, random_seed=1)
    tree = mixture.fit_nuts(ROWS, draws=50, chains=2, init=em, random_seed=1, progressbar=False)
    return {"mixture": mixture, "em": em, "comparison": comparison, "diagnosis": bm.diagnose(tree)}


@pytest.mark.parametrize("name", ["mixture", "em", "comparison", "diagnosis"])
def test_a_card_is_small_well_formed_and_takes_the_colours_of_its_page(shown, name):
    page = shown[name]._repr_html_()
    card = Checked(page)
    assert set(card.tags) <= {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}
    assert len(page) < 8_000
    # Neither text nor ground has a colour of its own; rules are half transparent on any ground.
    assert not re.search(r"(?<![-\w])(color|background(-color)?):", page)


def test_a_card_escapes_the_users_words(shown):
    card = Checked(shown["em"]._repr_html_())
    assert f"centre of {NASTY}" in card.text
    assert "script" not in card.tags


def test_the_card_of_an_em_result_says_what_it_found(shown):
    em, text = shown["em"], " ".join(Checked(shown["em"]._repr_html_()).text)
    for k in range(2):
        assert f"{em.weights[k]:.1%}" in text
        assert f"{em.params['means'][k, 1]:.4g}" in text
    assert f"{em.bic:.2f}" in text
    assert em.status.value[1:] in text


def test_the_card_of_a_comparison_has_its_advice_and_its_table(shown):
    comparison, text = shown["comparison"], Checked(shown["comparison"]._repr_html_()).text
    assert comparison.advice[0] in text
    assert {"gaussian-full, 1", "gaussian-full, 2"} <= set(text)


def test_many_features_and_groups_are_left_out_and_it_is_said():
    values = np.random.default_rng(0).normal(size=(120, 9)) + np.repeat(np.arange(15), 8)[:, None] * 9
    text = " ".join(Checked(bm.Mixture(15, bm.Gaussian("diag")).fit_em(values, random_seed=1)._repr_html_()).text)
    assert "Not shown: 3 more features and 3 more groups." in text
    assert "group 11" in text
    assert "group 12" not in text


def test_a_mixture_is_written_in_one_short_line(shown):
    assert repr(bm.Mixture(2)) == "Mixture(n_components=2, family=Gaussian(covariance='full'))"
    assert "weights=Dirichlet(concentration=2)" in repr(shown["mixture"])
    resolved = repr(bm.Mixture(3).resolve_priors(np.random.default_rng(0).normal(size=(60, 9))))
    assert "scale=<9 × 9 numbers>" in resolved
    assert len(resolved) < 250
    own = bm.Mixture(2, priors={"means": pm.Normal.dist(0, 3), "scales": bm.priors.LogNormal()})
    assert len(repr(own)) < 350
    assert "scaled by the data" in repr(own)


def test_one_component_has_no_prior_of_weights_to_show():
    assert "weights" not in bm.Mixture(1)._repr_html_()


CELLS = (
    "import bayesmix as bm\nX = bm.datasets.load_faithful()\nmixture = bm.Mixture(2)",
    "em = mixture.fit_em(X, random_seed=1, progressbar=True)",
    "tree = mixture.fit_nuts(X, init=em, draws=2000, chains=2, random_seed=1)",
    "tree = mixture.fit_advi(X, init=em, draws=50, random_seed=1)",
    "comparison = bm.compare(X, [1, 2], method='laplace', random_seed=1)",
    "figure = bm.plot_density(tree)",
)


@pytest.fixture(scope="module")
def kernel():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = NotebookClient(notebook, timeout=300, kernel_name="python3")
    with client.setup_kernel():
        yield client


@pytest.mark.gate
def test_an_executed_notebook_keeps_nothing_of_the_progress(kernel):
    for place, cell in enumerate(kernel.nb.cells):
        kernel.execute_cell(cell, place)
        assert cell.outputs == [], cell.source
    assert "widgets" not in kernel.nb.metadata


@pytest.fixture
def told(kernel, monkeypatch):
    """What somebody sees who watches, as one does whose front end can be asked a question: place of the cell, data."""
    told = []
    update = kernel.process_message

    def process(message, cell, place):
        if message["msg_type"] == "update_display_data":
            told.append((place, message["content"]["data"]))
        return update(message, cell, place)

    monkeypatch.setattr(kernel, "process_message", process)
    monkeypatch.setattr(kernel.kc, "allow_stdin", True)
    return told


def test_somebody_who_watches_sees_progress_and_then_an_empty_output(kernel, told):
    for place in (1, 2, 3, 4):
        cell = kernel.nb.cells[place]
        kernel.execute_cell(cell, place)
        assert [output["data"] for output in cell.outputs] == [{}]
        seen = [data.get("text/plain", "") for at, data in told if at == place]
        assert seen[-1] == ""
        assert any(word in " ".join(seen) for word in ("EM starts", "NUTS:", "ADVI:", "gaussian-full mixture of 2"))


def test_somebody_who_watches_hears_of_the_first_use_and_then_no_more(kernel, told):
    compiles = """
from numba.core import event
from bayesmix import first_use
from bayesmix.passes import blocks
first_use._Compiling.reported = False
with first_use.compiling_shown(True), event.trigger_event("numba:compile", data={"dispatcher": blocks.fill}):
    pass
"""
    kernel.nb.cells.append(nbformat.v4.new_code_cell(compiles))
    kernel.execute_cell(kernel.nb.cells[-1], len(CELLS))
    assert [output["data"] for output in kernel.nb.cells[-1].outputs] == [{}]
    assert [data.get("text/plain", "") for _, data in told] == [SENTENCE, ""]
