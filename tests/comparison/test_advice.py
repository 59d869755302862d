import numpy as np
import pandas as pd
import pytest

from bayesmix.comparison.advice import advise
from bayesmix.comparison.table import COLUMNS
from bayesmix.standing import contenders, deciding, preferred, without_judgement

NAN = np.nan


def table(rows: dict, family: str = "gaussian-full") -> pd.DataFrame:
    """Rows by K (or by (family, K)): bic, icl, elpd_diff, dse."""
    index = [key if isinstance(key, tuple) else (family, key) for key in rows]
    made = pd.DataFrame(
        NAN,
        index=pd.MultiIndex.from_tuples(index, names=["family", "n_components"]),
        columns=[name for name in COLUMNS if name not in ("engine", "notes")],
    )
    for key, (bic, icl, diff, dse) in zip(index, rows.values(), strict=True):
        made.loc[key, ["bic", "icl", "elpd_diff", "dse"]] = [bic, icl, diff, dse]
        made.loc[key, "elpd_loo"] = -1000 + (0 if np.isnan(diff) else diff)
    return made


def test_two_that_cannot_be_told_apart():
    made = table({1: (260, 260, -150, 15), 2: (230, 230, -2.6, 3.0), 3: (232, 240, 0, 0)})
    assert advise(made)[0] == ("2 or 3 groups: LOO cannot tell 2 from 3 (|difference| < 4); BIC prefers 2.")


def test_one_clear_winner_and_agreement():
    made = table({1: (260, 260, -150, 15), 2: (230, 230, 0, 0), 3: (232, 240, -30, 6)})
    assert advise(made) == ("2 groups: LOO prefers 2; BIC agrees.",)


def test_a_clear_winner_that_bic_does_not_share():
    made = table({1: (220, 215, -40, 9), 2: (230, 230, 0, 0), 3: (225, 240, -30, 6)})
    assert advise(made)[0] == "2 groups: LOO prefers 2; BIC prefers 1."


def test_differences_within_their_error():
    made = table({2: (230, 230, -9.0, 6.0), 3: (232, 240, 0, 0), 4: (250, 260, -30.0, 6.0)})
    assert advise(made)[0] == (
        "2 or 3 groups: LOO cannot tell 2 from 3 (|difference| < 4 or below 2 standard errors); BIC prefers 2."
    )


def test_several_and_a_range():
    rows = {k: (230 + k, 230 + k, -0.4 * k if k > 2 else 0, 1.0) for k in (2, 3, 4, 5, 6, 7, 8)}
    assert advise(table(rows))[0] == ("2 to 8 groups: LOO cannot tell 2 to 8 apart (|difference| < 4); BIC prefers 2.")
    del rows[4]
    assert advise(table(rows))[0] == (
        "2, 3, 5, 6, 7 or 8 groups: LOO cannot tell 2, 3, 5, 6 and 2 more models apart "
        "(|difference| < 4); BIC prefers 2."
    )


def test_icl_speaks_where_it_differs_from_bic():
    made = table({2: (230, 230, -20, 3.0), 3: (220, 240, 0, 0), 4: (225, 260, -30, 6.0)})
    assert advise(made)[0] == ("3 groups: LOO prefers 3; BIC agrees, ICL (which asks for well separated groups) 2.")


def test_families_are_named_where_there_are_several():
    made = table(
        {
            ("gaussian-full", 2): (230, 230, 0, 0),
            ("gaussian-diag", 2): (235, 235, -30, 4),
            ("gaussian-diag", 3): (236, 236, -1, 2),
        }
    )
    assert advise(made)[0] == (
        "2 or 3 groups: LOO cannot tell gaussian-full with 2 from gaussian-diag with 3 "
        "(|difference| < 4); BIC prefers gaussian-full with 2."
    )


