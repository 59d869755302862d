"""The door of everything public. One name for one thing: who calls an argument as other libraries do is told its name.

Behind the door the work is sheltered from its surroundings (see :mod:`bayesmix.shelter`).
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from bayesmix.shelter import sheltered

# Each line holds names of one thing, ours first. A function is asked for the one of them that it has.
_SYNONYMS = (
    ("random_seed", "random_state", "seed", "rng"),
    ("n_components", "n_clusters", "n_groups", "k", "K", "G"),
    ("family", "families", "model"),
    ("covariance", "covariance_type"),
    ("draws", "n_draws", "num_samples"),
    ("tune", "n_tune", "warmup", "num_warmup"),
    ("chains", "n_chains", "num_chains"),
    ("cores", "n_jobs"),
    ("max_iter", "n_iter"),
    ("ci_prob", "hdi_prob"),
    ("progressbar", "progress_bar", "verbose"),
)


def named_arguments[Named: Callable[..., Any]](named: Named) -> Named:
    """Answer an argument that has another name here by that name, and shelter the work.

    Parameters
    ----------
    named : function or class
        Of a class, what makes it and its public methods, except those that are :func:`behind_the_door`.

    Returns
    -------
    function or class
        What was given; a function wrapped, with its signature.

    Raises
    ------
    TypeError
        When the function is called with an argument that it calls otherwise.

    Examples
    --------
    >>> @named_arguments
    ... def fit(X, *, random_seed=None): ...
    >>> fit([1.0], random_state=1)
    Traceback (most recent call last):
        ...
    TypeError: fit has no argument 'random_state': use random_seed=...
    """
    if not inspect.isclass(named):
        return _answering(named)
    own: Any = named
    for name, member in list(vars(own).items()):
        public = name == "__init__" or not name.startswith("_")
        if inspect.isfunction(member) and public and member not in _BEHIND_THE_DOOR:
            setattr(own, name, _answering(member))
    return own


_BEHIND_THE_DOOR: set[Callable[..., Any]] = set()


def behind_the_door[Method: Callable[..., Any]](method: Method) -> Method:
    """Mark a method that engines call thousands of times in a fit: its callers came through the door already."""
    _BEHIND_THE_DOOR.add(method)
    return method


def _answering(function: Any) -> Any:
    known = inspect.signature(function).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())

    @wraps(function)
    def answering(*args: Any, **kwargs: Any) -> Any:
        for name in () if takes_any else kwargs.keys() - known.keys():
            if meant := next((s for names in _SYNONYMS if name in names for s in names if s in known), None):
                called = function.__qualname__.removesuffix(".__init__").removesuffix(".__new__")
                raise TypeError(f"{called} has no argument {name!r}: use {meant}=...")
        with sheltered():
            return function(*args, **kwargs)

    return answering
