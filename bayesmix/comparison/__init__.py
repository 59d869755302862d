"""Comparison: information criteria, LOO and WAIC, the sweep over models, table and advice."""

from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.information import ELPDDataWAIC, waic
from bayesmix.comparison.leave_one_out import loo
from bayesmix.comparison.result import Comparison
from bayesmix.comparison.sweep import compare
from bayesmix.comparison.table import display_table

__all__ = [
    "Candidate",
    "Comparison",
    "ELPDDataWAIC",
    "compare",
    "display_table",
    "loo",
    "waic",
]
