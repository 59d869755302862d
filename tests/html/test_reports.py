import base64
import hashlib
import re

import arviz as az
import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import beside_interval, with_interval
from bayesmix.html.page import render, write_html
from bayesmix.html.reports import content_of_comparison, content_of_tree, report
from bayesmix.html.sections.trust import trust_section
from bayesmix.posterior.checks import posterior_check
from bayesmix.posterior.membership import responsibilities
from bayesmix.tree import record_of, with_record
from tests.html.contents import HOSTILE, comparison_table, hostile_em, hostile_table
from tests.html.pages import Page
from tests.posterior.test_membership import scipy_responsibilities
from tests.simulated_trees import COVARIANCES, random_permutations, simulated_tree

HEADINGS = [
    "The groups",
    "Who belongs where",
    "How the number of groups was chosen",
    "Can it be trusted?",
    "The data",
    "How to reproduce it",
    "Words used here",
]


@pytest.fixture(scope="module")
def tree():
    return simulated_tree(n_features=2, n_components=2, separation=3.0)


@pytest.fixture(scope="module")
def pages(tree):
    """Every kind of report: one fit, point estimates, one group, a comparison, a hostile one."""
    advice = ("2 groups: LOO prefers 2.", "The posterior of 3 groups cannot be trusted.")
    hostile = hostile_em().to_tree()
    contents = {
        "fit": content_of_tree(tree),
        "one feature": content_of_tree(simulated_tree("diag", n_features=1)),
        "four features": content_of_tree(simulated_tree("tied", n_features=4)),
        "one group": content_of_tree(simulated_tree("spherical", n_components=1)),
        "comparison": content_of_comparison(tree, table=comparison_table(), advice=advice),
        "hostile": content_of_comparison(
            hostile, table=hostile_table(), advice=HOSTILE, code=HOSTILE[0], title=HOSTILE[0]
        ),
    }
    return {name: render(content) for name, content in contents.items()}


