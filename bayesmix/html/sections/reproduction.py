"""How to reproduce it: versions, seed, the data's fingerprint and the code."""

from collections.abc import Mapping
from typing import Any

from bayesmix.html.content import Section
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import fixed
from bayesmix.priors.sets import ConjugatePriors, resolve_priors, to_dict

_SECOND_NAMES = {"em": "EM", "sampling": "sampling"}


def reproduction_section(digest: Digest, code: str = "") -> Section:
    """Say what is needed to get the same numbers again.

    Parameters
    ----------
    digest : Digest
    code : str, optional
        Instead of the code that makes this one fit.
    """
    record = digest.record
    facts = [
        ("method", digest.method_in_words),
        ("draws", _draws(digest)),
        ("seed", _seed(record)),
        ("data (SHA-256)", str(record["data_sha256"])),
    ]
    seconds = record.get("seconds")
    if isinstance(seconds, Mapping) and seconds:
        named = [f"{_SECOND_NAMES.get(k, k)} {fixed(v, 2)}" for k, v in seconds.items()]
        facts.append(("seconds", ", ".join(named)))
    versions = record.get("versions", {})
    facts.append(("versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    return Section(facts=tuple(facts), code=code or code_of(digest))


def code_of(digest: Digest) -> str:
    """Write the Python that makes this fit again."""
    record = digest.record
    features = list(digest.rows.features)
    family = f'bm.Gaussian("{digest.family.covariance}")'
    lines = [
        "import bayesmix as bm",
        "",
        f"X = ...  # the {digest.rows.n_rows} rows of {features!r}",
        *_foreign_priors(record),
        f"mixture = bm.Mixture({digest.n_components}, {family}{_priors(digest)})",
        _fit(digest, record),
        'bm.report(tree, "report.html")',
    ]
    return "\n".join(lines)


def _fit(digest: Digest, record: Mapping[str, Any]) -> str:
    seed = record.get("seed")
    given = [] if seed is None else [f"random_seed={seed!r}"]
    if digest.method == "em":
        estimate = record.get("estimate", "map")
        given = ([] if estimate == "map" else [f'estimate="{estimate}"']) + given
        return f"tree = mixture.fit_em({', '.join(['X', *given])}).to_tree()"
    if digest.method == "adopted":
        return "tree = mixture.adopt(idata, X)  # idata: draws of mixture.build_model(X)"
    settings = [f"draws={digest.n_draws}"]
    if digest.method == "nuts":
        settings.append(f"chains={digest.n_chains}")
    return f"tree = mixture.fit_{digest.method}({', '.join(['X', *settings, *given])})"


def _priors(digest: Digest) -> str:
    """Write the priors as an argument; nothing for the default."""
    described = digest.record.get("mixture", {}).get("priors")
    default = to_dict(resolve_priors(ConjugatePriors(), digest.rows, digest.family, digest.n_components))
    if not described or _plain(described) == _plain(default):
        return ""
    parts = [f'"{part}": {_constructor(prior)}' for part, prior in described.items()]
    return f", priors={{{', '.join(parts)}}}"


def _foreign_priors(record: Mapping[str, Any]) -> list[str]:
    """Name the priors of which only the text was kept."""
    described = record.get("mixture", {}).get("priors") or {}
    return [
        f"# priors[{part!r}] was {prior['pymc']!r}: give the same PyMC object again"
        for part, prior in described.items()
        if "pymc" in prior
    ]


def _constructor(prior: Mapping[str, Any]) -> str:
    if "pymc" in prior:
        return "..."
    given = [f"{name}={_plain(value)!r}" for name, value in prior.items() if name != "prior"]
    return f"bm.priors.{prior['prior']}({', '.join(given)})"


def _plain(value: Any) -> Any:
    """Turn arrays and tuples into lists, as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _draws(digest: Digest) -> str:
    if not digest.sampled:
        return "none: a point estimate"
    if digest.n_chains == 1:
        return f"{digest.n_draws:,}"
    return f"{digest.n_chains} chains of {digest.n_draws:,}"


def _seed(record: Mapping[str, Any]) -> str:
    seed = record.get("seed")
    return "none was given" if seed is None else str(seed)
