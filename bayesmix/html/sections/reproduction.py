"""How to reproduce it: versions, seed, the data's fingerprint and the code."""

import inspect
from collections.abc import Mapping
from typing import Any

from bayesmix.engines.em.settings import INITS, EMSettings
from bayesmix.html.content import Section
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import fixed
from bayesmix.mixture import Mixture
from bayesmix.priors.number import number_from_dict
from bayesmix.priors.sets import default_priors, resolve_priors, to_dict
from bayesmix.priors.written import as_arguments, as_code, as_plain, foreign_as_comments
from bayesmix.problem import STATED
from bayesmix.registry import ENGINES, from_chains

_SECOND_NAMES = {"em": "EM", "sampling": "sampling"}
# Settings of EM that need not be written: the defaults.
_EM = EMSettings().described()


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
        ("seed of the fit" if code else "seed", _seed(record)),
        ("fingerprint of the data (SHA-256)", str(record["data_sha256"])),
    ]
    if seconds := record.get("seconds"):
        named = [f"{_SECOND_NAMES.get(k, k)} {fixed(v, 2)}" for k, v in seconds.items()]
        facts.append(("seconds", ", ".join(named)))
    facts.append(("versions", ", ".join(f"{k} {v}" for k, v in record["versions"].items())))
    return Section(facts=tuple(facts), code=code or code_of(digest))


def code_of(digest: Digest) -> str:
    """Write the Python that makes this fit again."""
    record = digest.record
    features = list(digest.rows.features)
    family = digest.family.code
    lines = [
        "import bayesmix as bm",
        "",
        f"X = ...  # the {digest.rows.n_rows} rows of {features!r}",
        *foreign_as_comments(record["mixture"]["priors"]),
        f"mixture = bm.Mixture({_number(digest)}, {family}{_priors(digest)})",
        *_fit(digest, record),
        'bm.report(tree, "report.html")',
    ]
    return "\n".join(lines)


def _fit(digest: Digest, record: Mapping[str, Any]) -> list[str]:
    seed = record.get("seed")
    settings = dict(record.get("settings", _sizes(digest)))
    if digest.method == "em":
        # results of before EM's settings were kept
        known = {"estimate": record.get("estimate", _EM["estimate"])} | settings
        return _fit_em("tree", known, seed, ".to_tree()")
    call = "adopt" if digest.method == "adopted" else f"fit_{digest.method}"
    if not hasattr(Mixture, call):  # an engine of somebody's own
        return [f"tree = ...  # draws of X by the engine {digest.method!r}, which is no method of Mixture"]
    arguments = {*inspect.signature(getattr(Mixture, call)).parameters} - {"self", "X", "idata", "random_seed"}
    unknown = [name for name in settings if name not in arguments]
    settings = {name: value for name, value in settings.items() if name not in unknown}
    said = [f"# {call} has no argument {name!r}: it is left out" for name in unknown]
    if digest.method == "adopted":
        return [
            *said,
            f"tree = mixture.adopt(idata, {_arguments(settings, None)})  # idata: draws of mixture.build_model(X)",
        ]
    init = settings.pop("init", None)
    if isinstance(init, str):
        return [*said, _not_kept(init), f"tree = mixture.{call}({_arguments(settings, seed)}, init=init)"]
    if init is None:
        return [*said, f"tree = mixture.{call}({_arguments(settings, seed)})"]
    known = {name: value for name, value in init.items() if name not in ("random_seed", "other")}
    return [
        *said,
        *(f"# the {what} of em were others, which are not kept" for what in init.get("other", ())),
        *_fit_em("em", known, init.get("random_seed")),
        f"tree = mixture.{call}({_arguments(settings, seed)}, init=em)",
    ]


def _fit_em(name: str, known: Mapping[str, Any], seed: int | None, then: str = "") -> list[str]:
    """Write a call of ``fit_em`` with the settings that are known; comments say what is not."""
    said = []
    if unknown := [setting for setting in _EM if setting not in known]:
        said.append(f"# {', '.join(unknown)} of fit_em: not kept, and here the defaults")
    written = {setting: value for setting, value in known.items() if setting in _EM and value != _EM[setting]}
    init, given = known.get("init", _EM["init"]), ""
    if init not in INITS:
        del written["init"]
        said.append(_not_kept(init))
        given = ", init=init"
    return [*said, f"{name} = mixture.fit_em({_arguments(written, seed)}{given}){then}"]


def _not_kept(init: str) -> str:
    return f"init = ...  # {' '.join(init.split())}: what the fit began from is not kept"


def _arguments(settings: Mapping[str, Any], seed: int | None) -> str:
    named = as_arguments(settings if seed is None else {**settings, "random_seed": seed})
    return f"X, {named}" if named else "X"


def _sizes(digest: Digest) -> dict[str, int]:
    """What draws say of the settings that made them, where the record does not."""
    if digest.method not in ENGINES:
        return {}
    sizes = {"draws": digest.n_draws}
    return sizes | {"chains": digest.n_chains} if from_chains(digest.method) else sizes


def _priors(digest: Digest) -> str:
    """Write the priors as an argument; nothing for the default."""
    described = digest.record["mixture"]["priors"]
    n_components = STATED if digest.unnamed else digest.n_components
    default = to_dict(resolve_priors(default_priors(digest.family), digest.rows, digest.family, n_components))
    if as_plain(described) == as_plain(default):
        return ""
    return f", priors={as_code(described)}"


def _number(digest: Digest) -> str:
    """How many components, or the prior of their number."""
    number = number_from_dict(digest.record["mixture"]["n_components"])
    return f"bm.priors.{number}" if digest.unnamed else str(number)


def _draws(digest: Digest) -> str:
    if not digest.sampled:
        return "none: a point estimate"
    if digest.n_chains == 1:
        return f"{digest.n_draws:,}{_sweeps(digest.tree['posterior'].attrs)}"
    return f"{digest.n_chains} chains of {digest.n_draws:,}{_sweeps(digest.tree['posterior'].attrs)}"


def _sweeps(attrs: Mapping[Any, Any]) -> str:
    """Of Gibbs sampling, how many there were of each chain, and which are kept."""
    if "sweeps" not in attrs:
        return ""
    sweeps, warm_up, thin = (int(attrs[name]) for name in ("sweeps", "warm_up", "thin"))
    every = "each" if thin == 1 else f"every {thin}"
    return f", one for {every} of {sweeps:,} sweeps but the first {warm_up:,}, which are warm-up"


def _seed(record: Mapping[str, Any]) -> str:
    seed = record.get("seed")
    return "none was given" if seed is None else str(seed)
