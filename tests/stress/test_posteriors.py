"""Posteriors on the panel: no NaN, a diagnosis that is true, and the closed form where it is known.

By default the engines that take a second or so; the rest is marked slow. NUTS makes as many draws as a user gets where
they are compared with a closed form, and half of them elsewhere.
"""

import functools

import pytest

from tests.monte_carlo import ALLOWED, Finding, worst
from tests.stress.cases import FITTED, Case
from tests.stress.checks import errors_of_posterior, false_words, is_trusted, none_numbers

ENGINES = {
    "laplace": lambda case: case.mixture.fit_laplace(case.X, random_seed=1),
    "nuts": lambda case: case.mixture.fit_nuts(
        case.X, draws=1000 if case.groups else 500, random_seed=1, progressbar=False
    ),
    "advi": lambda case: case.mixture.fit_advi(case.X, random_seed=1, progressbar=False),
}
PAIRS = [(engine, case) for case in FITTED for engine in ENGINES if engine in case.engines]
DEFAULT = [(engine, case) for engine, case in PAIRS if engine in case.default]


@functools.cache
def tree_of(engine: str, case: Case):
    return ENGINES[engine](case)


def findings_of(engine: str, case: Case) -> list[Finding]:
    """Every line of evidence on one posterior."""
    tree, name = tree_of(engine, case), f"{case}, {engine}"
    found = [
        Finding(f"{name}: quantities with a NaN or an infinity", "NumPy", len(none_numbers(tree)), 0.0),
        Finding(f"{name}: contradictions in the diagnosis", "ArviZ's numbers", len(false_words(tree)), 0.0),
    ]
    trusted = is_trusted(tree)
    if engine in case.trusted:
        wanted = case.trusted[engine]
        what = f"{name}: a posterior that is {'not ' if wanted else ''}called trustworthy"
        found.append(Finding(what, "what is known of it", float(trusted != wanted), 0.0))
    if case.groups and trusted and engine == "nuts":
        errors = errors_of_posterior(case, tree)
        what = f"{name}: {len(errors)} posterior means of means, log scales and weights"
        found.append(Finding(what, "closed form", max(errors), ALLOWED))
    return found


def findings() -> list[Finding]:
    """Of the engines that run by default."""
    return [one for engine, case in DEFAULT for one in findings_of(engine, case)]


def named(pairs):
    return [
        pytest.param(engine, case, id=f"{case}-{engine}", marks=() if (engine, case) in DEFAULT else pytest.mark.slow)
        for engine, case in pairs
    ]


@pytest.mark.filterwarnings("error", "ignore::bayesmix.verdict.UntrustedWarning")
@pytest.mark.parametrize(("engine", "case"), named(PAIRS))
def test_posterior(engine, case):
    tree = tree_of(engine, case)
    assert none_numbers(tree) == []
    assert false_words(tree) == []
    assert worst(findings_of(engine, case)) == ""
