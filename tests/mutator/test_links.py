"""Which of several sentences a change is linked to: the one that says most of what changes, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mutator.model import Edit, FaultClass, Source
from mutator.relevance import Relevance, requirements
from mutator.relevance.requirements import only_mentions
from tests.mutator.test_relevance import mutant, source

COMMANDS = """\
**`HIRE <name> <wage>`**
Adds a worker. If the name is taken, print `TAKEN`.
- A wage below 0 is answered with `ERROR`.

**`FIRE <name> <day>`**
Removes a worker. If the day is over, print `LATE`.
- A day below 0 is answered with `ERROR`.

Both are written to the log.
"""

PROGRAM = """\
func run(words []string) {
\tswitch words[0] {
\tcase "HIRE":
\t\tamount := number(words[2])
\t\tif amount < 0 {
\t\t\tprint("ERROR")
\t\t}
\tcase "FIRE":
\t\tamount := number(words[2])
\t\tif amount < 0 {
\t\t\tprint("ERROR")
\t\t}
\t}
}
"""


def linked(
    instruction: str, code: Source, start: int, end: int, *, scope: str = "", operator: str = "x.y", fault: str = ""
) -> str:
    changed = replace(
        mutant(code.text[start:end], "", scope=scope, target=code.target),
        operator=operator,
        changes=(Edit(start, end, ""),),
        fault=FaultClass(fault) if fault else FaultClass.WRONG_VALUE,
    )
    relevance = Relevance(instruction, [code])
    links = relevance.links(changed)
    return relevance.requirements[links[0].requirement].text if links else ""


def removed(instruction: str, code: Source, text: str, *, occurrence: int = 0, scope: str = "", **more: str) -> str:
    start = -1
    for _ in range(occurrence + 1):
        start = code.text.index(text, start + 1)
    return linked(instruction, code, start, start + len(text), scope=scope, **more)


GUARD = '\t\tif amount < 0 {\n\t\t\tprint("ERROR")\n\t\t}\n'


@pytest.mark.parametrize(("occurrence", "said"), [(0, "A wage below 0"), (1, "A day below 0")])
def test_what_is_done_for_a_command_is_what_stands_below_its_line(occurrence: int, said: str) -> None:
    code = source(PROGRAM, "go", "/app/main.go")
    assert removed(COMMANDS, code, GUARD, occurrence=occurrence).startswith(said)


def test_sentences_below_a_line_of_a_command_are_about_it_and_those_after_it_are_not() -> None:
    found = {each.text.split()[0].strip("*`"): (each.about, each.head) for each in requirements(COMMANDS)}
    assert found == {
        "HIRE": ("HIRE", True),
        "If": ("FIRE", False),
        "A": ("FIRE", False),
        "FIRE": ("FIRE", True),
        "Both": ("", False),
    }


RECORDS = """\
Each entry carries path and size, the size being that of the file.
The entries come from `/srv/first.json`.
The report has a title.
"""


def test_an_entry_is_what_the_sentence_says_that_lists_those_beside_it() -> None:
    code = source('entry = {"path": "/srv/first.json", "size": size(first), "seen": True}\n')
    entry = '"path": "/srv/first.json", '
    assert removed(RECORDS, code, entry, fault=FaultClass.DROPPED_OUTPUT).startswith("Each entry carries")


SAME = """\
A parcel has a weight limit.
The weight limit of a parcel is checked.
Over the weight limit a parcel stays.
"""


def test_what_several_sentences_say_alike_ties_none_of_them() -> None:
    code = source("def load(parcel):\n    weight_limit = 3\n    a = 1\n    b = 2\n    c = 3\n    d = 4\n    return a\n")
    assert removed(SAME, code, "    weight_limit = 3\n", scope="load") == ""
    assert removed(SAME.split("\n")[0] + "\n", code, "    weight_limit = 3\n", scope="load") != ""


@pytest.mark.parametrize(("line", "tied"), [('    "year": 2025,\n', False), ('    "limit": 780,\n', True)])
def test_a_year_counts_nothing(line: str, tied: bool) -> None:
    text = "Contest of 2025, Problem B.\nThe limit is 780.\n"
    code = source(f"def make():\n    a = 1\n    return {{\n{line}    }}\n")
    assert bool(removed(text, code, line, scope="make")) is tied


@pytest.mark.parametrize(("text", "tied"), [("The names are sorted.\n", True), ("The names are printed.\n", False)])
def test_an_order_that_nobody_speaks_of_breaks_no_sentence(text: str, tied: bool) -> None:
    code = source("def names(all_names):\n    return sorted(all_names)\n")
    assert bool(removed(text, code, "sorted", operator="python.order")) is tied


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("Title keywords must include parcel, depot and weight.", True),
        ("Must mention parcel_id, weight and `/srv/out.json`.", True),
        ("The report must include the weight of each parcel.", False),
        ("Write a keyword index to `/srv/index.txt`.", False),
    ],
)
def test_a_sentence_that_only_asks_for_words_is_told_from_the_others(text: str, mentions: bool) -> None:
    assert only_mentions(text) is mentions


def test_a_value_of_a_record_says_nothing_of_those_beside_it() -> None:
    text = "The tool column says which destructive tool is used.\n"
    code = source('writer.writerow(["field", "destructive_tool"])\n')
    assert removed(text, code, '"field"') == ""
    assert removed(text, code, ', "destructive_tool"') == text.strip()
