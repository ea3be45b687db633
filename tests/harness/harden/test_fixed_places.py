"""Programs that read fixed places: which they are, how what lies there is changed, and that it lies there again."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

from harness.harden.cases import paths_in
from harness.harden.fixed_places import PlacedStart, placed_cases, placed_starts
from harness.harden.model import BoxCase, Pin
from harness.harden.pins import Pins
from harness.harden.writing import Style, as_program, write_test
from harness.judging.stated import read_stated
from harness.trial.end_state import EndState
from harness.trial.watching import foolsgold_cases
from harness.trial.watching.calls import Given

INSTRUCTION = "Write /app/total.py: it reads `/app/in.csv` (`name,count`) and writes `total: COUNT` to `/app/out.txt`."
PROGRAM = """\
import csv
from pathlib import Path
here = Path(__file__).parent
rows = list(csv.DictReader((here / "in.csv").read_text().splitlines()))
(here / "out.txt").write_text(f"total: {sum(int(row['count']) for row in rows)}\\n")
"""
FIRST_ROW_ONLY = PROGRAM.replace("for row in rows", "for row in rows[:2]")
TABLE = "name,count\nada,3\nbob,4\n"


def left(**texts: str) -> EndState:
    contents = {f"/app/{name.replace('_', '.')}": b64encode(text.encode()).decode() for name, text in texts.items()}
    return EndState(dict.fromkeys(contents, "f 644 0 0 -"), (), contents)


def starts(state: EndState, *started: tuple[str, ...]) -> list[PlacedStart]:
    known = {"data/in.csv": Given("data/in.csv", TABLE)}
    return placed_starts([(argv, "/app", "") for argv in started], paths_in(INSTRUCTION), state, known)


def test_what_the_instruction_asks_for_as_a_program_is_run_on_what_it_reads() -> None:
    (found,) = starts(left(total_py=PROGRAM, out_txt="total: 7\n"))
    assert (found.argv, found.cwd) == (("python3", "/app/total.py"), "/app")
    assert [(file.path, file.text) for file in found.places] == [("/app/in.csv", TABLE)]
    assert found.outputs == ("/app/out.txt",)


def test_a_program_that_the_tests_start_is_run_as_they_do_and_only_if_it_reads_such_a_place() -> None:
    state = left(total_py=PROGRAM, out_txt="total: 7\n")
    (found,) = starts(state, ("python3", "-B", "/app/total.py"))
    assert found.argv == ("python3", "-B", "/app/total.py")
    assert starts(left(total_py="print(7)\n", out_txt="total: 7\n")) == []
    assert starts(left(total_py=PROGRAM, in_csv=TABLE)) == []  # what solving writes is no input of it


def test_a_document_is_a_case_only_with_its_twin() -> None:
    start = PlacedStart(("/app/a",), "", "", (Given("/app/in.json", json.dumps([{"n": 1}, {"n": 2}])),), ())
    cases = list(placed_cases([start], 0))
    assert cases[0].how == "with what lies at its place"
    changed = [case for case in cases[1:] if not case.id.endswith("-twin")]
    assert changed
    assert all(case.twin for case in changed)


def moved(case: BoxCase, folder: Path) -> BoxCase:
    return BoxCase(case.id, case.kind, json.loads(json.dumps(case.body).replace("/app", str(folder))), case.how, 1)


def prepared(folder: Path, program: str) -> None:
    (folder / "total.py").write_text(program)
    (folder / "in.csv").write_text(TABLE)
    (folder / "out.txt").write_text("total: 7\n")
    (folder / "out.txt").chmod(0o600)


def seen(case: BoxCase, folder: Path, program: str) -> dict[str, Any]:
    prepared(folder, program)
    found = foolsgold_cases.run({**case.to_json(), "patience": 20})
    assert (folder / "in.csv").read_text() == TABLE
    assert (folder / "out.txt").read_text() == "total: 7\n"
    assert (folder / "out.txt").stat().st_mode & 0o777 == 0o600
    return found


def test_a_wrong_program_is_caught_by_another_input_and_everything_lies_there_again(tmp_path: Path) -> None:
    (start,) = starts(left(total_py=PROGRAM, out_txt="total: 7\n"))
    stated = read_stated(INSTRUCTION.replace("/app", str(tmp_path)), [TABLE])
    caught: list[tuple[BoxCase, Pin]] = []
    for case in [moved(each, tmp_path) for each in placed_cases([start], 0)]:
        right, wrong = (seen(case, tmp_path, program) for program in (PROGRAM, FIRST_ROW_ONLY))
        pins = [pin for pin in Pins(case, stated, TABLE).of(right) if not pin.unstated]
        assert all(pin.holds(right) for pin in pins)
        caught += [(case, pin) for pin in pins if not pin.holds(wrong)]
    assert {case.how for case, _ in caught} == {"what lies at its place with a row more"}
    case, pin = caught[0]
    test = write_test(case, [pin], ["a"], "It writes the total.", Style(True, True, frozenset()), [])
    program = tmp_path / "witness.py"
    program.write_text(as_program([test]))
    for text, status in ((PROGRAM, 0), (FIRST_ROW_ONLY, 1)):
        prepared(tmp_path, text)
        done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert (tmp_path / "in.csv").read_text() == TABLE
        assert (tmp_path / "out.txt").read_text() == "total: 7\n"
