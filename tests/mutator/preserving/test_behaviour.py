from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutator.model import Source, SourceKind, apply_bytes
from mutator.operators.preserving import CODE_OPERATORS, FAMILIES, code_variants
from mutator.sources import whole_file
from tests.mutator.preserving.programs import ARGUMENTS, PROGRAMS


def run(path: Path) -> tuple[int, str, str]:
    """Only programs of our own are run outside a box."""
    done = subprocess.run(
        [sys.executable, str(path), *ARGUMENTS],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONUTF8": "1"},
        check=False,
        timeout=30,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_variant_of_a_program_prints_what_the_program_prints(name: str, tmp_path: Path) -> None:
    data = PROGRAMS[name].encode()
    source = whole_file("tool.py", data, "python", "/app/tool.py")
    path = tmp_path / "tool.py"
    path.write_bytes(data)
    wanted = run(path)
    assert wanted[0] == 0, wanted[2]
    variants = list(code_variants([source], {"tool.py": data}, "Write a program."))
    assert len(variants) >= 2
    for variant in variants:
        changed = apply_bytes(data, variant.mutant.edits)
        assert changed != data
        path.write_bytes(changed)
        assert run(path) == wanted, (variant.mutant.sentence, changed.decode())


def test_the_samples_exercise_every_python_operator() -> None:
    made = {
        variant.mutant.operator
        for text in PROGRAMS.values()
        for variant in code_variants(
            [whole_file("t.py", text.encode(), "python", "/app/t.py")], {"t.py": text.encode()}, ""
        )
    }
    assert made == {one.operator.id for one in CODE_OPERATORS if "python" in one.operator.languages}


SCRIPT = b"""#!/bin/bash
# Greets everybody.
set -e
greet() { local name=$1; echo "hi, # $name"; } # said
for one in "$@"; do greet "$one"; done; echo end
cat <<-'X'; echo after
\t# kept; all
\tX
if [ $# -gt 0 ]; then echo some; else echo none; fi  # comment
case $1 in (a*) echo A; echo B;; *) echo C;; esac
"""


def test_every_variant_of_a_script_prints_what_the_script_prints(tmp_path: Path) -> None:
    path = tmp_path / "greet.sh"
    path.write_bytes(SCRIPT)

    def said() -> tuple[int, bytes]:
        done = subprocess.run(["bash", str(path), "ann", "bo"], capture_output=True, check=False, timeout=30)
        return done.returncode, done.stdout

    wanted = said()
    variants = list(code_variants([whole_file("g.sh", SCRIPT, "shell", "/app/g.sh")], {"g.sh": SCRIPT}, ""))
    assert {one.mutant.operator for one in variants} == {"preserving.shell-comments", "preserving.shell-lines"}
    for one in variants:
        path.write_bytes(apply_bytes(SCRIPT, one.mutant.edits))
        assert said() == wanted, path.read_text()


def test_families_are_apart_from_those_of_faults() -> None:
    from mutator.operators import FAMILIES as FAULTS

    assert not {op.id for family in FAMILIES for op in family.operators} & {
        op.id for family in FAULTS for op in family.operators
    }


def test_a_source_that_another_one_reads_as_text_is_left_alone() -> None:
    program = b"# note\nx = 1\n"
    script = b"#!/bin/sh\ncp tool.py /app/tool.py\nsed -i 's/# note//' /app/tool.py\n"
    files = {"tool.py": program, "solve.sh": script}
    tool = whole_file("tool.py", program, "python", "/app/tool.py")
    solve = Source("solve.sh", SourceKind.SCRIPT, "shell", "/solution/solve.sh", whole_file("s", script).window, 1)
    assert list(code_variants([tool, solve], files, "")) == []
    assert len(list(code_variants([tool], files, ""))) >= 1


def test_what_the_instruction_asks_for_is_not_taken_away() -> None:
    program = b"# note\nx = 1\n"
    tool = whole_file("tool.py", program, "python", "/app/tool.py")
    asked = "Write a well commented program."
    assert [one.mutant.operator for one in code_variants([tool], {"tool.py": program}, asked)] == []
