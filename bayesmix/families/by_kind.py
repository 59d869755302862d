"""The family that suits what the columns look like."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from bayesmix.data import kinds_of
from bayesmix.data.columns import Kind
from bayesmix.data.words import listed
from bayesmix.families.bernoulli import Bernoulli
from bayesmix.families.categorical import Categorical
from bayesmix.families.gaussian import Gaussian
from bayesmix.families.poisson import Poisson
from bayesmix.families.product import Product
from bayesmix.families.protocol import Family
from bayesmix.vocabulary import named_arguments

_SUITING: dict[Kind, Family] = {
    "real": Gaussian("full"),
    "count": Poisson(),
    "binary": Bernoulli(),
    "categorical": Categorical(),
}
_WORDS: dict[Kind, str] = {
    "real": "numbers",
    "count": "counts",
    "binary": "yes or no",
    "categorical": "categories",
}


@named_arguments
def family_for(X: Any) -> Family:
    """The family that suits what the columns look like, to begin with.

    Text, categories and objects are levels (:class:`bayesmix.Categorical`); truth values, zeros and ones are yes or no
    (:class:`bayesmix.Bernoulli`); whole numbers of which none is negative, and half are at most 20, are counts
    (:class:`bayesmix.Poisson`); all else are numbers (:class:`bayesmix.Gaussian`, full). Columns of several kinds are a
    :class:`bayesmix.Product`. What it chose is in its ``code``, to be written otherwise where it is wrong.

    Parameters
    ----------
    X : array, data frame or DataArray, (N, D)

    Returns
    -------
    Family

    Raises
    ------
    TypeError, ValueError
        If X is no table.

    Examples
    --------
    >>> import bayesmix as bm
    >>> import pandas as pd
    >>> X = pd.DataFrame({"age": [34.5, 41.0], "visits": [2, 0], "smokes": [True, False], "town": ["Bath", "York"]})
    >>> print(bm.family_for(X))
    product(gaussian-full: age; poisson: visits; bernoulli: smokes; categorical: town)
    """
    return _of(kinds_of(X))


def chosen_for(X: Any) -> tuple[Family, str]:
    """The family, and what the columns were read as, for people."""
    kinds = kinds_of(X)
    said = (f"{listed(names)} as {_WORDS[kind]}" for kind, names in _by_kind(kinds))
    return _of(kinds), "; ".join(said)


def _of(kinds: Mapping[str, Kind]) -> Family:
    blocks = [(names, _SUITING[kind]) for kind, names in _by_kind(kinds)]
    return blocks[0][1] if len(blocks) == 1 else Product(dict(blocks))


def _by_kind(kinds: Mapping[str, Kind]) -> Iterator[tuple[Kind, tuple[str, ...]]]:
    """The kinds there are, with the columns of each."""
    for kind in get_args(Kind):
        if names := tuple(name for name, own in kinds.items() if own == kind):
            yield kind, names
