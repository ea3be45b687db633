"""What a program prints that is no text, and what it writes to a fixed place while it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from harness.harden.cases import paths_in
from harness.harden.fixed_places import with_outputs
from harness.harden.model import BoxCase, Pin
from harness.harden.pins import Pins
from harness.harden.writing import Style, as_program, write_test
from harness.judging.stated import read_stated
from harness.trial.end_state import EndState
from harness.trial.watching import foolsgold_cases

INSTRUCTION = (
    "Write /app/pack.py. It prints the numbers as little-endian u16 and writes JSON with their `count` to /app/n.json."
)
PROGRAM = """\
import json, struct, sys
from pathlib import Path
numbers = [int(word) for word in sys.stdin.read().split()]
(Path(__file__).parent / "n.json").write_text(json.dumps({"count": len(numbers)}))
sys.stdout.buffer.write(b"".join(struct.pack("<H", each) for each in numbers))
"""


def case_in(folder: Path, program: str) -> BoxCase:
    path = folder / "pack.py"
    path.write_text(program)
    body = {"argv": [sys.executable, str(path)], "cwd": str(folder), "stdin": "200 13 10 65\n", "files": []}
    plain = BoxCase("run-0", "run", body, "as the tests call it", 10)
    left = EndState({str(path): "f 644 0 0 -"}, (), {str(path): b64encode(program.encode()).decode()})
    (case,) = with_outputs([plain], paths_in(INSTRUCTION.replace("/app", str(folder))), left)
    return case


def seen(case: BoxCase) -> dict[str, Any]:
    return foolsgold_cases.run({**case.to_json(), "patience": 20})


def told_apart(folder: Path, wrong: str, instruction: str = INSTRUCTION) -> list[Pin]:
    case = case_in(folder, PROGRAM)
    right = seen(case)
    stated = read_stated(instruction.replace("/app", str(folder)), [])
    pins = [pin for pin in Pins(case, stated, case.body["stdin"]).of(right) if not pin.unstated]
    assert all(pin.holds(right) for pin in pins)
    other = seen(case_in(folder, wrong))
    return [pin for pin in pins if not pin.holds(other)]


@pytest.mark.parametrize(
    "wrong", [PROGRAM.replace('"<H"', '">H"'), PROGRAM.replace('{"count": len(numbers)}', '{"count": 1}')]
)
def test_a_written_test_tells_data_and_what_is_left_from_what_is_wrong(tmp_path: Path, wrong: str) -> None:
    pin, *_ = told_apart(tmp_path, wrong)
    test = write_test(pin.case, [pin], ["a"], "It prints the numbers.", Style(True, True, frozenset()), [])
    witness = tmp_path / "witness.py"
    witness.write_text(as_program([test]))
    for text, status in ((PROGRAM, 0), (wrong, 1)):
        (tmp_path / "pack.py").write_text(text)
        (tmp_path / "n.json").write_text(json.dumps({"count": "as it was"}))
        done = subprocess.run([sys.executable, witness], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert json.loads((tmp_path / "n.json").read_text()) == {"count": "as it was"}


@pytest.mark.parametrize(
    "instruction", [INSTRUCTION.replace("as little-endian u16", "somehow"), f"{INSTRUCTION} They are compressed."]
)
def test_bytes_are_pinned_only_where_the_instruction_says_what_they_are(tmp_path: Path, instruction: str) -> None:
    assert not told_apart(tmp_path, PROGRAM.replace('"<H"', '">H"'), instruction)


def test_a_file_that_a_program_only_reads_is_not_taken_away(tmp_path: Path) -> None:
    reads = PROGRAM.replace('.write_text(json.dumps({"count": len(numbers)}))', ".read_text()")
    path = tmp_path / "pack.py"
    body = {"argv": [sys.executable, str(path)], "cwd": "/", "stdin": "", "files": []}
    left = EndState({str(path): "f 644 0 0 -"}, (), {str(path): b64encode(reads.encode()).decode()})
    (case,) = with_outputs(
        [BoxCase("run-0", "run", body, "", 10)], paths_in(INSTRUCTION.replace("/app", str(tmp_path))), left
    )
    assert "outputs" not in case.body
