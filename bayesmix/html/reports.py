"""The report of one fit, and that of a comparison."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.data.words import joined, visible
from bayesmix.engines.em import EMResult
from bayesmix.html.answer import answer_of_comparison, answer_of_fit, warnings_of
from bayesmix.html.content import Answer, ReportContent
from bayesmix.html.digest import Digest
from bayesmix.html.markdown import render_markdown
from bayesmix.html.numbers import counted
from bayesmix.html.page import checked_path, write_html, write_text
from bayesmix.html.sections.choice import choice_section
from bayesmix.html.sections.groups import data_section, groups_section
from bayesmix.html.sections.pictures import membership_section
from bayesmix.html.sections.reproduction import reproduction_section
from bayesmix.html.sections.trust import trust_section
from bayesmix.html.sections.unknown_number import answer_of_unknown_number, number_section, unnamed_section
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.vocabulary import named_arguments

_MARKDOWN = ".md"
# Features in a title.
_MOST_NAMED = 4


def content_of_tree(tree: xr.DataTree, *, title: str | None = None) -> ReportContent:
    """Fill a report with what a tree says.

    Parameters
    ----------
    tree : xarray.DataTree
        For an EMResult its ``to_tree()``.
    title : str, optional

    Returns
    -------
    ReportContent
        ``choice`` is None: one fit does not say how many groups there are.
    """
    digest = Digest(tree)
    answer = answer_of_unknown_number(digest) if digest.unnamed else answer_of_fit(digest)
    return _content(digest, title, digest.pareto_k, answer)


def _content(digest: Digest, title: str | None, pareto_k: np.ndarray | None, answer: Answer) -> ReportContent:
    return ReportContent(
        title=visible(title or _title(digest)),
        answer=answer,
        warnings=warnings_of(digest),
        groups=(number_section if digest.unnamed else groups_section)(digest),
        membership=(unnamed_section if digest.unnamed else membership_section)(digest),
        choice=None,
        trust=trust_section(digest, pareto_k),
        data=data_section(digest),
        reproduction=reproduction_section(digest),
    )


def content_of_comparison(
    tree: xr.DataTree,
    *,
    table: pd.DataFrame,
    advice: Sequence[str],
    code: str = "",
    title: str | None = None,
    pareto_k: np.ndarray | None = None,
    occupied: pd.DataFrame | None = None,
) -> ReportContent:
    """Fill a report with a comparison, and with the model of it that is shown.

    Parameters
    ----------
    tree : xarray.DataTree
        The model to show: the best one that can be trusted, or the ``to_tree()`` of its EM.
    table : pandas.DataFrame
        As ``Comparison.table``.
    advice : sequence of str
        How many groups there are, in the terms of the criteria.
    code : str, optional
        The Python that makes the comparison again.
    title : str, optional
    pareto_k : (N,) array, optional
        Of every training row in the model that is shown.
    occupied : pandas.DataFrame, optional
        As ``Comparison.occupied``.

    Returns
    -------
    ReportContent
    """
    digest = Digest(tree)
    shown = (str(digest.family), digest.n_components)
    pareto_k = digest.pareto_k if pareto_k is None else pareto_k
    content = _content(digest, title, pareto_k, answer_of_comparison(digest, table))
    return replace(
        content,
        choice=choice_section(table, advice, best=shown, occupied=occupied),
        reproduction=reproduction_section(digest, code),
    )


@named_arguments
def report(tree: xr.DataTree | EMResult, path: str | os.PathLike[str], *, title: str | None = None) -> Path:
    """Write the report of one fit: a self-contained HTML file, or Markdown without the pictures.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Where the number of groups is unknown, the report tells how probable each number is, the density, and who
        belongs with whom; of single groups, which have no names there, nothing.
    path : str or path
        Ends in ``.html`` or ``.md``; its folder must exist. An existing file is replaced.
    title : str, optional

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    ValueError
        When the suffix is another, or the tree is not bayesmix's.
    FileNotFoundError
        When the folder of ``path`` does not exist.
    OSError
        When it cannot be written, as on a full disk; names the path.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> path = bm.report(em, "faithful.html")
    >>> path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    True
    """
    path = checked_path(path, (".html", _MARKDOWN))
    content = content_of_tree(heeded(tree), title=title)
    if path.suffix.lower() != _MARKDOWN:
        return write_html(content, path)
    write_text(path, render_markdown(content))
    return path


def _title(digest: Digest) -> str:
    rows = counted(digest.rows.n_rows, "row")
    features = digest.rows.features
    shown = joined(features) if len(features) <= _MOST_NAMED else f"{', '.join(features[: _MOST_NAMED - 1])}, …"
    return f"Groups in {rows} of {shown}"
