"""The sweep over numbers of components and families."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from bayesmix.comparison import notes
from bayesmix.comparison.advice import advise
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.evaluation import METHODS, Settings
from bayesmix.comparison.folds import read_n_folds
from bayesmix.comparison.kept import Folder, facts_of
from bayesmix.comparison.models import fit_models
from bayesmix.comparison.refit import MAX_REFITS, read_refits
from bayesmix.comparison.result import Comparison
from bayesmix.comparison.table import make_table
from bayesmix.data import Rows, check_n_components, read_rows, read_weights
from bayesmix.data.words import joined
from bayesmix.families import Family, read_families
from bayesmix.families.by_kind import chosen_for
from bayesmix.families.gaussian import Gaussian
from bayesmix.first_use import compiling_shown
from bayesmix.mixture import Mixture
from bayesmix.priors.number import PriorOfNumber
from bayesmix.priors.sets import default_priors, read_priors, to_dict
from bayesmix.priors.written import as_code, foreign_as_comments
from bayesmix.progress import progress
from bayesmix.registry import AUTO
from bayesmix.seeds import number_of
from bayesmix.verdict import said_by_caller
from bayesmix.vocabulary import named_arguments

_FEW_ROWS = 100
Key = tuple[str, int]


@named_arguments
def compare(
    X: Any,
    n_components: int | Iterable[int],
    *,
    sample_weight: Any = None,
    error_covariances: Any = None,
    families: Sequence[Family | str] | Family | str = (Gaussian(),),
    priors: Mapping[str, Any] | None = None,
    method: str = "auto",
    refits: int = MAX_REFITS,
    cv: int | None = None,
    random_seed: Any = None,
    cores: int | None = None,
    progressbar: bool = True,
    cache: str | os.PathLike[str] | None = None,
) -> Comparison:
    """Fit mixtures over numbers of components and families, and compare them.

    Every model is fitted by EM (maximum likelihood for BIC, AIC and ICL; MAP to start from) and by ``method``. EM
    begins from starts of its own, from splits of the best place with one component fewer, and from merges of that with
    one more, where these are compared too. Posteriors are then drawn side by side. LOO and WAIC come from the
    posterior; rows with a Pareto k above 0.7 are repaired by moment matching, or left out by an exact refit. A
    posterior that cannot be trusted (chains in different basins, R-hat above 1.01, fewer than 400 effective draws, more
    than 0.5 % divergent draws) keeps its numbers but takes no part in ``elpd_diff``, ``weight`` and ``best``.

    Parameters
    ----------
    X : array-like or data frame, (N, D)
    n_components : int or iterable of int
    sample_weight : array or series (N,), optional
        How much each row counts (see :meth:`bayesmix.Mixture.fit_em`).
    error_covariances : array (N, D, D) or (N, D), optional
        With what errors the rows were measured (see :meth:`bayesmix.Mixture.fit_em`). Every family must be able to use
        them: Gaussian ones can.
    families : sequence of Family or str
        Families, or their names: ``["full", "diag"]``. One alone needs no list. ``"mclust"`` stands for all fourteen
        covariances of :class:`bayesmix.Gaussian`; ``"auto"``, alone, for the family that suits what the columns look
        like (:func:`bayesmix.family_for`): the advice says which, and how to change it. Families that are one model, as
        those with one component or one feature may be, are fitted once, and a note says so.
    priors : mapping, optional
        As ``Mixture`` takes them; data-scaled ones are resolved once for each model.
    method : {"auto", "nuts", "gibbs", "advi", "laplace", "em"}
        ``"auto"`` takes for each model the sampler that can be trusted for it (see :meth:`bayesmix.Mixture.fit`).
        ``"em"`` makes no posterior: the elpd columns are NaN.
    refits : int
        Rows of a model, at most, that are left out by a refit, where moment matching does not repair them. Where more
        of them need one, the notes say how many would be enough, and the model's LOO is not to be trusted.
    cv : int, optional
        Leave out so many folds of the rows too, by fits of their own, as a check of LOO (:func:`bayesmix.kfold`). The
        table then has ``elpd_kfold`` and ``se_kfold``, and the notes say whether the two agree. It takes as many
        fits of each model.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        A model's draws depend on it, the family and the number of components, and not on the order of the models;
        on other numbers of components only where EM comes to a higher place by way of them.
    cores : int, optional
        Models fitted at once, all of the machine's by default; the numbers do not depend on it.
    progressbar : bool
        Show progress over the models on standard error.
    cache : str or path, optional
        A folder in which every model is kept as soon as it is finished; where it holds models of such a comparison
        already, these are not fitted again, and without a seed theirs is taken. It is made where there is none. A
        folder of other rows, settings, seed or versions is refused. Numbers of components and families may differ. It
        holds pickles: use none of an origin that you do not trust.

    Returns
    -------
    Comparison
        One model that cannot be fitted does not stop the others: its note says why. An
        interrupted sweep keeps what was finished, of other models the estimates, and notes say so.

    Raises
    ------
    ValueError, TypeError
        When an argument cannot be used, no model can be fitted to the data, the families do not compare (densities
        of some and probabilities of others, or other kinds of columns), or ``cache`` holds a comparison of something
        else.
    OSError
        When ``cache`` cannot be made or written.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_faithful()
    >>> comparison = bm.compare(X, range(1, 3), families=["full", "diag"], random_seed=1, progressbar=False)
    >>> comparison.table["elpd_loo"].round(-1).unstack().to_dict("list")
    {1: [-1520.0, -1290.0], 2: [-1160.0, -1140.0]}
    >>> comparison.best("loo").key
    ('gaussian-full', 2)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, not {method!r}.")
    chosen, remarks = _read_families(X, families)
    return sweep(
        X,
        _read_n_components(n_components),
        chosen,
        priors,
        Settings(method, cores, max_refits=read_refits(refits), n_folds=cv),
        random_seed,
        sample_weight=sample_weight,
        error_covariances=error_covariances,
        progressbar=progressbar,
        cache=cache,
        remarks=remarks,
    )


