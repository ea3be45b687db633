"""The task's own tests on other input."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from harness.harden.brought import known_files
from harness.harden.hardening import UNSEEN, parts_of
from harness.harden.model import Survivor
from harness.harden.own import own_cases, own_pins
from harness.harden.results import Hardened, Wanted
from harness.harden.tests_of import ExtendedFile, extendable, instruction_of
from harness.harden.writing import Style, write_test
from harness.judging.controls import ControlSettings
from harness.task.model import Task
from harness.task.texts import environment_contents, verifier_contents, verifier_texts
from harness.trial.end_state import EndState
from harness.trial.watching import foolsgold_cases
from harness.trial.watching.calls import Observed
from tests.harness.tasks import harbor, read

ROOT = Path(__file__).parents[3]


def test_a_map_is_turned_and_the_number_of_moves_is_asked_anew() -> None:
    task = read(ROOT / "fixtures" / "cases" / "sokoban-solver-faulty")
    place = extendable(verifier_texts(task, task.steps[0]))
    assert isinstance(place, ExtendedFile)
    assert place.path == "tests/test_sokoban.py"
    cases = list(own_cases(task, task.steps[0], place, known_files(environment_contents(task)), 0))
    assert any(case.how.endswith("mirrored") for case in cases)
    (pin,) = own_pins(cases[0], {"passed": True, "notes": [7]})
    assert "assert len(moves) == 7" in pin.case.body["code"]
    assert pin.holds({"passed": True, "notes": [7]})
    assert not pin.holds({"passed": True, "notes": [9]})
    assert not pin.holds({"passed": False, "why": "AssertionError"})


def test_an_input_on_which_the_reference_fails_the_test_is_no_case() -> None:
    task = read(ROOT / "fixtures" / "cases" / "sokoban-solver-faulty")
    place = extendable(verifier_texts(task, task.steps[0]))
    assert isinstance(place, ExtendedFile)
    (case, *_) = own_cases(task, task.steps[0], place, known_files(environment_contents(task)), 0)
    assert not list(own_pins(case, {"passed": False, "why": "AssertionError"}))
    plain = replace(case, body={**case.body, "numbers": []})
    assert list(own_pins(plain, {"passed": True, "notes": []}))
    assert not list(own_pins(plain, {"passed": False, "why": "AssertionError"}))


HELD_OUT = """\
import pytest

FILES = ["/tests/data/one.bin", "/tests/data/two.bin"]


@pytest.mark.parametrize("path", FILES)
def test_its_bytes_are_added(path):
    assert run(path) == sum(open(path, "rb").read())
