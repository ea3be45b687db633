"""Where a solution repairs a program that the environment holds, the program is mutated as it is afterwards, and what
is written is a patch, or a program, that still makes it so."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutator.generate import generate
from mutator.model import Edit, Mutant, Source, SourceKind, Unwritable, apply, apply_bytes
from mutator.operators import FAMILIES
from mutator.sources import Before, read_sources

BASE = """import sys


def rate(kind, amount):
    if kind == "old":
        return amount * 2
    return amount


def main():
    print(rate(sys.argv[1], int(sys.argv[2])))


main()
"""
OLD = """    if kind == "old":
        return amount * 2
"""
NEW = """    if amount < 0:
        raise ValueError("negative")
    if kind == "old":
        return amount * 3
    if kind in ("new", "next"):
        total = amount + 10
        return total
"""
REPAIRED = BASE.replace(OLD, NEW).replace(
    "    print(rate(sys.argv[1], int(sys.argv[2])))\n",
    "    try:\n        print(rate(sys.argv[1], int(sys.argv[2])))\n"
    "    except ValueError as error:\n        print(error)\n        sys.exit(2)\n",
)
PATCH = "".join(unified_diff(BASE.splitlines(True), REPAIRED.splitlines(True), "a/src/rates.py", "b/src/rates.py", n=1))
PATCH_SCRIPT = "cd /app && patch -p1 < /solution/fix.patch\n"
REPLACE_SCRIPT = f"""python3 - <<'EOF'
from pathlib import Path
path = Path("/app/src/rates.py")
text = path.read_text()
text = text.replace({OLD!r}, {NEW!r})
path.write_text(text)
EOF
"""


def before(*files: tuple[str, str]) -> Before:
    return Before(lambda: files or (("src/rates.py", BASE), ("other/rates.py", "nothing alike\n")))


def repaired(files: dict[str, bytes], held: Before) -> tuple[Source, list[Mutant]]:
    sources = read_sources(files, "solve.sh", before=held)
    (source,) = [one for one in sources if one.kind is SourceKind.REPLACEMENT]
    return source, list(generate([source], files, FAMILIES))


def patched(folder: Path, patch: bytes) -> str:
    """What git makes of the environment's file."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/rates.py").write_text(BASE)
    done = subprocess.run(["git", "apply", "-"], input=patch, cwd=folder, capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return (folder / "src/rates.py").read_text()


def test_a_patched_program_is_read_whole_and_every_mutant_of_it_is_a_patch_that_applies(tmp_path: Path) -> None:
    files = {"solve.sh": PATCH_SCRIPT.encode(), "fix.patch": PATCH.encode()}
    source, mutants = repaired(files, before())
    assert source.language == "python"
    assert source.text == patched(tmp_path, PATCH.encode())
    assert len(mutants) >= 20
    texts: dict[str, str] = {}
    for index, mutant in enumerate(mutants):
        mutated = apply_bytes(files["fix.patch"], mutant.edits)
        text = repaired({**files, "fix.patch": mutated}, before())[0].text
        texts[mutant.id] = text
        ast.parse(text)
        assert text != source.text
        assert mutant.after in text or "\n...\n" in mutant.after
        if index % 4 == 0 or text.count("\n") != source.text.count("\n"):
            assert patched(tmp_path, mutated) == text
    sentences = " ".join(mutant.sentence for mutant in mutants)
    # Lines that go, lines that come, and words: of the added ones alone.
    assert any(text.count("\n") < source.text.count("\n") for text in texts.values())
    assert "amount < 0" in sentences
    assert "rate(kind, amount)" not in sentences


FILES = {"solve.sh": PATCH_SCRIPT.encode(), "fix.patch": PATCH.encode()}
SOURCE = repaired(FILES, before())[0]
BORDERS = [0, *(match.end() for match in re.finditer(r"\n|\b", SOURCE.text))]
PIECES = st.sampled_from(["", "", "x", "    pass\n", "a\n    b\n", "\n", "y\n z", "+", "-\n", " \n"])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(BORDERS), st.integers(0, 60), PIECES)
def test_a_patch_with_any_edit_of_its_lines_makes_the_program_with_that_edit(start: int, length: int, new: str) -> None:
    edit = Edit(
        start, next(end for end in [*BORDERS, len(SOURCE.text)] if end >= min(start + length, BORDERS[-1])), new
    )
    try:
        edits = SOURCE.rewrite([edit])
    except Unwritable:
        return
    again = read_sources({**FILES, "fix.patch": apply_bytes(FILES["fix.patch"], edits)}, "solve.sh", before=before())
    assert apply(SOURCE.text, (edit,)) in [one.text for one in again if one.kind is SourceKind.REPLACEMENT]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        total = amount + 10\n", ""),
        ("        total = amount + 10\n        return total\n", ""),
        ("    if amount < 0:\n", "    if amount < 0:\n        print(amount)\n"),
        ("        sys.exit(2)\n", "        sys.exit(2)\n    return\n"),
        ("        print(error)\n", ""),
        ("    try:\n        print(rate(sys.argv[1], int(sys.argv[2])))\n", "    try:\n        pass\n"),
    ],
)
def test_added_lines_can_go_and_come(old: str, new: str, tmp_path: Path) -> None:
    start = SOURCE.text.index(old)
    edits = SOURCE.rewrite([Edit(start, start + len(old), new)])
    assert patched(tmp_path, apply_bytes(FILES["fix.patch"], edits)) == REPAIRED.replace(old, new)


def test_a_replaced_piece_of_a_program_is_read_with_the_program_around_it() -> None:
    files = {"solve.sh": REPLACE_SCRIPT.encode()}
    source, mutants = repaired(files, before())
    assert source.text == BASE.replace(OLD, NEW)
    for mutant in mutants:
        mutated = apply_bytes(files["solve.sh"], mutant.edits).decode()
        (again,) = [
            one
            for one in read_sources({"solve.sh": mutated.encode()}, "solve.sh", before=before())
            if one.kind is SourceKind.REPLACEMENT
        ]
        ast.parse(again.text)
        assert again.text != source.text
    assert len(mutants) >= 8


UNFIT = {
    "another program of the name": before(("src/rates.py", "x = 1\n")),
    "no environment": Before(),
    "two that are as likely": before(("a/rates.py", BASE), ("b/rates.py", BASE + "# more\n")),
}


@pytest.mark.parametrize("held", UNFIT.values(), ids=UNFIT)
def test_without_the_program_each_hunk_is_read_by_itself(held: Before) -> None:
    files = {"solve.sh": PATCH_SCRIPT.encode(), "fix.patch": PATCH.encode()}
    sources = read_sources(files, "solve.sh", before=held)
    assert ["import sys" in one.text for one in sources if one.kind is SourceKind.REPLACEMENT] == [False, False]


def test_what_the_program_wrote_before_it_was_repaired_is_no_source() -> None:
    more = BASE.replace("import sys\n", 'import sys\nopen("/app/a.json", "w").write("{}")\n')
    sources = read_sources({"solve.sh": REPLACE_SCRIPT.encode()}, "solve.sh", before=before(("src/rates.py", more)))
    assert [one.kind for one in sources] == [SourceKind.SCRIPT, SourceKind.HEREDOC, SourceKind.REPLACEMENT]


def test_the_environment_is_not_read_where_nothing_is_repaired() -> None:
    def load() -> Iterator[tuple[str, str]]:
        raise AssertionError

    assert read_sources({"solve.sh": b"echo a > /app/a.txt\n"}, "solve.sh", before=Before(load))
