"""Copies of rows in another form: made once, and shared by all who ask while one of them keeps it."""

from collections.abc import Callable, Hashable
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from bayesmix.data.rows import Rows

# Weak on both sides: a result holds its rows, and not the copies that a fit worked on.
_KEPT: WeakKeyDictionary[Rows, WeakValueDictionary[Hashable, np.ndarray]] = WeakKeyDictionary()


def shared_copy(rows: Rows, form: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The copy of the rows in this form: one that somebody still keeps, or else a new one.

    Parameters
    ----------
    rows : Rows
    form : hashable
        What the copy depends on besides the rows.
    make : callable
        Makes it.

    Returns
    -------
    ndarray
        Nobody may write into it.
    """
    copies = _KEPT.setdefault(rows, WeakValueDictionary())
    copy = copies.get(form)
    if copy is None:
        copies[form] = copy = make()
    return copy
