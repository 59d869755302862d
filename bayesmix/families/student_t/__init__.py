"""Components with heavy tails: Student-t distributions."""

from bayesmix.families.student_t.family import StudentT

__all__ = ["StudentT"]
