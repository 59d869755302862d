"""The families there are: a public name, and the module that it lives in. A new family is one line here."""

FAMILIES = {
    "Gaussian": "bayesmix.families.gaussian",
    "Poisson": "bayesmix.families.poisson",
    "Bernoulli": "bayesmix.families.bernoulli",
    "Categorical": "bayesmix.families.categorical",
    "StudentT": "bayesmix.families.student_t",
}

DEFAULT = "full"
"""The name of the family that commands take where none is given."""