"""


def test_each_of_the_files_that_a_test_runs_on_is_changed_in_turn(tmp_path: Path) -> None:
    files: dict[str, str | bytes | None] = {
        "tests/test.sh": "#!/bin/sh\npytest /tests/test_it.py\n",
        "tests/test_it.py": HELD_OUT,
        "tests/data/one.bin": b"BIN\0\x64\0\0\0" + bytes(range(1, 201)),
        "tests/data/two.bin": b"BIN\0\x64\0\0\0" + bytes(range(200)),
    }
    task = harbor(tmp_path, files)
    place = extendable(verifier_texts(task, task.steps[0]))
    assert isinstance(place, ExtendedFile)
    cases = list(own_cases(task, task.steps[0], place, known_files(verifier_contents(task, task.steps[0])), 0))
    assert [case.body["files"][0]["path"] for case in cases[:4]] == ["one.bin", "two.bin", "one.bin", "two.bin"]
    assert any(case.how.endswith("with 1 of its 100 items") for case in cases)
    assert not any("cut" in case.how for case in cases)
    case = next(case for case in cases if case.body["files"][0]["path"] == "one.bin")
    assert case.body["arguments"] == []
    assert case.body["source"].startswith("def test_its_bytes_are_added(folder):\n    path = str(folder / 'one.bin')\n")
    (pin,) = own_pins(case, {"passed": True, "notes": []})
    style = Style(pytest=True, double_quotes=True, names=frozenset())
    written = write_test(pin.case, [pin], ["a"], "Add its bytes.", style, [])
    assert '(folder / "one.bin").write_bytes(Path(__file__)' in written.code
    assert 'path = str(folder / "one.bin")' in written.code
    compile(written.code, "test", "exec")


def test_tests_that_are_in_an_image_of_their_own_are_extended_where_the_image_is_made(tmp_path: Path) -> None:
    files: dict[str, str | bytes | None] = {
        "task.toml": '[verifier]\nenvironment_mode = "separate"\n',
        "tests/Dockerfile": "FROM debian:12\nCOPY . /tests\n",
        "tests/test.sh": "#!/bin/sh\npytest /tests/test_it.py\n",
        "tests/test_it.py": HELD_OUT.replace("two", "one"),
        "tests/data/one.bin": b"BIN\0\x64\0\0\0" + bytes(range(1, 201)),
    }
    task = harbor(tmp_path, files)
    step = task.steps[0]
    place = extendable(verifier_texts(task, step))
    assert isinstance(place, ExtendedFile)
    assert place.path == "tests/test_it.py"
    (case, *_) = own_cases(task, step, place, known_files(verifier_contents(task, step)), 0)
    assert case.body["module"] == "/tests/test_it.py"


def test_tests_that_cannot_be_extended_are_told_of(tmp_path: Path) -> None:
    task = harbor(tmp_path, {"tests/test.sh": "#!/bin/sh\nnode /tests/run.js\n", "tests/run.js": "process.exit(0)\n"})
    found = extendable(verifier_texts(task, task.steps[0]))
    assert isinstance(found, str)
    assert found.startswith("its tests are in JavaScript, and new ones can be added to ")


def two_steps(folder: Path) -> Task:
    steps = '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n'
    files: dict[str, str | None] = {
        "task.toml": steps, "instruction.md": None, "tests/test.sh": None, "solution/solve.sh": None,
    }  # fmt: skip
    for name in ("one", "two"):
        files[f"steps/{name}/instruction.md"] = f"Do {name}.\n"
        files[f"steps/{name}/solution/solve.sh"] = f"#!/bin/sh\n# {name}\n"
        files[f"steps/{name}/tests/test.sh"] = "#!/bin/sh\npytest /tests/test_it.py\n"
        files[f"steps/{name}/tests/test_it.py"] = f"def test_{name}():\n    assert True\n"
    return harbor(folder, files)


def test_each_of_several_steps_may_get_new_tests(tmp_path: Path) -> None:
    task = two_steps(tmp_path)
    for step, words in zip(task.steps, (["Do", "one."], ["Do", "one.", "Do", "two."]), strict=True):
        found = extendable(verifier_texts(task, step))
        assert isinstance(found, ExtendedFile)
        assert found.path == f"steps/{step.name}/tests/test_it.py"
        assert instruction_of(task, step).split() == words


def test_what_an_earlier_step_does_not_catch_is_for_the_last_one_too(tmp_path: Path) -> None:
    task = two_steps(tmp_path)
    first, other, last = (Survivor(label, label, "", "", "", {}, step) for label, step in BY_STEP.items())
    wanted = Wanted((first, other, last), ControlSettings(2, "auto", 1.0))
    result = Hardened(task)
    left = EndState({}, ())
    parts = parts_of(wanted, result, {"one": Observed(left), "two": Observed(left)})
    part = next(parts)
    assert (part.step.name, part.survivors, part.why) == ("one", (first, other), "")
    result.caught["one/a"] = ["test_a"]
    part = next(parts)
    assert (part.step.name, part.survivors, part.found.path) == ("two", (other, last), "steps/two/tests/test_it.py")
    assert next(parts, None) is None
    unseen = parts_of(Wanted((last,), wanted.controls), Hardened(task), {"one": Observed(left)})
    assert [part.why for part in unseen] == [UNSEEN]


BY_STEP = {"one/a": "one", "one/b": "one", "two/c": "two"}


LOADED = """\
import sys, time
count = 0
open("loaded", "a").write("x")


def test_counts():
    global count
    count += 1
    assert count == 1 and sys.stdin.read() == ""


def test_prints_and_fails():
    print("noise")
    assert count == 1


def test_hangs():
    time.sleep(60)


def test_dies():
    import os
    os._exit(3)
"""


def test_tests_are_loaded_once_and_each_case_finds_them_as_they_were(tmp_path: Path) -> None:
    module = tmp_path / "test_it.py"
    module.write_text(LOADED.replace('loads = open(sys.argv[0] + ".loads", "a") if False else None\n', ""))
    names = ("test_counts", "test_prints_and_fails", "test_counts", "test_dies", "test_hangs", "test_counts")
    cases = []
    for number, name in enumerate(names):
        source = f"def {name}(folder, own={name}):\n    own()\n"
        body = {"module": str(module), "function": name, "set": {}, "files": [], "source": source, "arguments": []}
        cases.append({"id": str(number), "kind": "own", **body})
    (tmp_path / "given.json").write_text(json.dumps({"seconds": 60, "patience": 3, "cases": cases}))
    command = [sys.executable, foolsgold_cases.__file__, str(tmp_path / "given.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    seen = [json.loads(line)["seen"] for line in done.stdout.splitlines()]
    assert [one["passed"] for one in seen] == [True, False, True, False, False, True]
    assert seen[1]["why"].startswith("AssertionError")
    assert seen[3]["why"] == "its process ended"
    assert [one.get("ends", True) for one in seen] == [True, True, True, True, False, True]
    assert (tmp_path / "loaded").read_text() == "x"
