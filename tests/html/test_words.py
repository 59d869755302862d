import pytest

from bayesmix.html.words import as_sentence, in_groups


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Component parameters: components overlap, component 2 owns no row.",
            "Group parameters: groups overlap, group 2 owns no row.",
        ),
        ("lower n_components, or take principal components", "lower n_components, or take principal components"),
        ("Components are ordered by component a of means.", "Groups are ordered by component a of means."),
        ("of Component A and component a", "of Component A and component a"),
    ],
)
def test_a_component_is_a_group_unless_the_user_says_so(said, told):
    assert in_groups(said, ["component a", "Component A"]) == told


def test_notes_become_sentences():
    assert [as_sentence(note) for note in ("two words ", "Done.", "why?")] == [
        "Two words.",
        "Done.",
        "why?".capitalize(),
    ]
