"""A record that was changed is read rightly or refused in one sentence, whatever was changed in it."""

import json

import pytest

import bayesmix as bm
from bayesmix.html.digest import Digest
from bayesmix.html.sections.reproduction import code_of, reproduction_section
from bayesmix.html.sections.trust import trust_section
from bayesmix.mixture import Mixture
from bayesmix.posterior.labels.sentences import relabelling
from bayesmix.priors.written import as_arguments, as_literal
from bayesmix.tree import record_of
from bayesmix.tree.record import REMEDY
from tests.simulated_trees import simulated_tree

EM = {"estimate": "ml", "init": "random", "n_init": 3, "max_iter": 50, "tol": 1e-6}
FULL = {
    "settings": {"draws": 12, "chains": 2, "target_accept": 0.9, "init": {**EM, "random_seed": 8, "other": ["rows"]}},
    "seconds": {"em": 0.1, "sampling": 2.5},
    "notes": ["interrupted after 12 draws"],
    "units": ["min", ""],
    "columns": [{"kind": "real"}, {"kind": "real"}],
    "relabelling": {"method": "ecr", "agreement": 0.99, "margin": 0.9, "ambiguous": 0.01},
    "verdict": {"chains": 2, "draws": 12, "reasons": [{"kind": "few_draws", "ess": 24.0}]},
}
BASES = {
    "nuts": simulated_tree(record=FULL),
    "em": simulated_tree("diag", record={"method": "em", "estimate": "ml", "settings": EM, "seed": None}),
}
CODE = '1"); __import__("os").system("echo caught"); ("'
REMOVED, DEEP, HUGE = object(), "@deep@", "@huge@"
VALUES = (
    *(
        REMOVED,
        None,
        True,
        0,
        -1,
        7,
        1.5,
        float("nan"),
        10**400,
        "",
        "x",
        CODE,
        "a\nb\x1b[31m",
        "\ud800",
        [],
        [1],
        ["x"],
    ),
    *({}, {"x": 1}, {CODE: CODE}, DEEP, HUGE),
)


def places(value, path=()):
    """Every place in plain data, its inner ones too."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


def changed(text, path, value):
    """The record with another value in one place, as JSON."""
    record = json.loads(text)
    holder = record
    for name in path[:-1]:
        holder = holder[name]
    if value is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    written = json.dumps(record)
    return written.replace(f'"{DEEP}"', "[" * 100_000 + "]" * 100_000).replace(f'"{HUGE}"', f'"{"long " * 20_000}"')


def use(tree):
    """What later rooms make of a record."""
    record = record_of(tree)
    digest = Digest(tree)
    Mixture.from_tree(tree)
    assert str(bm.tree.family_of(tree)) == record["family"]
    assert bm.tree.training_rows(tree).features == tuple(record["features"])
    assert isinstance(relabelling(record.get("relabelling", {})), list)
    reproduction_section(digest)
    return code_of(digest)


@pytest.mark.gate
@pytest.mark.parametrize("method", list(BASES))
def test_every_change_of_a_record_is_read_or_refused(method):
    base = BASES[method]
    text = base.attrs["bayesmix"]
    assert use(base)
    refused = read = 0
    for path in places(json.loads(text)):
        for value in VALUES:
            tree = base.copy(deep=False)
            tree.attrs["bayesmix"] = changed(text, path, value)
            try:
                record_of(tree)
            except ValueError as error:
                said = str(error)
                assert said.endswith((f" {REMEDY}", "or fit again.")), (path, said)
                assert len(said) < 700, (path, said)
                assert said.isprintable(), (path, said)
                refused += 1
                continue
            code = use(tree)
            compile(code, "report", "exec")
            assert_only_calls_of_bayesmix(code)
            read += 1
    assert refused > read > 0


def assert_only_calls_of_bayesmix(code):
    """The code calls what bayesmix offers, and nothing that a record named."""
    import ast

    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)}
    allowed = {"mixture.fit_em", "mixture.fit_nuts", "mixture.fit_advi", "mixture.fit_laplace", "mixture.adopt"}
    allowed |= {"bm.Mixture", "bm.Gaussian", "bm.report", "mixture.fit_em(X).to_tree"}
    assert all(name in allowed or name.startswith("bm.priors.") or name.endswith(".to_tree") for name in called), called


def test_text_of_a_record_stays_text_in_the_code():
    """Settings and priors of which somebody made code are texts, or refused."""
    settings = {"relabel": CODE, "init": {**EM, "init": CODE, "other": [CODE]}}
    code = code_of(Digest(simulated_tree(record={"settings": settings})))
    assert_only_calls_of_bayesmix(code)
    assert f"relabel={json.dumps(CODE)}" in code
    code = code_of(Digest(simulated_tree(record={"settings": {"invented": 1}})))
    assert "# fit_nuts has no argument 'invented': it is left out" in code
    with pytest.raises(ValueError, match=r"settings must be a name, not"):
        record_of(simulated_tree(record={"settings": {CODE: 1}}))
    mixture = record_of(simulated_tree())["mixture"]
    mixture["priors"]["weights"] = {"prior": CODE, "concentration": 1.0}
    with pytest.raises(ValueError, match=r"mixture\.priors is none of such a mixture: weights is not Dirichlet"):
        record_of(simulated_tree(record={"mixture": mixture}))
    # And where nobody had looked before:
    assert as_literal(CODE) == json.dumps(CODE)
    with pytest.raises(ValueError, match="no argument is called"):
        as_arguments({CODE: 1})


def test_the_table_knows_what_fits_write():
    X = bm.datasets.load_faithful()[::8]
    for tree in (
        bm.Mixture(2).fit_em(X, random_seed=1).to_tree(),
        bm.Mixture(2).fit_em(X, init=[0, 1] * 17, estimate="ml").to_tree(),
        bm.Mixture(1, bm.Gaussian("tied")).fit_em(X).to_tree(),
        bm.Mixture(2).fit_laplace(X, draws=20, random_seed=1, relabel="order"),
        bm.Mixture(2, priors={"scales": bm.priors.LogNormal()}).fit_laplace(X, draws=20, random_seed=1, relabel=None),
    ):
        assert record_of(tree)["n_components"] <= 2
        assert trust_section(Digest(tree), None)
