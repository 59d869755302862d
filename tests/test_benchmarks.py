"""The exact parts of the benchmarks: the peers' models are bayesmix's model, and the page says what was measured."""

import importlib
import json
import re

import numpy as np
import pytest

import bayesmix as bm
from benchmarks import readme
from benchmarks.asked import ASKED, Asked, Verdict, asked_of, spread, three_digits, verdict
from benchmarks.page import PAGE, page_text, read_records, record_of, verdicts, write
from benchmarks.peers import conjugate, numpyro, textbook
from benchmarks.problems import PRIORS
from benchmarks.run import SECTIONS
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import Rounds, alternate, per_step
from tests.problems import density_of

X = bm.datasets.simulate(40, 2, 2, random_seed=3).X.to_numpy()
MIXTURE = bm.Mixture(2, priors=PRIORS).resolve_priors(X)
DENSITY = density_of(MIXTURE, X)
POINTS = 0.3 * np.random.default_rng(0).standard_normal((4, DENSITY.size))


def textbook_density(form):
    """Log density in the value vector of PyMC's model, and the parameters there."""
    import pytensor
    from pymc.blocking import DictToArrayBijection, RaveledVars

    model = textbook.model(X, 2, MIXTURE.priors, form)
    names = [variable.name for variable in model.value_vars]
    outputs = [model.logp(), *model.unobserved_value_vars]
    compiled = pytensor.function(model.value_vars, outputs, mode="FAST_COMPILE")
    shapes = DictToArrayBijection.map({name: model.initial_point()[name] for name in names}).point_map_info
    named = [variable.name for variable in model.unobserved_value_vars]

    def at(q):
        point = DictToArrayBijection.rmap(RaveledVars(q, shapes))
        value, *values = compiled(*(point[name] for name in names))
        return float(value), textbook.parameters(dict(zip(named, values, strict=True)), 2, 2)

    return at


def numpyro_density(model=numpyro.model, arguments=(X, 2, MIXTURE.priors), parameters=numpyro.parameters):
    """Log density in NumPyro's unconstrained values, and the parameters there."""
    import jax
    from jax.flatten_util import ravel_pytree
    from numpyro.infer.util import initialize_model

    with jax.enable_x64(True):
        made = initialize_model(jax.random.PRNGKey(0), model, model_args=arguments, dynamic_args=False)
        _, unravel = ravel_pytree(made.param_info.z)
        compiled = jax.jit(lambda q: (made.potential_fn(unravel(q)), made.postprocess_fn(unravel(q))))

    def at(q):
        with jax.enable_x64(True):
            potential, values = compiled(jax.numpy.asarray(q))
        return -float(potential), parameters(values)

    return at


PEERS = {
    "textbook, list": lambda: textbook_density("list"),
    "textbook, batched": lambda: textbook_density("batched"),
    "NumPyro": numpyro_density,
}


def log_volume(function, at, step=1e-3):
    """log |det| of the Jacobian of a vector function, by the fourth-order central rule."""
    columns = []
    for direction in step * np.eye(at.size):
        outer_low, low, high, outer_high = (function(at + width * direction) for width in (-2, -1, 1, 2))
        columns.append((8 * (high - low) - (outer_high - outer_low)) / (12 * step))
    return np.linalg.slogdet(np.array(columns))[1]


def disagreement(peer, density):
    """How much the peer's log density, carried over to bayesmix's coordinates, differs from point to point."""

    def ours(q):
        return density.unconstrain(peer(q)[1])

    differences = [peer(q)[0] - density.logp_grad(ours(q))[0] - log_volume(ours, q) for q in POINTS]
    return np.ptp(differences)


@pytest.mark.gate
@pytest.mark.parametrize("name", PEERS)
def test_peers_have_the_same_log_density_up_to_a_constant(name):
    """The same rows, likelihood and priors, whatever the coordinates; PyMC's LKJ has another constant."""
    peer = PEERS[name]()
    assert disagreement(peer, DENSITY) < 1e-8
    wrong = bm.Mixture(2, priors=PRIORS | {"correlations": bm.priors.LKJ(2.1)})
    assert disagreement(peer, density_of(wrong, X)) > 1e-4