def sweep(
    X: Any,
    n_components: Sequence[int],
    families: Sequence[Family],
    priors: Mapping[str, Any] | None,
    settings: Settings,
    random_seed: Any,
    *,
    sample_weight: Any = None,
    error_covariances: Any = None,
    progressbar: bool,
    cache: str | os.PathLike[str] | None = None,
    remarks: tuple[str, ...] = (),
) -> Comparison:
    """``compare`` with checked arguments and all settings; ``remarks`` are told with the advice."""
    rows = read_rows(X, takes=families[0].takes, missing="keep")
    for family in families:
        rows = family.measured(rows, error_covariances)
    if sample_weight is not None:
        rows = rows.weighing(read_weights(sample_weight, rows.n_rows))
    if settings.n_folds is not None:
        read_n_folds(settings.n_folds, rows.n_rows, "cv")
        if settings.method == "em":
            raise ValueError("cv leaves folds out of posteriors, and method='em' makes none: leave one of the two out.")
    distinct, same_as = _distinct(families, n_components, rows.n_features)
    mixtures = [Mixture(k, family, priors=priors) for family, k in distinct]
    mixtures[0].priors.check_concentration_is_known()
    folder, seed = _folder(cache, rows, settings, random_seed, to_dict(mixtures[0].priors))
    # The table and the advice tell what is not to be trusted.
    with compiling_shown(progressbar), progress(progressbar, len(mixtures)) as report, said_by_caller():
        candidates = fit_models(mixtures, rows, settings, seed, folder, report)
    if all(candidate.em is None for candidate in candidates):
        raise ValueError(f"No model can be fitted: {candidates[0].mixture} was {'; '.join(candidates[0].notes)}")
    candidates = _with_notes(candidates, same_as, rows.n_features)
    table, more = make_table(candidates)
    remarks = (*remarks, *more)
    if settings.method != "em" and rows.total < _FEW_ROWS:
        remark = "With fewer than 100 rows, dse and p_worse make differences look surer than they are."
        remarks = (*remarks, remark)
    distrust = {candidate.key: candidate.distrust for candidate in candidates}
    unfinished = [candidate.key for candidate in candidates if not candidate.reached]
    return Comparison(
        table=table,
        candidates=tuple(candidates),
        advice=advise(table, distrust, remarks, unfinished),
        rows=rows,
        method=settings.method,
        same_as=same_as,
        code=_code(rows, n_components, families, priors, settings, seed),
    )