def test_untrusted_posteriors_are_named_with_the_reason():
    made = table({2: (230, 230, 0, 0), 3: (232, 240, NAN, NAN)})
    key = ("gaussian-full", 3)
    answer, reason = advise(made, {key: ("the chains do not agree", "3 of 40 draws diverged")})
    assert answer == "2 groups: LOO prefers 2; BIC agrees."
    assert reason == (
        "The posterior of 3 groups cannot be trusted: the chains do not agree and 3 of 40 draws diverged."
    )


def test_rows_that_were_not_refitted_spoil_loo_only():
    made = table({2: (230, 230, 0, 0), 1: (232, 240, NAN, NAN), 3: (232, 240, -9, 1)})
    made["n_bad_k"] = [0, 1, 0]
    assert advise(made)[1] == ("The LOO of 1 group cannot be trusted: 1 row with Pareto k > 0.7.")


def test_no_posterior_that_can_be_trusted():
    made = table({2: (230, 230, NAN, NAN), 3: (232, 240, NAN, NAN)})
    said = advise(made, {("gaussian-full", 2): ("a",), ("gaussian-full", 3): ("b",)})
    assert said[0] == ("2 groups: BIC prefers 2. LOO gives no answer: none of these posteriors can be trusted.")


def test_point_estimates_only():
    made = table({1: (260, 260, NAN, NAN), 2: (230, 230, NAN, NAN), 3: (232, 240, NAN, NAN)})
    made["elpd_loo"] = NAN
    said = "2 groups: BIC prefers 2 (point estimates only: there is no posterior to compare, and BIC decides)."
    assert advise(made) == (said,)


def test_the_edge_of_what_was_tried():
    made = table({1: (260, 260, -150, 15), 2: (230, 230, 0, 0)})
    assert advise(made)[1] == ("The best has 2 groups, the most that were tried: try more.")
    assert len(advise(table({2: (230, 230, 0, 0)}))) == 1
    tied = table({1: (260, 260, -2, 1), 2: (230, 230, 0, 0)})
    assert len(advise(tied)) == 1  # fewer may do


def test_one_group():
    assert advise(table({1: (200, 200, 0, 0), 2: (220, 220, -9, 2)}))[0].startswith("1 group: ")


def test_remarks_come_last():
    assert advise(table({2: (230, 230, 0, 0)}), remarks=["A remark."])[-1] == "A remark."


@pytest.mark.parametrize("dse", [0.1, 100.0])
def test_contenders_are_sorted_and_trusted(dse):
    made = table({1: (0, 0, NAN, NAN), 2: (0, 0, -3, dse), 3: (0, 0, 0, 0), 4: (0, 0, -1, dse)})
    assert [k for _, k in contenders(made)] == [3, 4, 2]


def test_what_was_never_fitted_is_part_of_the_answer():
    rows = {1: (260, 260, -150, 15), 2: (230, 230, 0, 0)} | dict.fromkeys((3, 4, 5), (NAN, NAN, NAN, NAN))
    made = table(rows)
    keys = [("gaussian-full", k) for k in (3, 4, 5)]
    made.loc[keys, "elpd_loo"] = NAN
    found = advise(made, unfinished=keys)
    assert found == (
        "2 groups: LOO prefers 2; BIC agrees. "
        "The comparison was interrupted: 3 to 5 were not finished, and may be better.",
    )
    assert "5 was not finished" in advise(made, unfinished=keys[2:])[0]


def test_the_usual_reason_where_bic_prefers_fewer():
    made = table({1: (220, 220, -40, 9), 2: (230, 230, 0, 0), 3: (235, 240, -30, 6)})
    assert advise(made)[1].startswith("BIC prefers fewer groups than LOO, usually because the further ones are small")
    tied = table({1: (220, 220, -1, 1), 2: (230, 230, 0, 0), 3: (235, 240, -30, 6)})
    assert len(advise(tied)) == 1  # LOO cannot tell: BIC's number is among those


def test_the_usual_reason_where_bic_prefers_more():
    made = table({1: (260, 260, -40, 9), 2: (230, 225, 0, 0), 3: (220, 240, -30, 6)})
    assert advise(made)[1].startswith("BIC prefers more groups than LOO, usually because the highest likelihood stands")
    assert len(advise(table({1: (260, 260, -40, 9), 2: (230, 225, 0, 0), 3: (231, 240, -30, 6)}))) == 1