def test_numpyro_has_the_default_prior():
    """Wishart precisions there, inverse-Wishart covariances here; as many unknowns as under the other prior."""
    given = conjugate.Given(X, 2)
    arguments = (X, given.concentrations, given.prior)
    peer = numpyro_density(conjugate.model, arguments, conjugate.parameters)
    assert disagreement(peer, density_of(given.mixture, X)) < 1e-8
    assert disagreement(peer, density_of(bm.Mixture(2, priors={"weights": bm.priors.Dirichlet(1.1)}), X)) > 1e-4


def test_asked_figures_are_told_apart_and_judged():
    keys = [(one.what, one.size, one.against) for one in ASKED]
    assert len(set(keys)) == len(keys) == 46
    assert asked_of("EM iteration, full", (10_000, 2, 3), "mclust").bound == 15
    ratio, seconds = Asked("a", (1, 1, 1), "b", 35), Asked("a", (1, 1, 1), "", 5, "s")
    assert str(Verdict(ratio, (38, 41, 44))) == "35 times: yes"
    assert str(Verdict(ratio, (30, 34, 90))) == "35 times: **no**"
    assert str(Verdict(seconds, (4.0,))) == "at most 5 s: yes"
    assert str(Verdict(seconds, (6.0,))) == "at most 5 s: **no**"


def test_numbers_keep_three_digits():
    assert [three_digits(x) for x in (1234.0, 41.0, 0.00123, 0.0)] == ["1234", "41.0", "0.00123", "0"]
    assert spread([3.0]) == "3.00"
    assert seconds_text(0.0000123) == "12.3 µs" and seconds_text(0.25) == "250 ms" and seconds_text(1234) == "1234 s"
    assert size_text((1_000_000, 4, 8)) == "(10^6, 4, 8)" and size_text((1000, 2, 3)) == "(1000, 2, 3)"


def test_sides_take_turns_and_ratios_are_within_rounds():
    called = []

    def clock(name, seconds):
        return lambda: (called.append(name), seconds[called.count(name) - 1])[1]

    taken = alternate({"bayesmix": clock("a", [9, 1, 2]), "peer": clock("b", [9, 3, 8])}, 2)
    assert called == ["a", "b"] * 3  # the first round warms up
    assert taken.ratios("peer").tolist() == [3, 4]
    assert Rounds({"bayesmix": np.array([2.0, 4.0, 9.0])}).median("bayesmix") == 4
    assert per_step(lambda n: 5.0 + 2.0 * n, 1, 11)() == 2  # what is done once cancels


def test_the_page_is_a_markdown_table_of_every_section(tmp_path):
    table = Table(("what", "ratio"), [("a|b", "3.0"), ("c", "41 (38..44)")], "A note.")
    lines = table.markdown().splitlines()
    assert re.fullmatch(r"\|-+\|-+\|", lines[1])
    assert len({len(line) for line in lines[:4]}) == 1
    with pytest.raises(ValueError, match="each column"):
        Table(("one",), [("a", "b")]).markdown()
    path = tmp_path / "docs" / "page.md"
    write(table.markdown(), path)
    assert path.read_text() == table.markdown() and [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_page_counts_what_is_reached():
    class Section:
        """What it measures."""

        TITLE = "Part"

    size, peer = (10_000, 2, 3), "scikit-learn"
    rows = [
        (peer, verdict("EM iteration, full", size, peer, [38, 41, 44])),
        ("none", verdict("other", size, peer, [1])),
    ]
    record = json.loads(json.dumps(record_of(Section, [Table(("peer", "asked"), rows)], quick=True)))
    [(asked, found)] = verdicts([record]).items()
    assert (asked.bound, found.measured, found.reached) == (35, (38, 41, 44), True)
    page = page_text([record])
    assert f"1 of {len(ASKED)} figures are reached" in page and "41.0 (38.0..44.0)" in page
    assert page.count("\n## ") == 2 and "in a quick run" in page


def test_the_page_says_what_was_measured():
    assert PAGE.read_text(encoding="utf-8") == page_text(read_records().values())


def test_the_readme_says_what_was_measured():
    assert readme.table() in readme.README.read_text(encoding="utf-8")


@pytest.mark.parametrize("section", SECTIONS.values())
def test_every_section_says_what_it_measures(section):
    module = importlib.import_module(f"benchmarks.sections.{section}")
    assert module.TITLE and len(module.__doc__) > 30 and callable(module.run)
