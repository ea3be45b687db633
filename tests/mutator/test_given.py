"""Variants that somebody else wrote become mutants with the least edits, in the smallest piece that holds them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mutator.given import GIVEN, given_mutant, meaning, newly_unparsed
from mutator.model import Mutant, apply_bytes
from mutator.relevance import Relevance
from mutator.sources import read_sources

SCRIPT = """\
#!/bin/bash
mkdir -p /app
cat > /app/tidy.py <<'EOF'
import sys
for name in sys.argv[1:]:
    print(name.upper())
EOF
chmod 755 /app/tidy.py
"""
FILES = {"solve.sh": SCRIPT.encode()}
SOURCES = read_sources(FILES, "solve.sh")


def made(text: bytes) -> Mutant:
    found = given_mutant(SOURCES, FILES, "solve.sh", "solve.sh", text, "It is otherwise.")
    assert apply_bytes(FILES["solve.sh"], found.edits) == text
    return found


@pytest.mark.parametrize(
    ("old", "new", "source", "line"),
    [
        ("upper", "lower", "solve.sh:heredoc:/app/tidy.py", 6),
        ("755", "644", "solve.sh:script", 8),
        ("mkdir -p /app\n", "", "solve.sh:script", 2),
        ("#!/bin/bash", "#!/bin/sh\n", "solve.sh:script", 1),
    ],
)
def test_a_change_lies_in_the_smallest_piece_that_holds_it(old: str, new: str, source: str, line: int) -> None:
    found = made(SCRIPT.replace(old, new).encode())
    assert (found.source, found.line, found.operator) == (source, line, GIVEN)


def test_changes_of_two_pieces_lie_in_what_holds_both_and_what_is_no_text_in_the_file() -> None:
    both = made(SCRIPT.replace("upper", "lower").replace("755", "644").encode())
    assert (both.source, len(both.edits)) == ("solve.sh:script", 2)
    raw = made(SCRIPT.replace("upper", "lower\0").encode())
    assert (raw.source, raw.changes[0].new) == ("solve.sh", "lower\0")


@given(some.text(alphabet="ab\n", max_size=12), some.text(alphabet="ab\n", max_size=12))
def test_whatever_is_changed_is_put_in_and_nothing_else(before: str, after: str) -> None:
    files = {"solve.sh": before.encode()}
    if before != after:
        found = given_mutant(read_sources(files, "solve.sh"), files, "solve.sh", "solve.sh", after.encode(), "")
        assert apply_bytes(files["solve.sh"], found.edits) == after.encode()


def test_it_is_tied_to_what_it_changes_and_means_what_it_compiles_to() -> None:
    instruction = "- `/app/tidy.py` prints each name in upper case.\n- `/app/tidy.py` has mode 755.\n"
    relevance = Relevance(instruction, SOURCES)
    links = relevance.links(made(SCRIPT.replace("755", "644").encode()))
    assert relevance.requirements[links[0].requirement].text == "`/app/tidy.py` has mode 755."
    program = next(each for each in SOURCES if each.language == "python")
    laid_out = made(SCRIPT.replace("name.upper()", "name . upper( )").encode())
    loud = made(SCRIPT.replace("upper", "lower").encode())
    assert meaning(program, laid_out.changes) == meaning(program) != meaning(program, loud.changes)


def test_what_was_no_text_of_its_language_before_is_not_held_against_it() -> None:
    broken = {"solve.sh": SCRIPT.replace("sys.argv[1:]", "sys.argv[1:").encode()}
    assert newly_unparsed(FILES, broken, "solve.sh") == ["solve.sh"]
    assert newly_unparsed(broken, broken, "solve.sh") == []
