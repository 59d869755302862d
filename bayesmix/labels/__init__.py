"""Labels: relabelling by permutations, label-free quantities, diagnosis."""

from bayesmix.labels.apply import apply_permutations, permutations_of, undo
from bayesmix.labels.basins import chain_groups
from bayesmix.labels.convergence import convergence_table
from bayesmix.labels.diagnosis import Diagnosis, diagnose
from bayesmix.labels.label_free import label_free
from bayesmix.labels.relabelling import relabel_draws

__all__ = [
    "Diagnosis",
    "apply_permutations",
    "chain_groups",
    "convergence_table",
    "diagnose",
    "label_free",
    "permutations_of",
    "relabel_draws",
    "undo",
]
