"""A folder that keeps the models of a comparison, one file each, so that one that was stopped goes on.

``comparison.json`` says what they are models of: the rows, the settings, the seed, the versions. A folder of anything
else is refused, and not guessed at. A model's file is a line of JSON, checked first, and then its pickle; it is
replaced whole. It is kept a first time with its estimates by EM, a second time when all is done.
"""

import hashlib
import io
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.estimates import Estimates
from bayesmix.data import Rows
from bayesmix.engines.em import EMResult
from bayesmix.mixture import Mixture
from bayesmix.priors.written import foreign_as_comments
from bayesmix.replacing import written_whole
from bayesmix.tree.record import installed_versions

FORMAT = 1
_MANIFEST, _SUFFIX = "comparison.json", ".model"
_REMEDY = "give another folder, or delete this one to begin anew"


def facts_of(rows: Rows, settings: Mapping[str, Any], described_priors: Mapping[str, Any]) -> dict[str, Any]:
    """What the models of a comparison depend on, beside family, number of components and seed; as JSON holds it.

    Raises
    ------
    ValueError
        When a prior is a PyMC object: no text tells whether it is the same.
    """
    if foreign_as_comments(described_priors):
        raise ValueError(
            "cache cannot tell whether a prior that is a PyMC object is the one of an earlier run: leave cache out, or "
            "give priors of bayesmix.priors."
        )
    # numbers in full: the text of a long array leaves out its middle
    beside = [rows.obs, rows.weights, rows.log_prior, *([] if rows.errors is None else [rows.errors])]
    beside = [None if told is None else told.tolist() for told in beside]
    facts = {
        "format": FORMAT,
        "rows": hashlib.sha256(f"{rows.sha256} {beside!r}".encode()).hexdigest(),
        "columns": [repr(column) for column in rows.columns],
        "priors": described_priors,
        **settings,
        "versions": installed_versions(),
    }
    return json.loads(json.dumps(facts, default=str))


def kept_seed(path: str | os.PathLike[str]) -> int | None:
    """The seed of the comparison in a folder; None where there is none."""
    manifest = Path(path) / _MANIFEST
    return _read(manifest).get("seed") if manifest.exists() else None


