"""Notes are data until somebody reads them."""

import json

import pytest

import bayesmix as bm
from bayesmix.notes import Note, in_words, kinds_in
from bayesmix.tree import record_of
from bayesmix.tree.record import with_record
from tests.simulated_trees import simulated_tree


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (Note("ended", {"engine": "EM", "how": "stopped at max_iter"}), "EM: stopped at max_iter"),
        (Note("log_likelihood_not_stored", {"values": 6.5e7}), "the log-likelihood (6.5e+07 values) is not stored"),
        (Note("far_from_gaussian", {"pareto_k": 0.91, "gate": 0.7, "rank": "full"}), "k-hat 0.910, above 0.7"),
        (Note("far_from_gaussian", {"pareto_k": float("nan"), "gate": 0.7, "rank": "mean-field"}), "rank='full' or"),
        (Note("singular_covariance", {"rows": 4, "features": 5}), "(4 rows, 5 features)"),
        (Note("rejected_often", {"share": 0.9}), "rejected often (share 0.9)"),  # another's engine
        (Note("singular_covariance", {"ranks": 4}), "singular covariance (ranks 4)"),  # another version's
        (Note("interrupted"), "only the draws that were finished are kept"),
    ],
)
def test_words(note, words):
    assert words in note.words
    assert in_words(json.loads(json.dumps([note.to_dict()]))) == [note.words]


def test_a_file_of_an_earlier_version_shows_its_sentences(tmp_path):
    tree = with_record(simulated_tree(), notes=["interrupted: only the draws that were finished are kept"])
    bm.save(tree, tmp_path / "old.nc")
    loaded = bm.load(tmp_path / "old.nc")
    bm.report(loaded, tmp_path / "page.md")
    assert "Interrupted: only the draws that were finished are kept." in (tmp_path / "page.md").read_text()


def test_a_file_keeps_kinds_and_data_and_pages_say_them(tmp_path):
    tree = with_record(simulated_tree(), notes=[Note("interrupted").to_dict()])
    bm.save(tree, tmp_path / "fit.nc")
    loaded = bm.load(tmp_path / "fit.nc")
    assert kinds_in(record_of(loaded)["notes"]) == {"interrupted"}
    bm.report(loaded, tmp_path / "page.md")
    assert "Interrupted: only the draws that were finished are kept." in (tmp_path / "page.md").read_text()


def test_a_report_of_an_engine_of_somebodys_own(tmp_path):
    bm.report(simulated_tree(record={"method": "random_walk"}), tmp_path / "page.md")
    assert "draws of X by the engine 'random_walk'" in (tmp_path / "page.md").read_text()
