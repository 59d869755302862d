from bayesmix.html.sections.trust import as_sentence


def test_notes_become_sentences():
    assert [as_sentence(note) for note in ("two words ", "Done.", "why?")] == [
        "Two words.",
        "Done.",
        "why?".capitalize(),
    ]
