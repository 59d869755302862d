"""Trees: the DataTree that carries a result, how it is built, read, saved and loaded."""

from bayesmix.tree.building import SAMPLE_DIMS, build_tree
from bayesmix.tree.point_estimates import as_tree
from bayesmix.tree.reading import (
    classes_of,
    columns_of,
    concentration_varies,
    draws_of,
    family_of,
    log_likelihood_blocks,
    number_varies,
    training_rows,
)
from bayesmix.tree.record import record_of, with_record
from bayesmix.tree.storage import load, save

__all__ = [
    "SAMPLE_DIMS",
    "as_tree",
    "build_tree",
    "classes_of",
    "columns_of",
    "concentration_varies",
    "draws_of",
    "family_of",
    "load",
    "log_likelihood_blocks",
    "number_varies",
    "record_of",
    "save",
    "training_rows",
    "with_record",
]
