"""Labels: relabelling by permutations, label-free quantities, diagnosis."""

from bayesmix.posterior.labels.diagnosis import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
