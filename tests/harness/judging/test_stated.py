"""What an instruction states of an output."""

from __future__ import annotations

import pytest

from harness.judging.stated import of_no_name, read_stated

PLANNER = """Write a planner.

- `upgrade: NAME OLD -> NEW` when a package goes up.
- `kept back: NAME OLD (held)` when it is held.

The last line is `N to upgrade, M kept back`. Without packages it prints `nothing to do` and exits with status 3.

    month,total
    2024-01,12
"""


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("upgrade: curl 7.88 -> 8.9", True),
        ("kept back: curl 7.88 (held)", True),
        ("kept back: curl 7.88 (None)", False),
        ("3 to upgrade, 0 kept back", True),
        ("nothing to do", True),
        ("2025-11,40", True),
        ("upgrading curl", False),
    ],
)
def test_a_line_is_stated_where_its_form_is_shown(line: str, stated: bool) -> None:
    assert read_stated(PLANNER, []).exactly(line) is stated


def test_of_several_right_answers_only_fixed_texts_are_stated() -> None:
    found = read_stated(f"{PLANNER} If several plans are equally good, any of them will do.", [])
    assert found.many
    assert not found.exactly("upgrade: curl 7.88 -> 8.9")
    assert found.exactly("nothing to do")


def test_words_that_nobody_gave_are_the_reference_s_own() -> None:
    found = read_stated("Print the balance of each account.", ["name,owner\n"])
    assert not found.unknown("balance 12", set())
    assert not found.unknown("owner alice", {"alice"})
    assert found.unknown("Summary of accounts", set()) == {"summary"}


def test_a_free_order_is_read() -> None:
    assert read_stated("Print the names in any order.", []).any_order
    assert not read_stated("Print the names in alphabetical order.", []).any_order


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/app/secrets.hash", True),
        ("/app/answer.txt", False),
        ("/app/results/b.csv", False),
        # Nobody names each file of a machine's set-up, or of a repository.
        ("/etc/nginx/conf.d/site.conf", False),
        ("/app/site/.git/HEAD", False),
        ("python3 tool.py --all", False),
    ],
)
def test_a_file_that_nobody_named_is_on_the_way_to_what_was_asked_for(path: str, expected: bool) -> None:
    assert of_no_name(path, "Write the word to /app/answer.txt and tables below results/.") is expected


@pytest.mark.parametrize(
    ("instruction", "many"),
    [("Find a valid path.", True), ("It must be a valid JSON file.", False), ("The goal is a valid DB file.", False)],
)
def test_what_is_well_formed_has_not_many_right_contents_for_that(instruction: str, many: bool) -> None:
    assert read_stated(instruction, []).many is many


@pytest.mark.parametrize(
    ("instruction", "many"),
    [
        ("Pick a random one.", True),
        ("Ties are broken arbitrarily.", True),
        ("The file is replaced with random bytes.", False),
        ("The difference is not random.", False),
        ("You can run the old tool arbitrarily often.", False),
    ],
)
def test_a_free_choice_is_told_from_data_that_nobody_knows(instruction: str, many: bool) -> None:
    assert read_stated(instruction, []).many is many


@pytest.mark.parametrize(
    ("instruction", "estimated"),
    [
        ("The sum must be close to the true one.", True),
        ("Train it to an accuracy of 90 %.", True),
        ("Rows that are close to the page limit fail.", False),
        ("Change the visibility model. It relies on accurate size accounting.", False),
    ],
)
def test_a_number_need_not_be_exact_where_that_is_said_of_numbers(instruction: str, estimated: bool) -> None:
    assert read_stated(instruction, []).estimated is estimated
