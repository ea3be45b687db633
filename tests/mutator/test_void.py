from __future__ import annotations

import pytest

from mutator.generate import generate
from mutator.model import FileText, Mutant, Source, SourceKind
from mutator.operators import FAMILIES
from mutator.relevance import Relevance
from mutator.select import anywhere, select

GO = """package store

type Store struct { staged map[string]int; kept map[string]int }

func New() *Store {
\treturn &Store{staged: map[string]int{}, kept: map[string]int{}}
}

func (s *Store) begin(name string) {
\ts.staged = map[string]int{name: 0}
}

func (s *Store) put(name string, size int) {
\ts.staged[name] = size
}

func (s *Store) commit() {
\tfor name, size := range s.staged {
\t\ts.kept[name] = size
\t}
}

func (s *Store) Do(words []string, sizes []int, most int) int {
\ttotal := 0
\tif words[0] == "BEGIN" {
\t\ts.begin(words[1])
\t}
\tif words[0] == "PUT" {
\t\ts.put(words[1], len(words))
\t}
\tif words[0] == "COMMIT" {
\t\ts.commit()
\t}
\tfor i := 0; i < most; i++ {
\t\ttotal += sizes[i]
\t}
\treturn total
}
"""
ONE_WORD = GO.replace('"COMMIT"', '"SHOW"').replace("commit", "show")
PYTHON = """import json, sys
left = 100
for size in map(int, sys.stdin.read().split()):
    if left >= size:
        left -= size
json.dump({"left": left}, sys.stdout)
"""
SCRIPT = """git clone https://example.org/cells.git /srv/cells
cd /srv/cells
git apply /solution/mend.diff
cp cells.cfg /srv/out.cfg
"""


def made(text: str, language: str) -> list[Mutant]:
    kind = SourceKind.SCRIPT if language == "shell" else SourceKind.SIBLING
    source = Source("solution", kind, language, "/app/solution", FileText(text), 1)
    return list(generate([source], {"solution": text.encode()}, FAMILIES))


@pytest.mark.parametrize(
    ("text", "language", "operator", "before", "unlikely"),
    [
        (GO, "go", "code.never", 'words[0] == "BEGIN"', True),
        (GO, "go", "code.never", 'words[0] == "COMMIT"', True),
        (GO, "go", "code.never", 'words[0] == "PUT"', False),
        (ONE_WORD, "go", "code.never", 'words[0] == "BEGIN"', False),
        (GO, "go", "code.boundary", "i < most", True),
        (GO.replace("sizes[i]", "i"), "go", "code.boundary", "i < most", False),
        (PYTHON, "python", "python.parts-as-text", "for size", True),
        (
            PYTHON.replace("if left >= size", "if size").replace("left -= size", "print(size)"),
            "python",
            "python.parts-as-text",
            "for size",
            False,
        ),
        (PYTHON, "python", "python.output-key-dropped", "json.dump", True),
        (PYTHON.replace(": left}", ': left, "all": 100}'), "python", "python.output-key-dropped", "json.dump", False),
        (SCRIPT, "shell", "shell.drop-step", "git clone", True),
        (SCRIPT + SCRIPT, "shell", "shell.drop-step", "cp cells.cfg", False),
    ],
)
def test_without_what_begins_ends_or_holds_the_rest_nothing_is_told_apart(
    text: str, language: str, operator: str, before: str, unlikely: bool
) -> None:
    found = [each for each in made(text, language) if each.operator == operator and before in each.before]
    assert found
    assert all(each.unlikely is unlikely for each in found)


def test_without_what_makes_the_value_no_method_works() -> None:
    found = {each.scope: each.unlikely for each in made(GO, "go") if each.operator == "code.hollow-function"}
    assert found["New"]
    assert not found["put"]


def test_a_function_that_is_called_once_and_does_nothing_is_the_same_as_its_call_left_out() -> None:
    mutants = made(GO, "go")
    selection = select(mutants, Relevance(""), {"solution": "go"}, budget=None)
    of_put = [
        each
        for each in mutants
        if (each.operator == "code.hollow-function" and each.scope == "put")
        or (each.operator == "code.never" and '"PUT"' in each.before)
    ]
    assert len(of_put) == 2
    assert sum(each.id in selection.duplicates for each in of_put) == 1
    built_in = made('print({"all": len(xs), "odd": len(ys)})\n', "python")
    assert built_in
    assert not [each for each in built_in if each.never_called]
    called_twice = made(GO.replace("\treturn total", '\ts.put("", total)\n\treturn total'), "go")
    assert not [each for each in called_twice if each.never_called == "put"]


def test_what_another_step_breaks_already_is_not_broken_again() -> None:
    mutants = made(GO, "go")
    first = select(mutants, Relevance(""), {"solution": "go"}, budget=3, whole=True)
    taken = {anywhere(entry.mutant): entry.mutant.id for entry in first.chosen}
    again = made("// the second step\n" + GO, "go")
    second = select(again, Relevance(""), {"solution": "go"}, whole=True, elsewhere=taken)
    assert second.chosen
    assert not {anywhere(entry.mutant) for entry in second.chosen} & taken.keys()
    assert set(second.duplicates.values()) >= set(taken.values())
