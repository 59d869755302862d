"""The families and engines there are: public names, and the modules that they live in. A new one is one line here."""

from importlib import import_module
from typing import Any, Final, NamedTuple

FAMILIES: dict[str, str | type] = {
    "Gaussian": "bayesmix.families.gaussian",
    "Poisson": "bayesmix.families.poisson",
    "NegativeBinomial": "bayesmix.families.negative_binomial",
    "ZeroInflatedPoisson": "bayesmix.families.zero_inflated_poisson",
    "Bernoulli": "bayesmix.families.bernoulli",
    "Categorical": "bayesmix.families.categorical",
    "StudentT": "bayesmix.families.student_t",
    "Product": "bayesmix.families.product",
}
"""A program that makes a family of its own puts the class itself in the place of a module."""

DEFAULT = "full"
"""The name of the family that commands take where none is given."""

DEFAULT_TAKES: Final = "real"
"""The columns that it takes: a refusal of a file needs no family to be loaded."""


NOISE: Final = "+noise"
"""What stands behind the name of a family where there is noise beside its groups."""

WITH_NOISE: Final = "bayesmix.families.noise"
"""Where the family lives that has another one's groups, and noise."""

AUTO: Final = "auto"
"""What people write to have the family chosen by what the columns look like."""


class Engine(NamedTuple):
    """Where an engine is, what people call it, and what they may say of a run.

    Attributes
    ----------
    module, kind : str
        Of its class (see :class:`bayesmix.engines.protocol.Engine`).
    name, words : str
        Short, and for people who do not know the short name.
    settings : tuple of str
        The arguments of its ``fit_<method>`` that the estimator and the command line know too.
    chained : bool
        Whether its draws come from Markov chains; else they are independent draws of an approximation.
    """

    module: str
    kind: str
    name: str
    words: str
    settings: tuple[str, ...]
    chained: bool

    def of(self, wanted: dict[str, Any]) -> Any:
        """An instance with those of the settings that it has; engines load when they are first used."""
        kind = getattr(import_module(self.module), self.kind)
        return kind(**{name: value for name, value in wanted.items() if name in kind.__dataclass_fields__})


ENGINES = {
    "auto": Engine(
        "bayesmix.engines.auto",
        "Auto",
        "NUTS or Gibbs sampling",
        "the sampler that can be trusted for it",
        ("draws", "chains"),
        chained=True,
    ),
    "nuts": Engine(
        "bayesmix.engines.nuts_over_basins",
        "Nuts",
        "NUTS",
        "the No-U-Turn sampler",
        ("draws", "tune", "chains"),
        chained=True,
    ),
    "gibbs": Engine(
        "bayesmix.engines.gibbs",
        "Gibbs",
        "Gibbs sampling",
        "Gibbs sampling of groups and parameters in turn",
        ("draws", "chains"),
        chained=True,
    ),
    "advi": Engine("bayesmix.engines.advi", "Advi", "ADVI", "variational inference (ADVI)", ("draws",), chained=False),
    "laplace": Engine(
        "bayesmix.engines.laplace_at_mode",
        "LaplaceAtMode",
        "Laplace",
        "the Laplace approximation",
        ("draws",),
        chained=False,
    ),
}
"""By the method that people name."""


def from_chains(method: str) -> bool:
    """Whether draws come from Markov chains, as those do whose method is not known here."""
    return method not in ENGINES or ENGINES[method].chained
