"""Tables from a covariance word to what PyMC must know of it."""

from typing import NoReturn


class ByCovariance[Face](dict[str, Face]):
    """A table that tells who asks for a structure which it does not hold what that structure lacks."""

    def __missing__(self, covariance: str) -> NoReturn:
        raise NotImplementedError(
            f"the covariance structure {covariance!r} has no PyMC declaration, from which its posterior density would "
            "be made; fit_em with the default prior or estimate='ml' needs none, and the page 'Add a family' of the "
            "documentation says what to write"
        )
