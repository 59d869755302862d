"""All models of a sweep are fitted: first by EM, family by family, then their posteriors side by side."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import cpu_count

import numpy as np

from bayesmix.comparison.at_once import at_once
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.estimates import Estimates, estimate_family
from bayesmix.comparison.evaluation import Settings, estimated, evaluate, put_together, was_interrupted
from bayesmix.comparison.kept import Folder
from bayesmix.data import Rows
from bayesmix.mixture import Mixture
from bayesmix.problem import Problem

NOT_REACHED = "not fitted: the comparison was interrupted"
_UNFINISHED = "not finished: the comparison was interrupted"


@dataclass(frozen=True, eq=False)
class _Model:
    """A model that fits the rows, its seeds (EM, maximum likelihood, draws, refits), and the numbers beside it."""

    mixture: Mixture
    problem: Problem
    seeds: tuple[np.random.SeedSequence, ...]
    numbers: tuple[int, ...]


def fit_models(
    mixtures: Sequence[Mixture],
    rows: Rows,
    settings: Settings,
    seed: int,
    folder: Folder | None,
    report: Callable[[str, float], None],
) -> list[Candidate]:
    """The candidates, in the order of the mixtures; where this is interrupted, as far as they had come.

    Parameters
    ----------
    mixtures : sequence of Mixture
    rows : Rows
    settings : Settings
    seed : int
        A model's draws depend on it, the family, the number of components, and where EM of the numbers beside it led.
    folder : Folder, optional
        Where models that are finished are kept.
    report : callable
        Told what is being done, and how many models are finished.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted before anything was estimated.
    """
    # All problems stand until the end: those whose rows are standardised alike then share one copy.
    put = [put_together(mixture, rows) for mixture in mixtures]
    done = {number: one for number, one in enumerate(put) if isinstance(one, Candidate)}
    families = [str(mixture.family) for mixture in mixtures]
    models = {}
    for number, (mixture, problem) in enumerate(zip(mixtures, put, strict=True)):
        if isinstance(problem, Problem):
            beside = [mixtures[i].n_components for i, name in enumerate(families) if name == families[number]]
            models[number] = _Model(mixture, problem, tuple(_seed_of(mixture, seed).spawn(4)), tuple(sorted(beside)))
    begun: dict[int, Candidate] = {}
    try:
        _estimate(models, rows, settings, folder, begun, lambda stage: report(stage, len(done)))
        _evaluate(models, rows, settings, folder, begun, done, report)
    except KeyboardInterrupt:
        if not begun:
            raise
    candidates = []
    for number, mixture in enumerate(mixtures):
        if number in done:
            candidates.append(done[number])
        elif number in begun:
            candidates.append(replace(begun[number], notes=(*begun[number].notes, _UNFINISHED), reached=False))
        else:
            candidates.append(Candidate(mixture, notes=(NOT_REACHED,), reached=False))
    return candidates


def _estimate(
    models: dict[int, _Model],
    rows: Rows,
    settings: Settings,
    folder: Folder | None,
    begun: dict[int, Candidate],
    report: Callable[[str], None],
) -> None:
    """Fill ``begun`` with candidates that have their estimates by EM."""
    for name in dict.fromkeys(str(model.mixture.family) for model in models.values()):
        family = {
            model.mixture.n_components: (number, model)
            for number, model in models.items()
            if str(model.mixture.family) == name
        }
        found = _kept_estimates([model for _, model in family.values()], rows, folder)
        try:
            if len(found) < len(family):
                found.clear()
                estimate_family(
                    {k: model.problem for k, (_, model) in family.items()},
                    {k: (model.seeds[0], model.seeds[1]) for k, (_, model) in family.items()},
                    found,
                    settings.cores,
                    lambda k, family=family: report(f"{family[k][1].mixture}: EM"),
                )
        finally:
            for k, (number, model) in family.items():
                if k in found:
                    begun[number] = estimated(model.mixture, model.problem, found[k])
        for number, model in family.values():
            if folder is not None and folder.finished(model.mixture, found[model.mixture.n_components], rows) is None:
                folder.keep(begun[number], model.numbers, rows, finished=settings.method == "em")


def _kept_estimates(models: Sequence[_Model], rows: Rows, folder: Folder | None) -> dict[int, Estimates]:
    if folder is None:
        return {}
    kept = {model.mixture.n_components: folder.estimates(model.mixture, model.numbers, rows) for model in models}
    return {k: one for k, one in kept.items() if one is not None}


def _evaluate(
    models: dict[int, _Model],
    rows: Rows,
    settings: Settings,
    folder: Folder | None,
    begun: dict[int, Candidate],
    done: dict[int, Candidate],
    report: Callable[[str, float], None],
) -> None:
    """Fill ``done`` with candidates that have their posteriors too."""
    if settings.method == "em":
        done |= begun
        return
    for number, candidate in begun.items():
        estimates = Estimates(candidate.em, candidate.ml) if candidate.em is not None else None
        if folder is not None and estimates is not None:
            kept = folder.finished(models[number].mixture, estimates, rows)
            if kept is not None:
                done[number] = kept

    def work(number: int, stage: Callable[[str], None]) -> Candidate:
        model = models[number]

        def said(words: str) -> None:
            stage(f"{model.mixture}: {words}")

        return evaluate(begun[number], model.problem, settings, model.seeds[2:], said)

    left = [number for number in models if number not in done]
    # PyMC compiles in one thread only
    alone = any(models[number].problem.closed_form() is None for number in left)
    n_threads = 1 if alone else settings.cores or cpu_count() or 1
    for number, candidate in at_once(work, left, n_threads, lambda stages: report("; ".join(stages), len(done))):
        done[number] = candidate
        if candidate.tree is not None and was_interrupted(candidate.tree):
            raise KeyboardInterrupt
        if folder is not None:
            folder.keep(candidate, models[number].numbers, rows, finished=True)


def _seed_of(mixture: Mixture, seed: int) -> np.random.SeedSequence:
    family = zlib.crc32(str(mixture.family).encode())
    return np.random.SeedSequence(seed, spawn_key=(family, mixture.n_components))