class Folder:
    """The folder of one comparison.

    Parameters
    ----------
    path : str or path
        Is made where there is none; its own folder must exist.
    facts : mapping
        Of :func:`facts_of`.
    seed : int, optional
        None takes the seed of the comparison that is there.
    drawn : int
        The seed where there is neither.

    Raises
    ------
    ValueError
        When the folder holds a comparison of something else, or what is no comparison.
    FileNotFoundError, NotADirectoryError
        When the path cannot be a folder.
    """

    def __init__(self, path: str | os.PathLike[str], facts: Mapping[str, Any], seed: int | None, drawn: int):
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"cache: {self.path} is a file: give a folder.")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"cache: the folder {self.path.parent} does not exist; create it first.")
        self.path.mkdir(exist_ok=True)
        manifest = self.path / _MANIFEST
        if manifest.exists():
            there = _read(manifest)
            self.seed = int(there.get("seed", drawn)) if seed is None else seed
            self._refuse_other({**facts, "seed": self.seed}, there)
        else:
            if any(not entry.name.startswith(".") for entry in self.path.iterdir()):
                raise ValueError(f"cache: {self.path} holds other files and no comparison: give a new or empty folder.")
            self.seed = drawn if seed is None else seed
            with written_whole(manifest) as new:
                new.write_text(json.dumps({**facts, "seed": self.seed}, indent=1), encoding="utf-8")
        self._facts = _digest(json.dumps({**facts, "seed": self.seed}, sort_keys=True))

    def estimates(self, mixture: Mixture, numbers: Sequence[int], rows: Rows) -> Estimates | None:
        """EM's estimates of a model that was compared beside these numbers of components; None where there are none."""
        kept = self._load(mixture, rows)
        return None if kept is None or kept[0]["numbers"] != list(numbers) else _estimates_of(kept[1])

    def finished(self, mixture: Mixture, estimates: Estimates, rows: Rows) -> Candidate | None:
        """A model that is done and began from these very estimates."""
        kept = self._load(mixture, rows)
        if kept is None or not kept[0]["finished"] or kept[0]["estimates"] != _digest_of(estimates):
            return None
        return replace(kept[1], em=estimates.em, ml=estimates.ml)

    def keep(self, candidate: Candidate, numbers: Sequence[int], rows: Rows, *, finished: bool) -> None:
        """Keep a model; what is there of it is replaced."""
        estimates = _estimates_of(candidate)
        if estimates is None:  # a model that cannot be fitted is known at once
            return
        content = io.BytesIO()
        pickler = pickle.Pickler(content, protocol=pickle.HIGHEST_PROTOCOL)
        pickler.persistent_id = lambda thing: "rows" if thing is rows else None  # pyright: ignore[reportAttributeAccessIssue]
        pickler.dump(candidate)
        head = {
            "facts": self._facts,
            "numbers": list(numbers),
            "finished": finished,
            "estimates": _digest_of(estimates),
            "content": _digest(content.getvalue()),
        }
        with written_whole(self._file(candidate.mixture), size=content.tell()) as new:
            new.write_bytes(json.dumps(head).encode() + b"\n" + content.getvalue())

    def _load(self, mixture: Mixture, rows: Rows) -> tuple[dict[str, Any], Candidate] | None:
        file = self._file(mixture)
        if not file.exists():
            return None
        line, _, content = file.read_bytes().partition(b"\n")
        try:
            head = json.loads(line)
            whole = head["content"] == _digest(content)
        except (ValueError, KeyError, TypeError):
            head, whole = {}, False
        if not whole:
            raise ValueError(f"cache: {file} is damaged: delete this file, and its model is fitted again.")
        if head["facts"] != self._facts:
            raise ValueError(f"cache: {file} belongs to another comparison than {_MANIFEST} beside it: {_REMEDY}.")
        unpickler = pickle.Unpickler(io.BytesIO(content))
        unpickler.persistent_load = lambda name: rows  # pyright: ignore[reportAttributeAccessIssue]
        return head, unpickler.load()

    def _file(self, mixture: Mixture) -> Path:
        return self.path / f"{mixture.family}-{mixture.n_components}{_SUFFIX}"

    def _refuse_other(self, asked: Mapping[str, Any], there: Mapping[str, Any]) -> None:
        for name in (*asked, *(name for name in there if name not in asked)):
            is_there, is_asked = there.get(name), asked.get(name)
            if is_there == is_asked:
                continue
            if name == "versions" and isinstance(is_there, dict) and isinstance(is_asked, dict):
                package = next(one for one in {**is_there, **is_asked} if is_there.get(one) != is_asked.get(one))
                name, is_there, is_asked = f"version of {package}", is_there.get(package), is_asked.get(package)
            said = f"of {name} {is_there!r:.60}, and not {is_asked!r:.60}"
            if name in ("rows", "columns"):
                said = f"of other {name}"
            raise ValueError(f"cache: {self.path} holds a comparison {said}: {_REMEDY}.")


def _read(manifest: Path) -> dict[str, Any]:
    try:
        there = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError:
        there = None
    if not isinstance(there, dict):
        raise ValueError(f"cache: {manifest} is damaged: {_REMEDY}.")
    return there


def _estimates_of(candidate: Candidate) -> Estimates | None:
    return None if candidate.em is None else Estimates(candidate.em, candidate.ml)


def _digest_of(estimates: Estimates) -> str:
    """Of the numbers from which a posterior begins, to the last bit."""
    return _digest(b"".join(_numbers(one) for one in estimates))


def _numbers(em: EMResult | None) -> bytes:
    if em is None:
        return b"-"
    tops = [em, *em.optima]
    arrays = [array for top in tops for array in (top.weights, *(top.params[name] for name in sorted(top.params)))]
    return b"".join(np.ascontiguousarray(array, dtype="<f8").tobytes() for array in arrays)


def _digest(content: bytes | str) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
