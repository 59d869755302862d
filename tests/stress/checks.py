"""What must hold of every posterior: numbers, a diagnosis that is true, and where the answer is known, the answer."""

import arviz as az
import numpy as np
import xarray as xr

import bayesmix as bm
from bayesmix.posterior.labels import Diagnosis
from bayesmix.posterior.labels.judgement import verdict_of
from bayesmix.verdict import ESS_GATE, PARETO_GATE, RHAT_GATE
from tests.monte_carlo import Estimate, mean_of
from tests.stress.answers import matched, posterior_of_groups
from tests.stress.cases import Case


def none_numbers(tree: xr.DataTree) -> list[str]:
    """Names of what has a NaN or an infinity: the tree's own groups, and all that is asked of it."""
    named = {
        f"{group}/{name}": variable.values
        for group in ("posterior", "sample_stats", "log_likelihood")
        if group in tree.children
        for name, variable in tree[group].data_vars.items()
        if variable.dtype.kind == "f"
    }
    rows = tree["observed_data"]["x"].values
    for name, made in (
        ("responsibilities", bm.responsibilities(tree)),
        ("log_density", bm.log_density(tree, rows[:20])),
    ):
        named |= {f"{name}/{part}": one.values for part, one in made.data_vars.items() if one.dtype.kind == "f"}
    asked = {"loo": bm.loo(tree), "waic": bm.waic(tree)}
    if tree["posterior"].attrs.get("pareto_k") == np.inf:
        del asked["waic"]  # one draw has all the weight: nothing says how its log density varies
    for name, elpd in asked.items():
        named[name] = np.array([elpd.elpd, elpd.p] + [elpd.se] * (len(rows) > 1))
        named[f"{name} of rows"] = elpd.elpd_i.values
    return [name for name, values in named.items() if not np.isfinite(values).all()]


def is_trusted(tree: xr.DataTree) -> bool:
    """What ``bm.compare`` makes of the diagnosis: without a reason for distrust the posterior counts."""
    return bm.diagnose(tree).ok


def false_words(tree: xr.DataTree) -> list[str]:
    """Where diagnosis, sentences and ArviZ's own numbers do not say the same."""
    diagnosis = bm.diagnose(tree)
    wrong = []
    if verdict_of(tree) != diagnosis.reasons:
        wrong.append("the verdict in the record is another than that of the draws")
    if diagnosis.reasons and not diagnosis.sentences[0].startswith("Not to be trusted"):
        wrong.append(f"the first sentence does not warn, although {diagnosis.reasons}")
    if diagnosis.ok and not _passes(tree, diagnosis):
        wrong.append("ok, although a gate fails")
    return wrong


def _passes(tree: xr.DataTree, diagnosis: Diagnosis) -> bool:
    """The gates of the log-likelihood by ArviZ, or the gate of k-hat."""
    if np.isfinite(diagnosis.pareto_k) or diagnosis.method in ("advi", "laplace"):
        return diagnosis.pareto_k <= PARETO_GATE
    if "log_likelihood" not in tree.children:
        return True
    x = tree["log_likelihood"]["x"].sum("obs")
    sizes = [float(az.ess(x, method=method)) for method in ("bulk", "tail")]
    return float(az.rhat(x)) <= RHAT_GATE and min(sizes) >= ESS_GATE


def errors_of_posterior(case: Case, tree: xr.DataTree) -> list[float]:
    """Distances from the closed form in Monte Carlo errors: means of every mean, log scale and log weight."""
    posterior, known = tree["posterior"], posterior_of_groups(case)
    order = matched(bm.responsibilities(tree)["label"].values, case.labels, len(case.groups))
    total = sum(case.groups) + len(case.groups)
    found: list[tuple[Estimate, float]] = []
    for k, one in zip(order, known, strict=True):
        log_scales, _ = one.log_scale_moments()
        for j in range(one.n_features):
            found.append((mean_of(posterior["means"].values[:, :, k, j]), one.means[0, j]))
            found.append((mean_of(np.log(posterior["scales"].values[:, :, k, j])), float(log_scales[j])))
    if len(order) > 1:
        weights = [(size + 1) / total for size in case.groups]
        found += [(mean_of(posterior["weights"].values[:, :, k]), w) for k, w in zip(order, weights, strict=True)]
    return [estimate.errors_from(wanted) for estimate, wanted in found]
