"""What a user gives as a seed, read once for every public function."""

from typing import Any

import numpy as np

_MOST = 2**63  # drawn numbers are below it


def number_of(random_seed: Any, name: str = "random_seed") -> int:
    """The whole number that gives the same draws again.

    Parameters
    ----------
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        A whole number is itself; None draws one from the operating system, a generator draws the next of its own, and
        a SeedSequence always gives the same.
    name : str
        What the argument is called.

    Returns
    -------
    int

    Raises
    ------
    ValueError, TypeError
        If it is none of these, or a negative number.
    """
    if isinstance(random_seed, int | np.integer) and not isinstance(random_seed, bool):
        if random_seed < 0:
            raise ValueError(f"{name} must not be negative, not {random_seed}: give any whole number from 0 on.")
        return int(random_seed)
    if random_seed is None:
        return int(np.random.default_rng().integers(_MOST))
    if isinstance(random_seed, np.random.Generator):
        return int(random_seed.integers(_MOST))
    if isinstance(random_seed, np.random.RandomState):
        return int(random_seed.randint(_MOST, dtype=np.int64))
    if isinstance(random_seed, np.random.SeedSequence):
        return int(random_seed.generate_state(1, np.uint64)[0])
    raise TypeError(
        f"{name} must be None, a whole number from 0 on, or one of NumPy's (Generator, RandomState, SeedSequence), "
        f"not {random_seed!r}."
    )


def generator_of(random_seed: Any) -> np.random.Generator:
    """NumPy's generator of a seed, as :func:`number_of` reads it; a Generator is itself."""
    if isinstance(random_seed, np.random.Generator):
        return random_seed
    return np.random.default_rng(number_of(random_seed))
