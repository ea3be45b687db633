"""What holds of every mutant and of every text: spans, the way back, ids, no errors, the file re-printed as it was."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mutator.generate import generate
from mutator.model import ByteEdit, Mutant, apply_bytes
from mutator.operators import FAMILIES, families
from mutator.sources import Skipped, decode, read_sources, reprinted
from tests.mutator.solutions import EVERY, Folder, snippets


def mutants_of(files: dict[str, bytes], script: str = "solve.sh", instruction: str = "") -> list[Mutant]:
    return list(generate(read_sources(files, script), files, families(instruction)))


def reverted(data: bytes, mutant: Mutant) -> tuple[ByteEdit, ...]:
    """The edits of the mutated file that bring the original back."""
    back, shift = [], 0
    for edit in mutant.edits:
        start = edit.start + shift
        back.append(ByteEdit(start, start + len(edit.new), data[edit.start : edit.end]))
        shift += len(edit.new) - (edit.end - edit.start)
    return tuple(back)


@pytest.mark.parametrize("folder", EVERY, ids=lambda folder: folder.name)
def test_a_mutant_differs_in_its_spans_only_and_can_be_taken_back(folder: Folder) -> None:
    made = mutants_of(folder.files, folder.script, folder.instruction)
    assert len({mutant.id for mutant in made}) == len(made)
    for mutant in made:
        data = folder.files[mutant.file]
        done = 0
        for edit in mutant.edits:
            assert done <= edit.start <= edit.end <= len(data), mutant
            assert data[edit.start : edit.end] != edit.new, mutant
            done = edit.end
        mutated = apply_bytes(data, mutant.edits)
        assert mutated != data
        assert mutated.startswith(data[: mutant.edits[0].start])
        assert mutated.endswith(data[mutant.edits[-1].end :])
        assert apply_bytes(mutated, reverted(data, mutant)) == data
        assert mutant.line == data.count(b"\n", 0, mutant.edits[0].start) + 1


# No operator raises


SAMPLES = sorted(
    {(source.language, source.text) for folder in snippets() for source in read_sources(folder.files, folder.script)}
)
SPEAKERS = [(family, language) for family in FAMILIES for language in sorted(family.languages)]
ODD = [
    "\0",
    "\ufeff",
    "\r",
    "\r\n",
    "\t",
    "é",
    "\U0001f600",
    "\u2028",
    "\x0c",
    "{",
    "}",
    '"',
    "'",
    "`",
    "$(",
    "<<EOF\n",
    "\\",
]


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A real text with parts cut out, doubled, or strewn with odd characters; or no real text at all."""
    text = draw(st.one_of(st.sampled_from(SAMPLES).map(lambda sample: sample[1]), st.text(max_size=60)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + draw(st.sampled_from(["", "", text[start:end] * 2, *ODD])) + text[end:]
    return text


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SPEAKERS), mangled())
def test_no_operator_raises_on_any_text_of_any_language(speaker: tuple[object, str], text: str) -> None:
    family, language = next(each for each in SPEAKERS if each == speaker)
    tree = family.parse(text, language)
    if tree is None:
        return
    for operator in family.operators:
        if language not in operator.languages:
            continue
        for candidate in operator.propose(tree):
            family.valid(tree, candidate)
            assert operator.sentence.format_map(candidate.fields)
            spans = [(edit.start, edit.end) for edit in candidate.edits]
            assert all(0 <= start <= end <= len(text) for start, end in spans)
            assert all(before[1] <= after[0] for before, after in pairwise(spans))


