"""Files of rows that are read block by block, as often as it takes."""

from bayesmix.data.files.opening import open
from bayesmix.data.files.source import File

__all__ = ["File", "open"]
