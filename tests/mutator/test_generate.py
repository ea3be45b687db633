from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutator.generate import Lines, Tally, excerpt, generate, least, leftmost
from mutator.model import Edit, Mutant, apply, apply_bytes
from mutator.operators import FAMILIES
from mutator.sources import read_sources

SCRIPT = b"""#!/bin/bash
cat > /app/settings.json <<'EOF'
{
  "debug": false,
  "port": 8080
}
EOF
cat > /etc/nginx/nginx.conf <<'EOF'
events {}
http {
    limit_req_zone $binary_remote_addr zone=a:1m rate=5r/s;
    server { listen 80; location / { limit_req zone=a; } }
}
EOF
"""


def all_mutants(script: bytes, tally: Tally | None = None) -> list[Mutant]:
    files = {"solve.sh": script}
    return list(generate(read_sources(files, "solve.sh"), files, FAMILIES, tally=tally))


def by_sentence(mutants: list[Mutant], sentence: str) -> Mutant:
    found = [mutant for mutant in mutants if mutant.sentence == sentence]
    assert len(found) == 1, [mutant.sentence for mutant in mutants]
    return found[0]


def test_a_mutant_changes_exactly_its_span_of_the_real_file() -> None:
    for mutant in all_mutants(SCRIPT):
        mutated = apply_bytes(SCRIPT, mutant.edits)
        assert mutated != SCRIPT
        first, last = mutant.edits[0].start, mutant.edits[-1].end
        assert mutated.startswith(SCRIPT[:first])
        assert mutated.endswith(SCRIPT[last:])


def test_a_mutant_names_the_line_of_the_file_and_shows_what_it_touches() -> None:
    mutant = by_sentence(all_mutants(SCRIPT), "`port` is 8081, not 8080")
    assert (mutant.place, mutant.target) == ("solve.sh:5", "/app/settings.json")
    assert (mutant.before, mutant.after) == ('  "port": 8080', '  "port": 8081')


def test_ids_survive_edits_elsewhere_in_the_file() -> None:
    moved = SCRIPT.replace(b"#!/bin/bash\n", b"#!/bin/bash\nset -eu\necho hello\n\n")
    before = {mutant.sentence: mutant.id for mutant in all_mutants(SCRIPT) if "settings.json" in mutant.source}
    after = {mutant.sentence: mutant.id for mutant in all_mutants(moved) if "settings.json" in mutant.source}
    assert before
    assert before == after


def test_ids_are_unique_even_where_a_text_repeats_itself() -> None:
    repeated = b"cat > /a.ini <<'EOF'\n[x]\na=1\n[y]\na=1\n[z]\na=1\nEOF\n"
    ids = [mutant.id for mutant in all_mutants(repeated)]
    assert len(ids) == len(set(ids)) > 5


def test_the_same_input_gives_the_same_mutants() -> None:
    assert all_mutants(SCRIPT) == all_mutants(SCRIPT)


@pytest.mark.parametrize("pragma", ["# foolsgold: skip", "# pragma: no mutate", "# no mutate"])
def test_a_line_with_a_pragma_is_left_alone_and_counted(pragma: str) -> None:
    script = SCRIPT.replace(b"rate=5r/s;", b"rate=5r/s; " + pragma.encode())
    tally = Tally()
    touched = [mutant for mutant in all_mutants(script, tally) if mutant.before.lstrip().startswith("limit_req_zone")]
    assert touched == []
    assert sum(count.skipped for count in tally.operators.values()) > 0


def test_least_cuts_what_both_sides_share() -> None:
    assert least("port = 8080;", Edit(0, 12, "port = 8081;")) == Edit(10, 11, "1")
    assert least("aaa", Edit(0, 3, "aa")) == Edit(0, 1, "")


@given(st.text("ab\n", max_size=12), st.data())
def test_least_and_leftmost_say_the_same_change(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    edit = Edit(start, end, data.draw(st.text("ab\n", max_size=4)))
    expected = apply(text, (edit,))
    assert apply(text, (least(text, edit),)) == expected
    assert apply(text, (leftmost(text, least(text, edit)),)) == expected


@given(st.text("ab\n", max_size=12), st.data())
def test_equal_deletions_become_one_edit(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    one = leftmost(text, Edit(start, end, ""))
    for other_start in range(len(text) - (end - start) + 1):
        other = Edit(other_start, other_start + end - start, "")
        if end > start and apply(text, (other,)) == apply(text, (one,)):
            assert leftmost(text, other) == one


@given(st.text("ab\n", max_size=20), st.data())
def test_an_excerpt_is_the_touched_lines_before_and_after(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    edit = Edit(start, end, data.draw(st.text("ab\n", max_size=4)))
    before, after = excerpt(text, (edit,), Lines(text))
    assert before in text
    assert after in apply(text, (edit,))


def test_lines_are_counted_as_editors_do() -> None:
    lines = Lines("a\nbc\n\nd")
    assert [lines.number(offset) for offset in range(7)] == [1, 1, 2, 2, 2, 3, 4]
    assert lines.span(2, 4) == (2, 4)
