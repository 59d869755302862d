"""Comparison: information criteria, LOO and WAIC, the sweep over models, table and advice."""

from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.evidence import Evidence, log_evidence
from bayesmix.comparison.folds import kfold
from bayesmix.comparison.information import ELPDDataWAIC, waic
from bayesmix.comparison.leave_one_out import loo
from bayesmix.comparison.likelihood_ratio import BootstrapLRT, bootstrap_lrt
from bayesmix.comparison.result import Comparison
from bayesmix.comparison.sweep import compare
from bayesmix.comparison.table import display_table

__all__ = [
    "BootstrapLRT",
    "Candidate",
    "Comparison",
    "ELPDDataWAIC",
    "Evidence",
    "bootstrap_lrt",
    "compare",
    "display_table",
    "kfold",
    "log_evidence",
    "loo",
    "waic",
]
