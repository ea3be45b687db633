"""The task's own tests on other input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.harden.brought import known_files
from harness.harden.own import own_cases, own_pins
from harness.harden.tests_of import ExtendedFile, extendable, instruction_of
from harness.harden.writing import Style, write_test
from harness.task.texts import environment_contents, verifier_contents, verifier_texts
from tests.harness.tasks import harbor, read

ROOT = Path(__file__).parents[3]


def test_a_map_is_turned_and_the_number_of_moves_is_asked_anew() -> None:
    task = read(ROOT / "fixtures" / "cases" / "sokoban-solver-faulty")
    place = extendable(task.steps[0], verifier_texts(task, task.steps[0]))
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
    place = extendable(task.steps[0], verifier_texts(task, task.steps[0]))
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
        "tests/data/one.bin": b"BIN\0\x02\0\0\0" + bytes(200),
        "tests/data/two.bin": b"BIN\0\x03\0\0\0" + bytes(200),
    }
    task = harbor(tmp_path, files)
    place = extendable(task.steps[0], verifier_texts(task, task.steps[0]))
    assert isinstance(place, ExtendedFile)
    cases = list(own_cases(task, task.steps[0], place, known_files(verifier_contents(task, task.steps[0])), 0))
    assert [case.body["files"][0]["path"] for case in cases[:4]] == ["one.bin", "two.bin", "one.bin", "two.bin"]
    assert any(case.how.endswith("with 1 for 2 at byte 4") for case in cases)
    (case, *_) = cases
    assert case.body["arguments"] == []
    assert case.body["source"].startswith("def test_its_bytes_are_added(folder):\n    path = str(folder / 'one.bin')\n")
    (pin,) = own_pins(case, {"passed": True, "notes": []})
    style = Style(pytest=True, double_quotes=True, names=frozenset())
    written = write_test(pin.case, [pin], ["a"], "Add its bytes.", style, [])
    assert '(folder / "one.bin").write_bytes(Path(__file__)' in written.code
    assert 'path = str(folder / "one.bin")' in written.code
    compile(written.code, "test", "exec")


def test_tests_that_cannot_be_extended_are_told_of(tmp_path: Path) -> None:
    task = harbor(tmp_path, {"tests/test.sh": "#!/bin/sh\nnode /tests/run.js\n", "tests/run.js": "process.exit(0)\n"})
    found = extendable(task.steps[0], verifier_texts(task, task.steps[0]))
    assert isinstance(found, str)
    assert found.startswith("its tests are in JavaScript, and new ones can be added to ")


def test_each_of_several_steps_may_get_new_tests(tmp_path: Path) -> None:
    steps = '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n'
    files: dict[str, str | None] = {
        "task.toml": steps, "instruction.md": None, "tests/test.sh": None, "solution/solve.sh": None,
    }  # fmt: skip
    for name in ("one", "two"):
        files[f"steps/{name}/instruction.md"] = f"Do {name}.\n"
        files[f"steps/{name}/solution/solve.sh"] = f"#!/bin/sh\n# {name}\n"
        files[f"steps/{name}/tests/test.sh"] = "#!/bin/sh\npytest /tests/test_it.py\n"
        files[f"steps/{name}/tests/test_it.py"] = f"def test_{name}():\n    assert True\n"
    task = harbor(tmp_path, files)
    for step, words in zip(task.steps, (["Do", "one."], ["Do", "one.", "Do", "two."]), strict=True):
        found = extendable(step, verifier_texts(task, step))
        assert isinstance(found, ExtendedFile)
        assert found.path == f"steps/{step.name}/tests/test_it.py"
        assert instruction_of(task, step).split() == words
