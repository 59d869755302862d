"""The only gate for data: whatever the user brings becomes checked float64 rows, with names.

Everything behind this room may trust what it gets: a `Rows` holds float64 numbers in a read-only
N x D array, finite unless missing ones were to be kept, and says what the numbers of each column
mean. Every error about the input is raised here, and says which argument, what is wrong, where, and
what to do. Nothing is dropped or imputed.
"""

from bayesmix.data.beside_rows import read_groups, read_labels, read_subjects, read_weights
from bayesmix.data.columns import Column
from bayesmix.data.containers import check_in_memory
from bayesmix.data.copies import shared_copy
from bayesmix.data.equal_rows import unique_rows
from bayesmix.data.errors_of_rows import read_errors
from bayesmix.data.files import File, open
from bayesmix.data.fitness import (
    check_alone,
    check_collinear,
    check_complete,
    check_constant,
    check_distinct,
    check_exact,
    check_missing,
    check_n_components,
    check_spread,
)
from bayesmix.data.kinds import kinds_of
from bayesmix.data.moments import centre_and_scale
from bayesmix.data.partitions import source_of
from bayesmix.data.reading import check_match, read_rows
from bayesmix.data.rows import Beforehand, Rows
from bayesmix.data.source import Source
from bayesmix.data.streamed import StreamedRows
from bayesmix.data.subjects import Subjects
from bayesmix.data.values import check_names

__all__ = [
    "Beforehand",
    "Column",
    "File",
    "Rows",
    "Source",
    "StreamedRows",
    "Subjects",
    "centre_and_scale",
    "check_alone",
    "check_collinear",
    "check_complete",
    "check_constant",
    "check_distinct",
    "check_exact",
    "check_in_memory",
    "check_match",
    "check_missing",
    "check_n_components",
    "check_names",
    "check_spread",
    "kinds_of",
    "open",
    "read_errors",
    "read_groups",
    "read_labels",
    "read_rows",
    "read_subjects",
    "read_weights",
    "shared_copy",
    "source_of",
    "unique_rows",
]
