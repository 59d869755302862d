"""The sections of a report, made from trees and tables."""

from bayesmix.html.sections.choice import choice_section
from bayesmix.html.sections.groups import data_section, groups_section
from bayesmix.html.sections.pictures import membership_section
from bayesmix.html.sections.reproduction import reproduction_section
from bayesmix.html.sections.trust import trust_section

__all__ = [
    "choice_section",
    "data_section",
    "groups_section",
    "membership_section",
    "reproduction_section",
    "trust_section",
]
