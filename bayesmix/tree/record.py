"""The record: one JSON string at the root of every tree, saying how the result came about."""

import json
import platform
from importlib import metadata
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.data.words import visible_within
from bayesmix.priors.sets import to_dict
from bayesmix.tree.schema import check_record

ATTRIBUTE = "bayesmix"
FORMAT_VERSION = 1

REMEDY = "Copy it again from its source, or fit again."
_VERSIONS_OF = ("bayesmix", "numpy", "scipy", "numba", "pymc", "pytensor", "arviz", "nutpie")


def record_of(tree: xr.DataTree) -> dict[str, Any]:
    """Read the record of a bayesmix tree.

    Parameters
    ----------
    tree : xarray.DataTree
        A tree made by ``fit_nuts``, ``fit_advi``, ``fit_laplace``, ``adopt``,
        ``EMResult.to_tree`` or ``load``.

    Returns
    -------
    dict
        ``format_version``, ``method``, ``family``, ``n_components``, ``features``, ``mixture``,
        ``versions``, ``data_sha256``, ``seed``, ``settings`` (arguments of the fit: all of EM's, of other methods those
        that differ from their defaults), ``seconds``, ``notes``, ``exchangeable`` (False where the prior identifies the
        labels); where columns have units, ``units``; where some are not of real numbers, ``columns`` with the kind and
        the levels of each; after relabelling, ``relabelling``.

    Raises
    ------
    TypeError
        When ``tree`` is not a DataTree.
    ValueError
        When the tree was not made by bayesmix, or by another version of the format, or the record is not what it must
        be: names the entry.
    """
    if not isinstance(tree, xr.DataTree):
        raise TypeError(f"tree must be an xarray.DataTree, not {type(tree).__name__}.")
    text = tree.attrs.get(ATTRIBUTE)
    if text is None:
        raise ValueError(
            f"This tree was not made by bayesmix: it has no root attribute {ATTRIBUTE!r}. "
            "Draws of a model from Mixture.build_model become such a tree by "
            "Mixture.adopt(idata, X)."
        )
    try:
        record = visible_within(json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The root attribute {ATTRIBUTE!r} is not valid JSON: {error!s:.200}. {REMEDY}") from error
    version = record.get("format_version") if isinstance(record, dict) else None
    if version != FORMAT_VERSION:
        writer = record.get("versions") if isinstance(record, dict) else None
        known = writer.get("bayesmix", "version unknown") if isinstance(writer, dict) else "version unknown"
        raise ValueError(
            f"This tree has format version {version!r:.40}, and this bayesmix reads version "
            f"{FORMAT_VERSION}. Use the bayesmix that wrote it ({known!s:.40}), or fit again."
        )
    try:
        check_record(record)
    except ValueError as error:
        raise ValueError(f"The record of this tree is damaged or another's: {error}. {REMEDY}") from error
    return record


def encode(record: dict[str, Any]) -> str:
    """Write a record as JSON; arrays become lists, and what JSON cannot hold is kept as text."""
    return json.dumps(record, default=_plain, ensure_ascii=False)


def with_record(tree: xr.DataTree, **changes: Any) -> xr.DataTree:
    """Return a shallow copy of the tree with these entries of its record changed; None removes."""
    record = {**record_of(tree), **changes}
    kept = {key: value for key, value in record.items() if value is not None or key not in changes}
    changed = tree.copy(deep=False)
    changed.attrs = {**tree.attrs, ATTRIBUTE: encode(kept)}
    return changed


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the installed libraries on which a result depends."""
    versions = {"python": platform.python_version()}
    for name in _VERSIONS_OF:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if hasattr(value, "to_dict"):
        return value.to_dict()
    # A PyMC ``.dist()`` prior is a graph: its text tells a reader what it was, and predictions do
    # not need it.
    return {"text": str(value)}


def describe(family: Any, n_components: Any, priors: Any) -> dict[str, Any]:
    """The mixture as the record keeps it: number of components or its prior, family and resolved priors."""
    number = n_components if isinstance(n_components, int) else n_components.to_dict()
    return {"n_components": number, "family": str(family), "priors": to_dict(priors)}