NAMES = (
    "a.py A.PY b.sh c.json d.yaml e.toml f.ini g.csv .env h.service crontab Dockerfile i.sql j.js k.ts l.tsx m.go n.rs"
)
NAMES += (
    " o.c p.cpp q.java r.rb s.pl t.awk u.sed v.patch nginx.conf noext x.tar.gz y.md é.txt -rf z.jsonl solution.yaml"
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.one_of(
            st.sampled_from(NAMES.split()), st.sampled_from(["a b.py", "d/e f.json", "d/$x.sh", "q'.txt", "\n.py"])
        ),
        st.one_of(st.binary(max_size=120), mangled().map(lambda text: text.encode("utf-8", "surrogatepass"))),
        max_size=3,
    ),
    st.one_of(st.binary(max_size=120), mangled().map(lambda text: text.encode("utf-8", "surrogatepass"))),
)
def test_no_folder_of_any_names_and_bytes_raises(files: dict[str, bytes], script: bytes) -> None:
    whole = {"solve.sh": b"cp -r /solution/. /app\n" + script, **files}
    for mutant in mutants_of(whole):
        data = whole[mutant.file]
        assert apply_bytes(apply_bytes(data, mutant.edits), reverted(data, mutant)) == data


# The identity control


TEXT = "#!/bin/bash\n\tcat > /app/a.txt <<'EOF'\nnaïve\n\tx\nEOF\necho é \u20ac \U0001f600"
VARIANTS = {
    "plain": TEXT.encode(),
    "final newline": TEXT.encode() + b"\n",
    "crlf": TEXT.replace("\n", "\r\n").encode(),
    "mixed line ends": TEXT.replace("\n", "\r\n", 2).encode() + b"\r",
    "byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "two byte order marks": b"\xef\xbb\xbf" * 2 + TEXT.encode(),
    "latin-1": "echo é\n".encode("latin-1"),
    "latin-1 behind a byte order mark": b"\xef\xbb\xbf" + "echo é\n".encode("latin-1"),
    "utf-16": TEXT.encode("utf-16"),
    "tabs": b"\tif:\n\t\t x \t\n",
    "form feeds and separators": "a\x0cb\x0bc\u2028d\x1ce\x85f".encode(),
    "nothing": b"",
    "only a byte order mark": b"\xef\xbb\xbf",
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_file_written_back_with_no_change_is_itself(name: str) -> None:
    assert reprinted(VARIANTS[name]) == VARIANTS[name]


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(b"\xef\xbb\xbf\xff")
@example(b"\r\r\n\n\r")
def test_any_bytes_written_back_with_no_change_are_themselves(data: bytes) -> None:
    assert reprinted(data) == data
    for source in read_sources({"solve.sh": data}, "solve.sh"):
        assert apply_bytes(data, source.rewrite(())) == data


@pytest.mark.parametrize("folder", EVERY, ids=lambda folder: folder.name)
def test_every_file_of_every_solution_written_back_is_itself(folder: Folder) -> None:
    for data in folder.files.values():
        assert decode(data) is not None
        assert reprinted(data) == data


LINE = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODkwMTIzNDU2Nzg5\n"


@pytest.mark.parametrize(
    ("name", "unit", "mutated"),
    [
        ("rows.csv", b"name,1,2\n", True),
        ("notes.txt", b"so many words as 45 lines have\n", True),
        ("packed.txt", LINE, False),
        ("lines.txt", "ä\r\n".encode(), True),
        ("one.txt", b"a", True),
        ("a.py", b"x = 1\n", False),
        ("a.yaml", b"- a: 1\n", False),
    ],
)
def test_of_ten_megabytes_what_is_read_by_lines_is_mutated_and_the_rest_named(
    name: str, unit: bytes, mutated: bool
) -> None:
    data = unit * (10_000_000 // len(unit))
    files = {"solve.sh": f"cp /solution/{name} /app/\n".encode(), name: data}
    skipped: list[Skipped] = []
    sources = [source.file for source in read_sources(files, "solve.sh", skipped=skipped)]
    assert sources == ["solve.sh", name][: 1 + mutated]
    assert [each.file for each in skipped] == [name] * (not mutated)
    made = [mutant for mutant in mutants_of(files) if mutant.file == name]
    assert bool(made) is mutated
    assert len(made) < 40
    for mutant in made:
        assert len(mutant.before) + len(mutant.after) < 50_000
        changed = apply_bytes(data, mutant.edits)
        assert changed != data
        assert apply_bytes(changed, reverted(data, mutant)) == data
    assert reprinted(data) == data


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"base64 -d > /app/m.bin <<'EOF'\n", b"EOF\n"),
        (b"base64 -d <<EOF | tar xz -C /app\n", b"EOF\n"),
        (b"echo '", b"' | base64 -d > /app/m.bin\n"),
    ],
)
def test_a_script_with_ten_megabytes_packed_in_it_is_mutated_like_one_without(before: bytes, after: bytes) -> None:
    rest = b"mkdir -p /app/a\nchmod 755 /app/m.bin\ncp --force /app/m.bin /app/a\n"

    def of_rest(packed: bytes) -> set[str]:
        data = b"#!/bin/bash\n" + before + packed + after + rest
        made = mutants_of({"solve.sh": data})
        assert all(apply_bytes(apply_bytes(data, one.edits), reverted(data, one)) == data for one in made)
        return {one.id for one in made if one.edits[0].start >= len(data) - len(rest)}

    assert len(of_rest(LINE)) > 5
    assert of_rest(LINE * (10_000_000 // len(LINE))) == of_rest(LINE)


# Ids


def elsewhere(data: bytes) -> dict[str, bytes]:
    """The same script with unrelated edits around it."""
    head, _, rest = data.partition(b"\n")
    return {
        "lines before": head + b"\nset -u\n# another line\nARCHIVE=/var/empty\n\n" + rest,
        "lines after": data.rstrip(b"\n") + b"\n\n# the end\nlogger done\n",
        "a source before": head + b"\ncat > /unrelated/first.ini <<'UNRELATED'\n[z]\nq = 1\nUNRELATED\n" + rest,
        "more of the same kind before": head
        + b"\npython3 -c 'q = 77'\nawk '/q/' /dev/null\nsed -i s/q77/r/ /q\n"
        + rest,
        "a source after": data.rstrip(b"\n") + b"\ncat > /unrelated/last.json <<'UNRELATED'\n{\"q\": 1}\nUNRELATED\n",
    }


def is_plain(script: bytes) -> bool:
    return re.match(rb"#!/bin/(ba)?sh\n", script) is not None and b"\r" not in script


SHOWN = [folder for folder in EVERY if is_plain(folder.files[folder.script])]


@pytest.mark.parametrize("folder", SHOWN, ids=lambda folder: folder.name)
def test_ids_survive_edits_elsewhere_in_the_file(folder: Folder) -> None:
    # exit-early stands in the middle of the steps, which another step moves.
    kept = {
        mutant.id
        for mutant in mutants_of(folder.files, folder.script, folder.instruction)
        if mutant.operator not in MOVED
    }
    for what, data in elsewhere(folder.files[folder.script]).items():
        again = {
            mutant.id for mutant in mutants_of({**folder.files, folder.script: data}, folder.script, folder.instruction)
        }
        assert kept - again == set(), what


MOVED = ("shell.exit-early", "shell.hollow-script")


def test_a_piece_of_the_same_name_before_it_keeps_the_ids() -> None:
    first, second = b"awk '$1 > 5' a > b\n", b"awk '$2 < 7 { print $3 }' c > d\n"
    alone = {mutant.id for mutant in mutants_of({"solve.sh": second}) if mutant.operator.startswith("awk.")}
    both = {mutant.id for mutant in mutants_of({"solve.sh": first + second}) if mutant.operator.startswith("awk.")}
    assert len(alone) > 3
    assert alone < both


def test_an_edit_of_another_function_of_the_same_source_keeps_the_ids() -> None:
    body = "def one(a):\n    return a + 1\n\n\ndef two(b):\n    if b > 3:\n        return b\n    return 0\n"
    other = body.replace("return a + 1", "c = a * 7\n    return c")

    def of_two(text: str) -> set[str]:
        script = f"cat > /app/x.py <<'EOF'\n{text}EOF\n".encode()
        return {mutant.id for mutant in mutants_of({"solve.sh": script}) if mutant.scope == "two"}

    assert len(of_two(body)) > 5
    assert of_two(body) == of_two(other)
