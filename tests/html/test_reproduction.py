"""The code in a report makes the same numbers again, and says where it cannot."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.html.digest import Digest
from bayesmix.html.sections.reproduction import code_of
from bayesmix.tree import record_of, with_record
from tests.simulated_trees import simulated_tree

X = bm.datasets.load_faithful()
FEW = X[::4]
NIW = bm.priors.NormalInverseWishart(dof=7.0, shrinkage=0.1)
PRIORS = {
    "default": None,
    "conjugate": {"weights": bm.priors.Dirichlet(2.0), "components": NIW},
    "separated": {"scales": bm.priors.LogNormal(log_sd=0.5), "correlations": bm.priors.LKJ(3.0)},
}


@pytest.mark.parametrize("priors", list(PRIORS))
def test_the_code_makes_the_same_mixture_again(priors):
    mixture = bm.Mixture(2, priors=PRIORS[priors]).resolve_priors(X)
    tree = bm.Mixture(2).fit_em(X, random_seed=4).to_tree()
    tree = with_record(tree, mixture=mixture.to_dict())
    code = code_of(Digest(tree))
    assert ("priors=" in code) == (priors != "default")
    scope: dict = {"X": X}
    lines = [line for line in code.splitlines() if line.startswith(("import", "mixture"))]
    exec("\n".join(lines), scope)
    made = scope["mixture"].resolve_priors(X)
    assert repr(made.to_dict()) == repr(mixture.to_dict())


def run(code, X):
    """The tree that the code makes of these rows."""
    scope: dict = {"X": X}
    exec("\n".join(line for line in code.splitlines() if not line.startswith(("X =", "bm.report"))), scope)
    return scope["tree"]


def assert_same_posterior(one, other):
    assert one["posterior"].to_dataset().equals(other["posterior"].to_dataset())


@pytest.mark.parametrize(
    "settings",
    [{}, {"estimate": "ml", "init": "random_from_data", "n_init": 2, "max_iter": 3}, {"tol": 1e-2}],
    ids=["defaults", "short", "coarse"],
)
def test_the_code_makes_the_same_estimate_again(settings):
    mixture = bm.Mixture(3)
    tree = mixture.fit_em(X, **settings, random_seed=4).to_tree()
    code = code_of(Digest(tree))
    assert_same_posterior(run(code, X), tree)
    assert "#" not in code.partition("mixture =")[2]
    for name in settings:  # each is needed
        others = {kept: value for kept, value in settings.items() if kept != name}
        without = mixture.fit_em(X, **others, random_seed=4).to_tree()
        assert not without["posterior"].to_dataset().equals(tree["posterior"].to_dataset())


@pytest.mark.parametrize("given", ["labels (N,)", "responsibilities (N, K)", "an EMResult"])
def test_a_start_that_was_given_is_said(given):
    mixture = bm.Mixture(2)
    other = mixture.fit_em(FEW, random_seed=0)
    init = {"labels (N,)": list(other.labels), "responsibilities (N, K)": other.responsibilities, "an EMResult": other}
    code = code_of(Digest(mixture.fit_em(FEW, init=init[given], max_iter=7).to_tree()))
    assert f"\ninit = ...  # {given}: what the fit began from is not kept\n" in code
    assert "tree = mixture.fit_em(X, max_iter=7, init=init).to_tree()" in code


def test_without_a_seed_one_is_drawn_and_kept():
    tree = bm.Mixture(3).fit_em(FEW, init="random", n_init=1, max_iter=2).to_tree()
    assert_same_posterior(run(code_of(Digest(tree)), FEW), tree)


def test_the_number_that_a_generator_gave_makes_the_same_fit_again():
    tree = (
        bm.Mixture(2).fit_em(FEW, init="random", n_init=1, max_iter=3, random_seed=np.random.default_rng(0)).to_tree()
    )
    assert_same_posterior(run(code_of(Digest(tree)), FEW), tree)


def test_a_start_from_labels_is_said():
    labels = np.arange(len(FEW)) % 2
    code = code_of(Digest(bm.Mixture(2).fit_laplace(FEW, init=labels, draws=30, random_seed=5)))
    assert "\ninit = ...  # labels (N,): what the fit began from is not kept\n" in code
    assert "random_seed=5, init=init)" in code


FITS = {
    "nuts": {"draws": 60, "tune": 130, "chains": 2, "target_accept": 0.9, "relabel": "order", "progressbar": False},
    "advi": {"rank": "mean-field", "draws": 80, "random_seed": np.random.SeedSequence([3, 4]), "progressbar": False},
    "laplace": {"random_seed": 5},
}


@pytest.mark.parametrize("method", list(FITS))
def test_the_code_makes_the_same_draws_again(method):
    """Settings that are no defaults, a start that was given, no seed or another kind of it."""
    mixture = bm.Mixture(2, bm.Gaussian("tied"))
    given = {} if method == "advi" else {"init": mixture.fit_em(FEW, estimate="ml", max_iter=2, random_seed=8)}
    tree = getattr(mixture, f"fit_{method}")(FEW, **FITS[method], **given)
    assert_same_posterior(run(code_of(Digest(tree)), FEW), tree)


def test_a_start_from_elsewhere_is_said():
    mixture, init = bm.Mixture(2), bm.Mixture(2, priors=PRIORS["conjugate"]).fit_em(X, n_init=1, random_seed=8)
    code = code_of(Digest(mixture.fit_laplace(FEW, init=init, random_seed=5)))
    assert "\n# the priors of em were others, which are not kept\n# the rows of em were others" in code
    own = code_of(Digest(mixture.fit_laplace(FEW, init=mixture.fit_em(FEW, random_seed=8), random_seed=5)))
    assert "of em were others" not in own


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_files_of_before_the_settings_of_em_were_kept(tmp_path, suffix):
    tree = bm.Mixture(2).fit_em(FEW, estimate="ml", random_seed=8).to_tree()
    path = bm.save(with_record(tree, settings=None), tmp_path / f"old{suffix}")
    code = code_of(Digest(bm.load(path)))
    assert "\n# init, n_init, max_iter, tol of fit_em: not kept, and here the defaults\n" in code
    assert_same_posterior(run(code, FEW), tree)
    old = {"draws": 12, "init": {"estimate": "ml", "n_init": 3, "random_seed": 8}}
    path = bm.save(simulated_tree(record={"method": "laplace", "settings": old}), tmp_path / f"older{suffix}")
    assert (
        "\n# init, max_iter, tol of fit_em: not kept, and here the defaults"
        '\nem = mixture.fit_em(X, estimate="ml", n_init=3, random_seed=8)'
        "\ntree = mixture.fit_laplace(X, draws=12, random_seed=0, init=em)\n"
    ) in code_of(Digest(bm.load(path)))


def test_the_code_makes_the_same_comparison_again():
    made = bm.compare(
        FEW, [1, 2], families=bm.Gaussian("diag"), priors=PRIORS["conjugate"], method="em", progressbar=False
    )
    scope: dict = {"X": FEW}
    lines = [line for line in made.code.splitlines() if not line.startswith(("X =", "comparison.to_html"))]
    exec("\n".join(lines), scope)
    pd.testing.assert_frame_equal(scope["comparison"].table, made.table)


@pytest.mark.parametrize(
    ("method", "fit"),
    [
        ("nuts", "mixture.fit_nuts(X, draws=12, chains=2, random_seed=0)"),
        ("advi", "mixture.fit_advi(X, draws=12, random_seed=0)"),
        ("adopted", "mixture.adopt(idata, X)"),
    ],
)
def test_the_code_names_the_method_and_its_settings(method, fit):
    assert fit in code_of(Digest(simulated_tree(record={"method": method})))


def test_a_prior_of_which_only_the_text_is_left_is_said():
    mixture = record_of(simulated_tree())["mixture"]
    mixture["priors"]["weights"] = {"pymc": "PyMC prior\nStickBreaking"}
    code = code_of(Digest(with_record(simulated_tree(), mixture=mixture)))
    assert "\n# priors['weights'] was 'PyMC prior\\\\nStickBreaking'" in code
    assert compile(code, "report", "exec")