def test_the_usual_reason_where_icl_prefers_fewer():
    made = table({2: (230, 230, -20, 3.0), 3: (220, 240, 0, 0), 4: (225, 260, -30, 6.0)})
    _, reason = advise(made)
    assert reason.startswith("ICL prefers fewer groups than BIC, usually because some of these overlap")
    assert "bm.merge of the 3 groups" in reason
    assert advise(without_posterior({2: (230, 230), 3: (220, 240)}))[1] == reason


def without_posterior(rows: dict) -> pd.DataFrame:
    made = table({key: (*criteria, NAN, NAN) for key, criteria in rows.items()})
    made["elpd_loo"] = NAN
    return made


def test_of_estimates_the_answer_is_icl_s_number_where_it_is_two_at_least_and_fewer_than_bic_s():
    """Components that describe the density are BIC's, groups that rows can be told to be of ICL's (Baudry et al.)."""
    made = without_posterior({1: (400, 400), 2: (230, 235), 3: (220, 260), 4: (225, 290)})
    answer, overlap, reason = advise(made)
    assert answer == (
        "2 groups: BIC prefers 3, ICL (which asks for well separated groups) 2 (point estimates only: there is no "
        "posterior to compare, and ICL decides)."
    )
    assert "some of these overlap" in overlap
    assert reason == "So the answer is ICL's 2: how many groups rows can be told to be of."
    assert (deciding(made), preferred(made)) == ("icl", ("gaussian-full", 2))


def test_that_icl_prefers_one_group_is_no_reason_against_bic_s_number():
    made = without_posterior({1: (250, 250), 2: (230, 260), 3: (235, 290)})
    answer, reason = advise(made)
    assert answer.startswith("2 groups: BIC prefers 2, ICL (which asks for well separated groups) 1 (")
    assert answer.endswith("and BIC decides).")
    assert reason == (
        "ICL prefers one group, as it does wherever groups overlap, for of one group no row is in doubt: the answer is "
        "BIC's 2, and many rows may be in doubt."
    )


@pytest.mark.parametrize(
    ("bic", "icl", "by", "number"),
    [
        ([9, 5, 1, 3], [9, 1, 5, 7], "icl", 2),
        ([9, 5, 1, 3], [1, 3, 5, 7], "bic", 3),  # one group
        ([9, 1, 5, 7], [9, 5, 1, 3], "bic", 2),  # never more than BIC's
        ([9, 1, 5, 7], [9, 1, 5, 7], "bic", 2),
        ([9, 5, 1, 3], [NAN] * 4, "bic", 3),
    ],
)
def test_which_criterion_of_estimates_decides(bic, icl, by, number):
    made = without_posterior({k + 1: pair for k, pair in enumerate(zip(bic, icl, strict=True))})
    assert (deciding(made), preferred(made)) == (by, ("gaussian-full", number))


def test_loo_is_asked_first_whatever_icl_says():
    """The number among those that LOO cannot tell apart; and none of the estimates' where it can."""
    made = table({2: (230, 235, -20, 3.0), 3: (220, 260, 0, 0), 4: (225, 290, -1, 2.0)})
    assert advise(made)[0].startswith("3 or 4 groups: LOO cannot tell 3 from 4")
    assert preferred(made.loc[contenders(made)]) == ("gaussian-full", 3)
    close = table({2: (230, 235, -1, 2.0), 3: (220, 260, 0, 0)})
    assert preferred(close.loc[contenders(close)]) == ("gaussian-full", 2)


