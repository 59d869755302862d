"""Labels: relabelling by permutations, label-free quantities, diagnosis."""

from bayesmix.posterior.labels.apply import apply_permutations, permutations_of, undo
from bayesmix.posterior.labels.basins import chain_groups
from bayesmix.posterior.labels.convergence import convergence_table
from bayesmix.posterior.labels.diagnosis import Diagnosis, diagnose
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.posterior.labels.relabelling import relabel_draws

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
