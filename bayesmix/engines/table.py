"""The engines there are: a method, and the module that holds its class. A new engine is one line here."""

from importlib import import_module
from typing import NamedTuple

from bayesmix.engines.protocol import Engine


class Entry(NamedTuple):
    """Where an engine is, and what people call it."""

    module: str
    kind: str
    name: str
    words: str

    def load(self) -> type[Engine]:
        """The class; engines load when they are first used."""
        return getattr(import_module(self.module), self.kind)


ENGINES = {
    "nuts": Entry("bayesmix.engines.nuts_over_basins", "Nuts", "NUTS", "the No-U-Turn sampler"),
    "advi": Entry("bayesmix.engines.advi", "Advi", "ADVI", "variational inference (ADVI)"),
    "laplace": Entry("bayesmix.engines.laplace_at_mode", "LaplaceAtMode", "Laplace", "the Laplace approximation"),
}
