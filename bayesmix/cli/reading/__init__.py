"""Reads the rows that are to be modelled from files as people have them.

A file is found and its kind seen (``origin``); of a text it is seen how it is written (``layout``); pandas reads it
(``table``), with names of columns from its first row (``header``); columns that only name the rows are told from
features (``row_names``); and cells that are no numbers are refused with their place (``cells``).
"""

from bayesmix.cli.reading.rows import Beside, Told, read_frame

__all__ = ["Beside", "Told", "read_frame"]
