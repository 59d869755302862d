"""The families there are: a public name, and the module that it lives in. A new family is one line here.

A program that makes a family of its own puts the class itself in the place of a module.
"""

from typing import Final

FAMILIES: dict[str, str | type] = {
    "Gaussian": "bayesmix.families.gaussian",
    "Poisson": "bayesmix.families.poisson",
    "Bernoulli": "bayesmix.families.bernoulli",
    "Categorical": "bayesmix.families.categorical",
    "StudentT": "bayesmix.families.student_t",
}

DEFAULT = "full"
"""The name of the family that commands take where none is given."""

DEFAULT_TAKES: Final = "real"
"""The columns that it takes: a refusal of a file needs no family to be loaded."""
