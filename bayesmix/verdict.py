"""What is not to be trusted: reasons as data, their words, and the one warning that tells them."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

RHAT_GATE = 1.01
ESS_GATE = 400
# Above it the importance weights of a row, or of an approximation, have no usable variance.
PARETO_GATE = 0.7
# A few divergent draws beside good R-hat and ESS are noted; beyond this share they are a region of the posterior that
# the sampler cannot enter.
DIVERGENT_GATE = 0.005


class UntrustedWarning(UserWarning):
    """What was made is not to be trusted; the message gives the reason and the remedy.

    Given once for each fit, at the line that made it, or where a saved one is first used: by ``fit_nuts``,
    ``fit_advi``, ``fit_laplace``, ``fit_em`` and ``adopt``, by ``load`` and ``save``, and by every function that takes
    a tree. ``loo`` gives it, too, for rows that it could not leave out. :func:`bayesmix.compare` does not: its table
    brackets such models.

    See Also
    --------
    bayesmix.diagnose : the reasons as data, and all numbers behind them.

    Examples
    --------
    >>> import warnings
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_faithful()
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", bm.UntrustedWarning)
    ...     em = bm.Mixture(2).fit_em(X, random_seed=1)
    """


@dataclass(frozen=True)
class _Kind:
    """Words of one kind of reason: what is wrong, with its numbers and without, and what to do about it.

    ``plain`` is for readers of a page who know the question and not the method.
    """

    clause: str | Callable[..., str]
    plain: str
    remedy: str
    on_command_line: str


_LONGER = (
    "use fit_gibbs, or run longer (tune=, draws=); where neither helps, fit fewer groups or a simpler family",
    "use --method gibbs, or run longer (--tune, --draws); where neither helps, fit fewer groups (--components) or a "
    "simpler shape of groups (--family)",
)

_MORE_SWEEPS = (
    "run longer (max_sweeps=; draws= where these are few; chains=); where it does not help, fit fewer groups or a "
    "simpler family",
    "run longer (--draws, --chains); where it does not help, fit fewer groups (--components) or a simpler shape of "
    "groups (--family)",
)

# Features of a group of which a clause tells.
_TOLD = 5


def _small_component(rows: float, place: Mapping[str, float], shares: Sequence[float]) -> str:
    told = [f"{name} {value:.4g}" for name, value in place.items()]
    told = [*told[:_TOLD], "..."] if len(told) > _TOLD else told
    held = ", ".join(f"{share:.0%}" for share in shares)
    return f"a group of about {rows:.0f} rows (at {', '.join(told)}) is in {held} of the draws of the chains"


_SIMPLER = "fit fewer groups (--components) or a simpler shape of groups (--family)"
_BOUNDED = "use estimate='map', fewer groups or a simpler family"
_KINDS = {
    "basins": _Kind(
        "the chains settled in {basins} different basins",
        "the runs of the sampler ended in different answers, and nothing says which is the likelier",
        "more draws of NUTS do not help: use fit_gibbs, fewer groups, a simpler family or stronger priors",
        f"more draws of NUTS do not help: use --method gibbs, or {_SIMPLER}",
    ),
    "disagreement": _Kind(
        f"the chains do not agree (R-hat {{rhat:.3f}}, gate {RHAT_GATE})",
        "the runs of the sampler have not come to the same answer",
        *_LONGER,
    ),
    "few_draws": _Kind(
        f"there are only {{ess:.0f}} effective draws (gate {ESS_GATE})",
        "the sampler has not run long enough for numbers as precise as these",
        *_LONGER,
    ),
    "small_component": _Kind(
        _small_component,
        "the runs of the sampler do not agree on a small group",
        *_MORE_SWEEPS,
    ),
    "divergences": _Kind(
        "{divergences} of {draws} draws diverged",
        "the sampler could not enter a part of the possible answers",
        "raise target_accept=, fit fewer groups or choose a stronger prior for the groups",
        _SIMPLER,
    ),
    "approximation": _Kind(
        f"the approximation is far from the posterior (Pareto k {{pareto_k:.3f}}, gate {PARETO_GATE})",
        "the approximation is far from what it stands for",
        "use fit",
        "use --method auto",
    ),
    "one_chain": _Kind(
        "one chain cannot show whether chains agree",
        "a single run of the sampler has no other to be checked against",
        "run at least two, better chains=4",
        "run --chains 4",
    ),
    "unjudged": _Kind(
        "some quantities are not finite or did not move, so that nothing judges the draws",
        "nothing can judge these numbers",
        *_LONGER,
    ),
    "not_sampled": _Kind(
        "no posterior could be sampled",
        "the model could not be sampled",
        "fit fewer groups or a simpler family",
        _SIMPLER,
    ),
    "max_iter": _Kind(
        "EM stopped at max_iter before it converged",
        "the fit was stopped before it was finished",
        "raise max_iter= or tol=",
        _SIMPLER,
    ),
    "interrupted": _Kind(
        "EM was interrupted before it converged",
        "the fit was interrupted before it was finished",
        "fit again with init= this result, which goes on from there",
        "run it again, and longer",
    ),
    "collapsed": _Kind(
        "a group of EM collapsed, where the likelihood has no bound",
        "a group shrank onto a few rows, where the fit means nothing",
        _BOUNDED,
        _SIMPLER,
    ),
    "emptied": _Kind("a group of EM lost all its rows", "a group lost all its rows", _BOUNDED, _SIMPLER),
    "bad_rows": _Kind(
        f"Pareto k is above {PARETO_GATE} for {{rows}} of {{n}} rows",
        "single rows decide too much",
        "leave them out by fits of their own: bm.loo(tree, refits=10), or bm.compare",
        "run bayesmix compare, which fits the model anew without them",
    ),
    "bad_folds": _Kind(
        "the chains of {folds} of {n} folds do not agree",
        "the model does not hold without a part of the rows",
        "fit fewer groups, or take more folds",
        _SIMPLER,
    ),
}


@dataclass(frozen=True)
class Reason:
    """Why something is not to be trusted.

    Attributes
    ----------
    kind : str
        ``"basins"``, ``"disagreement"``, ``"few_draws"``, ``"small_component"``, ``"divergences"``,
        ``"approximation"``, ``"one_chain"``, ``"unjudged"``, ``"not_sampled"``; of EM ``"max_iter"``,
        ``"interrupted"``, ``"collapsed"``, ``"emptied"``; of LOO ``"bad_rows"``; of folds ``"bad_folds"``.
    numbers : mapping
        What was measured, such as ``{"rhat": 1.45}``, and of chains by Gibbs sampling ``"sampler": "gibbs"``, to which
        there is no other sampler to turn. Of a small component: how many ``rows`` it has, its ``place`` by
        feature in the units of the data, and the ``shares`` of the draws of each chain that hold it.
    """

    kind: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clause(self) -> str:
        """What is wrong, such as ``"the chains settled in 2 different basins"``."""
        clause = _KINDS[self.kind].clause
        return clause.format(**self.numbers) if isinstance(clause, str) else clause(**self.numbers)

    @property
    def plain(self) -> str:
        """What is wrong, in words that need no statistics."""
        return _KINDS[self.kind].plain

    @property
    def remedy(self) -> str:
        """What to do about it in Python."""
        return self._advice[0]

    @property
    def remedy_on_command_line(self) -> str:
        """What to do about it on the command line."""
        return self._advice[1]

    @property
    def _advice(self) -> tuple[str, str]:
        kind = _KINDS[self.kind]
        return _MORE_SWEEPS if self.numbers.get("sampler") == "gibbs" else (kind.remedy, kind.on_command_line)

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"kind": self.kind, **self.numbers}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> "Reason":
        """The reason that ``to_dict`` described.

        Raises
        ------
        ValueError
            If there is no such kind, or its numbers are not there.
        """
        reason = cls(described.get("kind", ""), {name: value for name, value in described.items() if name != "kind"})
        try:
            reason.clause  # noqa: B018 - it has a clause, or it is no reason
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"{dict(described)!r} is no reason that this bayesmix knows") from error
        return reason


def verdict(reasons: Sequence[Reason], *, on_command_line: bool = False) -> str:
    """Say that something is not to be trusted, why, and what to do; nothing where there is no reason."""
    clauses = " and ".join(reason.clause for reason in reasons)
    return f"Not to be trusted: {clauses}. {_remedies(reasons, on_command_line)}" if reasons else ""


def plain_verdict(reasons: Sequence[Reason]) -> str:
    """The same without numbers and terms, for the head of a page that has them below."""
    told = " and ".join(reason.plain for reason in reasons)
    return f"{told[0].upper()}{told[1:]}. {_remedies(reasons, on_command_line=False)}" if reasons else ""


def _remedies(reasons: Sequence[Reason], on_command_line: bool) -> str:
    each = [reason.remedy_on_command_line if on_command_line else reason.remedy for reason in reasons]
    told = "; ".join(dict.fromkeys(each))
    return f"{told[0].upper()}{told[1:]}."


# Results whose reasons were told, or that have none; each stays as long as its result lives.
_heard: WeakValueDictionary[int, Any] = WeakValueDictionary()
_silent: ContextVar[bool] = ContextVar("silent", default=False)
# Files that stand between the user's line and the warning: this package's, and the one that makes decorators of
# context managers.
_BETWEEN = (os.path.dirname(os.path.abspath(__file__)), contextlib.__file__)


@contextlib.contextmanager
def said_by_caller() -> Iterator[None]:
    """While something lasts, warn of nothing and take nothing as told: whoever asked tells it in his own way."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def is_silent() -> bool:
    """Whether somebody else tells what is not to be trusted."""
    return _silent.get()


def was_heard(result: Any) -> bool:
    """Whether the user was told of this very result, or there is nothing to tell."""
    return _heard.get(id(result)) is result


def pass_on(result: Any, new: Any) -> None:
    """Take for told of ``new``, made from ``result`` and as good or bad, what was told of that."""
    if was_heard(result):
        _heard[id(new)] = new


def warn_once(
    result: Any, name: str, reasons: Sequence[Reason], category: type[UntrustedWarning] = UntrustedWarning
) -> None:
    """Tell the user, at the line of his that called bayesmix, why a result is not to be trusted: once for each.

    Parameters
    ----------
    result : object
        The tree or result itself.
    name : str
        What it is called in the message.
    reasons : sequence of Reason
    category : type of UntrustedWarning
    """
    if is_silent() or was_heard(result):
        return
    _heard[id(result)] = result
    if reasons:
        said = verdict(reasons)
        message = f"{name}: {said[0].lower()}{said[1:]}"
        warnings.warn(message, category, stacklevel=2, skip_file_prefixes=_BETWEEN)
