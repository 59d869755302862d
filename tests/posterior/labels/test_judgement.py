import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesmix.posterior.labels.judgement import Judgement
from bayesmix.verdict import Reason


def judgement(rhat: float = 1.001, ess: float = 2000, **changes) -> Judgement:
    numbers = {"rhat": [rhat], "ess_bulk": [ess], "ess_tail": [ess]}
    measured = {
        "chain_groups": ((0, 1, 2, 3),),
        "n_draws": 4000,
        "divergences": 0,
        "pareto_k": np.nan,
        "kind": "chains",
        **changes,
    }
    return Judgement(quantities=xr.Dataset(), table=pd.DataFrame(numbers, index=["x"]), **measured)


@pytest.mark.parametrize("made", [judgement(), judgement(divergences=20), judgement(rhat=1.01, ess=400)])
def test_what_passes_the_gates_is_trusted(made):
    assert made.reasons == ()


@pytest.mark.parametrize(
    ("made", "reason", "clause"),
    [
        (judgement(rhat=1.034), Reason("disagreement", {"rhat": 1.034}), "do not agree (R-hat 1.034, gate 1.01)"),
        (judgement(ess=212.4), Reason("few_draws", {"ess": 212.4}), "there are only 212 effective draws (gate 400)"),
        (
            judgement(chain_groups=((0, 1, 2), (3,))),
            Reason("basins", {"basins": 2}),
            "the chains settled in 2 different basins",
        ),
        (
            judgement(divergences=40),
            Reason("divergences", {"divergences": 40, "draws": 4000}),
            "40 of 4000 draws diverged",
        ),
        (
            judgement(np.nan, np.nan, pareto_k=0.92, kind="independent"),
            Reason("approximation", {"pareto_k": 0.92}),
            "the approximation is far from the posterior (Pareto k 0.920, gate 0.7)",
        ),
        (judgement(np.nan, 900), Reason("unjudged"), "not finite or did not move"),
        (judgement(np.nan, 900, chain_groups=((0,),)), Reason("one_chain"), "one chain cannot show"),
    ],
)
def test_reasons(made, reason, clause):
    assert made.reasons == (reason,)
    assert clause in reason.clause


def test_basins_explain_poor_numbers():
    made = judgement(rhat=1.6, ess=6, chain_groups=((0, 1), (2, 3)))
    assert [reason.kind for reason in made.reasons] == ["basins"]


def test_several_reasons_stand_beside_each_other():
    made = judgement(rhat=1.6, ess=6, divergences=90)
    assert [reason.kind for reason in made.reasons] == ["disagreement", "few_draws", "divergences"]


@pytest.mark.parametrize("poor", [{"rhat": 1.2}, {"ess": 100.0}, {"chain_groups": ((0, 1), (2, 3))}, {"rhat": np.nan}])
def test_gibbs_sampling_is_not_told_to_use_itself(poor):
    """There is no other sampler to turn to: more sweeps are."""
    [reason] = judgement(**poor, by_gibbs=True).reasons
    [of_nuts] = judgement(**poor).reasons
    assert reason.clause == of_nuts.clause
    assert "max_sweeps=" in reason.remedy
    for said in (reason.remedy, reason.remedy_on_command_line):
        assert "gibbs" not in said
    assert "gibbs" in of_nuts.remedy
    assert "gibbs" in of_nuts.remedy_on_command_line
    assert Reason.from_dict(reason.to_dict()) == reason