def _folder(
    cache: str | os.PathLike[str] | None,
    rows: Rows,
    settings: Settings,
    random_seed: Any,
    described_priors: Mapping[str, Any],
) -> tuple[Folder | None, int]:
    """The folder that keeps models, if any, and the seed: where none is given, that of the models in the folder."""
    seed = number_of(random_seed)
    if cache is None:
        return None, seed
    of_fits = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name != "cores"}
    facts = facts_of(rows, of_fits, described_priors)
    folder = Folder(cache, facts, None if random_seed is None else seed, seed)
    return folder, folder.seed


def _read_families(X: Any, families: Any) -> tuple[list[Family], tuple[str, ...]]:
    """Families, and what is to be said of how they were chosen."""
    if families != AUTO and families != [AUTO]:
        return read_families(families), ()
    family, said = chosen_for(X)
    return [family], (f"The columns were read so: {said}. To change it, give families={family.code}.",)


def _read_n_components(n_components: int | Iterable[int]) -> list[int]:
    if isinstance(n_components, PriorOfNumber):
        raise TypeError(
            f"n_components is a prior, {n_components}, and compare fits one mixture for each number: give numbers, "
            "such as range(1, 7), or fit bm.Mixture(n_components) with the prior, and see bm.number_of_groups"
        )
    if not isinstance(n_components, Iterable) or isinstance(n_components, str):
        return [check_n_components(n_components)]
    numbers = list(dict.fromkeys(check_n_components(k) for k in n_components))
    if not numbers:
        raise ValueError("n_components is empty: give at least one number, such as range(1, 7).")
    return numbers


def _distinct(
    families: Sequence[Family], n_components: Sequence[int], n_features: int
) -> tuple[list[tuple[Family, int]], dict[Key, str]]:
    """The families and numbers that are different models, and the name under which each other one stands."""
    kept: list[tuple[Family, int]] = []
    same_as: dict[Key, str] = {}
    for family in families:
        for k in n_components:
            alike = (str(other) for other, same in kept if same == k and family.same_model_as(other, k, n_features))
            twin = next(alike, None)
            if twin is None:
                kept.append((family, k))
            else:
                same_as[str(family), k] = twin
    return kept, same_as


def _with_notes(candidates: Sequence[Candidate], same_as: Mapping[Key, str], n_features: int) -> list[Candidate]:
    """What can be said of a model only beside the others."""
    rankings = notes.of_rankings(candidates)
    complete = []
    for candidate in candidates:
        said = list(rankings.get(candidate.key, []))
        family, n_components = candidate.key
        twins = [name for (name, k), kept in same_as.items() if (kept, k) == (family, n_components)]
        if twins:
            one = "feature" if n_features == 1 else "component"
            verb = "is" if len(twins) == 1 else "are"
            said.append(f"with one {one} {joined(twins)} {verb} this same model")
        complete.append(replace(candidate, notes=(*candidate.notes, *said)))
    return complete


def _code(
    rows: Rows,
    n_components: Sequence[int],
    families: Sequence[Family],
    priors: Mapping[str, Any] | None,
    settings: Settings,
    seed: int,
) -> str:
    """The Python that makes the comparison again."""
    named = ", ".join(family.code for family in families)
    arguments = [f"n_components={list(n_components)}", f"families=[{named}]", f'method="{settings.method}"']
    if rows.weights is not None:
        arguments.insert(1, "sample_weight=weights")
    if settings.max_refits != MAX_REFITS:
        arguments.append(f"refits={settings.max_refits}")
    if rows.errors is not None:
        arguments.insert(1, "error_covariances=errors")
    if settings.n_folds is not None:
        arguments.append(f"cv={settings.n_folds}")
    given_priors = read_priors(priors, families[0])
    described = to_dict(given_priors)
    if given_priors != default_priors(families[0]):
        arguments.append(f"priors={as_code(described)}")
    arguments.append(f"random_seed={seed}")
    lines = [
        "import bayesmix as bm",
        "",
        f"X = ...  # the {rows.n_rows} rows of {list(rows.features)!r}",
        *["weights = ...  # how much each of them counts"] * (rows.weights is not None),
        *["errors = ...  # the covariances of their errors"] * (rows.errors is not None),
        *foreign_as_comments(described),
        "comparison = bm.compare(",
        "    X,",
        *(f"    {argument}," for argument in arguments),
        ")",
        'comparison.to_html("report.html")',
    ]
    return "\n".join(lines)