KINDS = ["fit", "one feature", "four features", "one group", "comparison", "hostile"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_well_formed_and_its_ids_are_unique(pages, kind):
    page = Page(pages[kind])
    assert page.mistakes == []
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = re.findall(r'(?:href="#|url\(#)([^")]+)', pages[kind])
    assert set(targets) <= set(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_loads_nothing(pages, kind):
    assert not re.search(r"https?://|@import|url\((?!#)", pages[kind])
    for tag, attributes, _ in Page(pages[kind]).elements:
        assert "src" not in attributes
        link = attributes.get("href")
        assert link is None or link.startswith(("#", "data:image/png;base64,")), (tag, link)
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_have_alternative_text_and_tables_captions(pages, kind):
    page = Page(pages[kind])
    pictures = page.all("svg")
    assert pictures
    assert page.all("img") == []
    for picture in pictures:
        assert picture["role"] == "img"
        assert len(picture["aria-label"] or "") > 40
    assert len(page.all("figure")) == len(pictures) == len(page.texts("figcaption"))
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(heading["scope"] in ("row", "col") for heading in page.all("th"))
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1


def test_hostile_strings_stay_text(pages):
    page = Page(pages["hostile"])
    scripts = page.texts("script")
    assert len(scripts) == 1
    assert "alert" not in scripts[0]
    assert not page.all("img")
    assert not page.all("b")
    for _, attributes, _ in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
    for hostile in HOSTILE:
        assert hostile in page.words
    assert page.texts("title") == page.texts("h1") == [HOSTILE[0]]
    labels = page.texts("text")
    assert HOSTILE[0] in labels
    assert "49" not in page.texts("th")


@pytest.mark.parametrize("kind", ["fit", "hostile"])
def test_the_policy_allows_the_pages_own_script_and_no_other(pages, kind):
    (script,) = re.findall(r"<script>(.*?)</script>", pages[kind], re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [m["content"] for m in Page(pages[kind]).all("meta") if "http-equiv" in m]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_the_order_is_answer_groups_rows_choice_trust_data_reproduction_words(pages):
    assert Page(pages["comparison"]).texts("h2")[-7:] == HEADINGS
    given = [heading for heading in HEADINGS if not heading.startswith("How the number")]
    assert Page(pages["fit"]).texts("h2")[-6:] == given
    assert pages["fit"].index('class="answer"') < pages["fit"].index('<h2 id="groups">')


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_for_people(pages, kind):
    words = Page(pages[kind]).words
    assert not re.search(r"\d\.\d{7}", words)
    assert not re.search(r"\bnan\b|\bNaN\b|\binf\b", words)


def test_columns_can_be_sorted_by_number(pages):
    page = Page(pages["comparison"])
    tables = page.all("table")
    assert all(table["class"] == "sortable" for table in tables)
    cells = [c for tag, c, _ in page.elements if tag in ("td",) or (tag == "th" and c["scope"] == "row")]
    assert all("data-sort" in cell for cell in cells)
    assert {"-1305.2", "-1140.1", "-1139.5"} <= {cell["data-sort"] for cell in cells}
    columns = [h for h in page.all("th") if h["scope"] == "col"]
    assert len(columns) == len(page.texts("button"))


def test_a_loo_that_is_not_trusted_is_in_brackets_and_nothing_is_a_dash(pages):
    cells = Page(pages["comparison"]).texts("td")
    assert "−1,140.1 (15.0)" in cells
    assert "[−1,139.5 (15.5)]" in cells
    assert "0.0 (0.0)" in cells
    assert "–" in cells
    assert "41 draws" in cells  # and a link to what "diverged" means
    assert "diverged" in Page(pages["comparison"]).texts("a")


def test_the_picture_of_the_criteria_is_described(pages):
    (alt,) = [p["aria-label"] for p in Page(pages["comparison"]).all("svg") if "Criteria" in str(p)]
    assert "BIC is lowest for gaussian-full with 2" in str(alt)
    assert "AIC is lowest for gaussian-full with 3" in str(alt)
    assert "LOO is highest for gaussian-full with 2" in str(alt)


def test_the_shown_model_stands_out_in_the_table(pages):
    text = pages["comparison"]
    table = text[text.index("The models that were compared") :]
    rows = re.findall(r"<tr( class=\"highlighted\")?>\s*<th scope=\"row\"[^>]*>gaussian-full", table)
    assert [bool(row) for row in rows[:3]] == [False, True, False]


def test_the_answer_comes_first_in_words(pages):
    page = Page(pages["comparison"])
    assert page.texts("p")[-1] != "2 groups"
    assert "2 groups" in page.texts("p")
    assert "2 groups predict new rows better than any other number that was tried (1 or 2)." in page.words
    assert "The fit with 3 groups did not settle" in page.words
    alone = Page(pages["fit"])
    assert "60 rows as 2 groups" in alone.texts("p")
    assert "2 groups were asked for." in alone.words


def test_groups_are_told_in_the_users_units(tree, pages):
    page = Page(pages["fit"])
    means = tree["posterior"]["means"].values.reshape(-1, 2, 2)
    cells = page.texts("td")
    low, high = np.quantile(means[:, 1, 0], [0.055, 0.945])
    expected = f"{np.median(means[:, 1, 0]):.2f} ({low:.2f} to {high:.2f})"
    assert expected in cells
    labels = responsibilities(tree)["label"].values
    assert str(np.sum(labels == 0)) in cells


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_centres_and_spreads_are_medians_of_means_and_standard_deviations(covariance):
    """By NumPy, from what the posterior of each covariance holds."""
    tree = simulated_tree(covariance, separation=3.0, spread=0.3)
    posterior = tree["posterior"].to_dataset()
    means = posterior["means"].values.reshape(-1, 3, 2)
    values = posterior["covariances" if covariance in ("full", "tied") else "variances"].values
    values = values.reshape(len(means), *values.shape[2:])
    scales = {
        "full": lambda v: np.sqrt(np.einsum("skii->ski", v)),
        "tied": lambda v: np.sqrt(np.einsum("sii->si", v))[:, None, :],
        "diag": np.sqrt,
        "spherical": lambda v: np.sqrt(v)[..., None],
    }[covariance](values)
    groups = content_of_tree(tree).groups
    (glance,), (spreads,) = groups.tables, dict(groups.parts)["Standard deviations"].tables
    centres = [[row[3 + j].text for row in glance.rows] for j in range(2)]
    told = [[cell.text for cell in row[1:]] for row in spreads.rows]
    for texts, draws in ((centres, means), (told, np.broadcast_to(scales, means.shape))):
        middle, (low, high) = np.median(draws, axis=0), np.quantile(draws, [0.055, 0.945], axis=0)
        for j in range(2):
            assert texts[j] == [with_interval(middle[k, j], low[k, j], high[k, j]) for k in range(3)]


def test_the_features_are_described_by_pandas_numbers(tree):
    (table,) = content_of_tree(tree).data.tables
    frame = pd.DataFrame(tree["observed_data"]["x"].values)
    wanted = {"lowest": frame.min(), "median": frame.median(), "mean": frame.mean(), "highest": frame.max()}
    wanted["standard deviation"] = frame.std()
    assert table.header == ("feature", *wanted)
    for j, row in enumerate(table.rows):
        assert [cell.sort for cell in row[1:]] == pytest.approx([column[j] for column in wanted.values()])


def test_the_most_doubtful_rows_come_first():
    tree = simulated_tree(separation=1.5, obs=[f"r{i}" for i in range(60)])
    share = scipy_responsibilities(tree, "full", tree["observed_data"]["x"].values).mean(axis=(0, 1))
    (table,) = content_of_tree(tree).membership.tables
    order = np.argsort(share.max(axis=1))
    assert len(table.rows) == min(25, np.sum(share.max(axis=1) < 0.9)) > 0
    assert [row[0].text for row in table.rows] == [f"r{i}" for i in order[: len(table.rows)]]
    for row, i in zip(table.rows, order, strict=False):
        assert row[2].sort == pytest.approx(share[i].max())
        assert row[4].sort == pytest.approx(np.sort(share[i])[-2])


@pytest.mark.parametrize("ci_prob", [0.5, 0.89])
def test_the_interval_of_a_check_is_the_one_that_its_head_promises(ci_prob):
    """That of its sentence, outside of which a statistic stands out, and not the one of posterior intervals."""
    tree = simulated_tree(n_features=2, n_components=2, separation=3.0)
    with az.rc_context({"stats.ci_prob": ci_prob}):
        parts = [part for _, part in content_of_tree(tree).trust.parts if part.tables]
    posterior = posterior_check(tree)
    (table,) = parts[0].tables
    assert table.header[3] == "from the model (the middle 98%)"
    assert {tuple(cell.text for cell in row[:2]) for row in table.rows} == set(posterior.names)
    for row in table.rows:
        i = posterior.names.index((row[0].text, row[1].text))
        made, observed = posterior.made[:, i], posterior.observed[i]
        low, high = np.quantile(made, [0.01, 0.99])
        assert (row[2].text, row[3].text) == beside_interval(observed, low, high)
        assert row[4].sort == pytest.approx(np.mean(made > observed))
    tails = [min(row[4].sort, 1 - row[4].sort) for row in table.rows]
    assert tails == sorted(tails)  # the furthest apart first


def test_few_draws_are_warned_of_and_point_estimates_are_not(pages):
    assert "Do not rely on these numbers yet" in Page(pages["fit"]).texts("h2")
    hostile = Page(pages["hostile"])
    assert "Do not rely on these numbers yet" not in hostile.texts("h2")
    assert "How sure the groups themselves are, this" in hostile.words
    assert "point estimate" in hostile.texts("a")


@pytest.mark.gate
def test_report_writes_one_file_below_the_limit(tmp_path):
    tree = simulated_tree(n_rows=20_000, n_features=4, shape=(2, 25), separation=3.0)
    path = report(tree, tmp_path / "report.html", title="Twenty thousand")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.stat().st_size < 3_000_000
    page = Page(path.read_text(encoding="utf-8"))
    assert page.mistakes == []
    assert page.texts("title") == ["Twenty thousand"]


def test_an_em_result_and_a_comparison_can_be_written(tmp_path):
    em = hostile_em()
    assert "point estimate" in report(em, tmp_path / "em.html").read_text(encoding="utf-8")
    content = content_of_comparison(em.to_tree(), table=comparison_table(), advice=("2 groups.",))
    path = write_html(content, tmp_path / "comparison.htm")
    assert "How the number of groups was chosen" in path.read_text(encoding="utf-8")


def test_the_checks_are_told_with_their_numbers(tree, pages):
    page = Page(pages["fit"])
    assert [heading.partition("?")[0] for heading in page.texts("h3")[6:]] == [
        "Rows that fit badly",
        "Does the model make data like these",
        "What the prior says alone: prior predictive check",
    ]
    check = posterior_check(tree)
    cells = page.texts("td")
    for p_value in check.p_values:
        assert f"{p_value:.2f}" in cells
    assert "400 data sets as long as the data, drawn from the posterior" in page.words
    assert "prior of the groups" in page.texts("dt")
    assert "drawn from the point estimate" in pages["hostile"]


def test_relabelling_is_shown_where_it_renamed_something():
    switched = simulated_tree(permutations=random_permutations((2, 12), 3, seed=1))
    (heading, part), *_ = content_of_tree(bm.relabel(switched)).trust.parts
    assert heading == "Labels before and after relabelling"
    assert len(part.pictures) == 1
    (heading, part), *_ = content_of_tree(bm.relabel(simulated_tree())).trust.parts
    assert heading == "Labels before and after relabelling"
    assert part.sentences == ("The sampler kept its labels: relabelling had no draw to rename.",)


def test_a_component_is_called_a_group(pages):
    for kind in KINDS:
        assert "component" not in re.sub(r"n_components|principal components", "", Page(pages[kind]).words.lower())


def test_maximum_likelihood_has_no_prior_and_a_pymc_prior_is_named():
    X = bm.datasets.load_faithful()[::4]
    em = bm.Mixture(2).fit_em(X, estimate="ml", random_seed=1)
    (_, part) = content_of_tree(em.to_tree()).trust.parts[-1]
    assert part.sentences == ("Maximum likelihood uses no prior.",)
    mixture = record_of(em.to_tree())["mixture"]
    mixture["priors"]["weights"] = {"pymc": "StickBreaking"}
    tree = with_record(em.to_tree(), estimate="map", mixture=mixture)
    (_, part) = content_of_tree(tree).trust.parts[-1]
    assert "pm.sample_prior_predictive" in part.sentences[0]
    assert part.pictures == part.tables == ()


def test_rows_on_which_the_posterior_leans_are_named(tree):
    pareto_k = np.full(60, 0.1)
    said = " ".join(trust_section(Digest(tree), pareto_k).sentences)
    assert "the largest Pareto k-hat of 60 rows is 0.10 (gate 0.7): no single row decides the posterior." in said
    pareto_k[[7, 3]] = 0.9, 1.2
    said = " ".join(trust_section(Digest(tree), pareto_k).sentences)
    assert "is 1.20 (gate 0.7); above it lie rows 3 and 7 (counting from 0)." in said
    assert "The posterior leans on them, and their LOO is not reliable." in said
    pareto_k[3] = 0  # left out by an exact refit
    said = " ".join(trust_section(Digest(tree), pareto_k).sentences)
    assert "The posterior leans on row 3 (counting from 0), whose Pareto k-hat is above 0.7: LOO has fitted" in said
    assert "of the other 59 rows is 0.90 (gate 0.7); above it lies row 7 (counting from 0)." in said
    pareto_k[7] = 0
    said = " ".join(trust_section(Digest(tree), pareto_k).sentences)
    assert "The posterior leans on rows 3 and 7 (counting from 0), whose" in said
    assert "of the other 58 rows is 0.10 (gate 0.7): none of them decides the posterior." in said


def test_pareto_k_is_arvizs():
    tree = bm.Mixture(1).fit_nuts(
        bm.datasets.load_faithful()[::4], draws=200, chains=2, random_seed=1, progressbar=False
    )
    assert Digest(tree).pareto_k == pytest.approx(bm.loo(tree).pareto_k.values, abs=1e-6)


@pytest.mark.gate
@pytest.mark.parametrize(("n_rows", "n_features"), [(100_000, 2), (1000, 30)])
def test_many_rows_and_many_columns_stay_below_the_limit(tmp_path, n_rows, n_features):
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(5, n_features))
    values = centres[rng.integers(5, size=n_rows)] + rng.normal(size=(n_rows, n_features))
    X = pd.DataFrame(values, columns=[f"a rather long name of column {j} (mm)" for j in range(n_features)])
    em = bm.Mixture(5).fit_em(X, n_init=1, random_seed=1)
    assert report(em, tmp_path / "report.html").stat().st_size < 3_000_000


def test_how_the_answer_moves_with_the_prior_is_a_folded_table():
    tree = bm.Mixture(2).fit_gibbs(bm.datasets.load_faithful(), draws=200, random_seed=1, progressbar=False)
    [table] = [one for one in trust_section(Digest(tree)).tables if one.caption.startswith("How the answer moves")]
    numbers = bm.sensitivity(tree)
    assert table.folded
    assert [row[0].text for row in table.rows] == numbers.index.tolist()
    np.testing.assert_allclose([row[3].sort for row in table.rows], numbers["twice_prior"])