def test_icl_answers_where_loo_could_not_judge_the_model_that_it_clearly_prefers():
    made = table({1: (400, 400, -99, 9), 2: (230, 235, NAN, NAN), 3: (220, 260, 0, 0)})
    assert without_judgement(made) == ("gaussian-full", 2)
    answer, *others = advise(made, {("gaussian-full", 2): ("the chains do not agree",)})
    assert answer == (
        "2 groups: BIC prefers 3, ICL (which asks for well separated groups) 2. LOO gives no answer: it could not "
        "judge 2 groups; of the models that it could it prefers 3."
    )
    assert "So the answer is ICL's 2: how many groups rows can be told to be of." in others
    made.loc[("gaussian-full", 3), "icl"] = 236.5  # hardly worth a mention
    said = advise(made, {("gaussian-full", 2): ("the chains do not agree",)})
    assert said[0].startswith("3 groups: LOO prefers 3")
    assert "LOO could not judge 2 groups, which ICL hardly prefers: the answer is the best of the others." in said


def test_the_answer_never_rests_on_a_posterior_that_cannot_be_trusted():
    """However good its numbers are: the answer is the best of the others, and says what was left out."""
    made = table({2: (230, 230, 0, 0), 3: (232, 240, -9, 1), 4: (229, 229, NAN, NAN)})
    made.loc[("gaussian-full", 4), ["elpd_loo", "elpd_waic"]] = 1e6
    found = advise(made, {("gaussian-full", 4): ("the chains do not agree",)})
    assert found[0] == "2 groups: LOO prefers 2; BIC prefers 4."
    assert "LOO could not judge 4 groups, which BIC hardly prefers: the answer is the best of the others." in found
    assert "The posterior of 4 groups cannot be trusted: the chains do not agree." in found


@pytest.mark.parametrize("of_others", [-1e6, 1e6])
def test_bic_answers_where_loo_could_not_judge_the_model_that_it_clearly_prefers(of_others):
    """Of one group and four, of which only one group could be judged, LOO has compared nothing; nor is it read."""
    made = table({1: (230, 230, 0, 0), 2: (232, 240, -9, 1), 4: (100, 100, NAN, NAN)})
    made.loc[("gaussian-full", 4), ["elpd_loo", "elpd_waic"]] = of_others
    found = advise(made, {("gaussian-full", 4): ("the chains do not agree",)})
    assert found[0] == (
        "4 groups: BIC prefers 4. LOO gives no answer: it could not judge 4 groups; of the models that it could it "
        "prefers 1."
    )
    assert "The posterior of 4 groups cannot be trusted: the chains do not agree." in found
    assert contenders(made) == []


def test_a_difference_in_bic_that_is_hardly_worth_a_mention_leaves_the_answer_to_loo():
    made = table({1: (230, 230, 0, 0), 2: (228.1, 240, NAN, NAN)})
    assert [k for _, k in contenders(made)] == [1]
    made.loc[("gaussian-full", 2), "bic"] = 227.9
    assert without_judgement(made) == ("gaussian-full", 2)
    never_sampled = made.assign(elpd_loo=[-1000.0, NAN])
    assert without_judgement(never_sampled) == ("gaussian-full", 2)


def test_waic_has_no_say():
    """Neither beside a LOO nor in its place."""
    for rows in ({2: (230, 230, 0, 0), 3: (232, 240, -9, 1)}, {2: (230, 230, NAN, NAN), 3: (232, 240, NAN, NAN)}):
        made = table(rows)
        made["n_bad_k"] = 1
        said = advise(made)
        made["elpd_waic"] = [-1e6, 1e6]
        made["share_bad_p"] = [0.0, 0.5]
        assert advise(made) == said
        assert not any("WAIC" in sentence for sentence in said)


def test_many_posteriors_that_cannot_be_trusted_are_one_sentence():
    made = table({2: (230, 230, 0, 0)} | {k: (240, 240, NAN, NAN) for k in (3, 4, 5, 6, 8)})
    found = advise(made, {("gaussian-full", k): ("a reason",) for k in (3, 4, 5, 6, 8)})
    assert found[1:] == (
        "5 posteriors cannot be trusted, those of 3, 4, 5, 6 and 1 more model: the notes of the models say why.",
    )
