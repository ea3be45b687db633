"""What an instruction states: numbers and their side, words, and the family that reads sources beside it."""

from __future__ import annotations

import pytest

from mutator.generate import generate
from mutator.model import Mutant
from mutator.operators import FAMILIES, families
from mutator.operators.stated.instruction import Instruction, Side
from mutator.sources import read_sources


@pytest.mark.parametrize(
    ("sentence", "side"),
    [
        ("Keep at least 3 copies.", Side.LEAST),
        ("A name has a minimum of 3 letters.", Side.LEAST),
        ("No fewer than 3 copies are kept.", Side.LEAST),
        ("No less than `3` copies.", Side.LEAST),
        ("Keep 3 or more copies.", Side.LEAST),
        ("Users with more than 3 failures are locked.", Side.LEAST),
        ("Keep at most 3 copies.", Side.MOST),
        ("Retries must not exceed 3.", Side.MOST),
        ("No more than 3 copies.", Side.MOST),
        ("It may take up to 3 seconds.", Side.MOST),
        ("Fewer than 3 rows are an error.", Side.MOST),
        ("Keep 3 copies.", Side.EXACT),
        ("Print exactly 3 lines.", Side.EXACT),
    ],
)
def test_the_side_of_a_number_is_that_of_the_words_beside_it(sentence: str, side: Side) -> None:
    (number,) = Instruction(sentence).numbers["3"]
    assert number.side is side


def test_a_number_has_the_unit_and_the_words_of_its_own_sentence() -> None:
    instruction = Instruction("1. Sessions expire after 30 minutes.\n2. Uploads end at 30 MB, in version 1.2.3.")
    assert [number.unit for number in instruction.numbers["30"]] == ["minutes", "mb"]
    first, second = instruction.numbers["30"]
    assert "upload" in second.words
    assert "upload" not in first.words
    assert set(instruction.numbers) == {"30"}, "numbers of a list, and parts of a version, are no numbers"


def test_a_word_is_said_only_as_a_whole() -> None:
    instruction = Instruction("Allow `alice` and www.example.com; see /etc/app.conf.")
    assert [
        word
        for word in ("alice", "ali", "example.com", "www.example.com", "/etc/app.conf", "app")
        if instruction.says(word)
    ] == [
        "alice",
        "www.example.com",
        "/etc/app.conf",
    ]


FILES = {"solve.sh": b"cat > /app/keep.py <<'EOF'\nMIN_COPIES = 3\nOTHER = 3\nEOF\n"}


def stated(instruction: str) -> list[Mutant]:
    made = generate(read_sources(FILES, "solve.sh"), FILES, families(instruction))
    return [mutant for mutant in made if mutant.operator.startswith("stated.")]


def test_a_bound_is_broken_on_its_own_side() -> None:
    assert [mutant.after for mutant in stated("Keep at least 3 copies.")] == ["MIN_COPIES = 2"]
    assert [mutant.after for mutant in stated("Keep at most 3 copies.")] == ["MIN_COPIES = 4"]


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("limit_zone: by_address:10m", False),
        ("limit_rate: 10", True),
        ("limit_delay: 10s", False),
    ],
)
def test_a_number_with_another_unit_right_behind_it_is_another_number(line: str, changed: bool) -> None:
    files = {"solve.sh": f"cat > /app/keep.yaml <<'EOF'\n{line}\nother: x\nEOF\n".encode()}
    said = families("Limit every address to at most 10 requests a second.")
    made = generate(read_sources(files, "solve.sh"), files, said)
    assert any(mutant.operator.startswith("stated.too") for mutant in made) is changed


def test_what_the_instruction_does_not_state_is_left_alone() -> None:
    assert stated("Keep at least 5 copies.") == []
    assert stated("") == []


def test_the_family_is_listed_without_an_instruction_and_told_apart_with_one() -> None:
    assert [family.name for family in families("x")] == [family.name for family in FAMILIES]
    assert [op.id for family in families("x") for op in family.operators] == [
        op.id for family in FAMILIES for op in family.operators
    ]


def test_what_is_only_said_in_comments_messages_and_help_is_no_value() -> None:
    files = {"solve.sh": b'cat > /app/keep.py <<\'EOF\'\n"""Copies: 3"""\n# copies = 3\nprint(\'copies\', 3)\nEOF\n'}
    made = generate(read_sources(files, "solve.sh"), files, families("Keep at least 3 copies."))
    assert [mutant.sentence for mutant in made if mutant.operator == "stated.too-few"] == []
