"""The task's own tests on other input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.harden.own import own_cases, own_pins
from harness.harden.tests_of import ExtendedFile, extendable, instruction_of, last_step
from harness.task.texts import environment_files, verifier_texts
from tests.harness.tasks import harbor, read

ROOT = Path(__file__).parents[3]


def test_a_map_is_turned_and_the_number_of_moves_is_asked_anew() -> None:
    task = read(ROOT / "fixtures" / "cases" / "sokoban-solver-faulty")
    place = extendable(task, verifier_texts(task, task.steps[0]))
    assert isinstance(place, ExtendedFile)
    assert place.path == "tests/test_sokoban.py"
    cases = list(own_cases(task, place, dict(environment_files(task)), 0))
    assert any(case.how.endswith("mirrored") for case in cases)
    (pin,) = own_pins(cases[0], {"passed": True, "notes": [7]})
    assert "assert len(moves) == 7" in pin.case.body["code"]
    assert pin.holds({"passed": True, "notes": [7]})
    assert not pin.holds({"passed": True, "notes": [9]})
    assert not pin.holds({"passed": False, "why": "AssertionError"})


def test_an_input_on_which_the_reference_fails_the_test_is_no_case() -> None:
    task = read(ROOT / "fixtures" / "cases" / "sokoban-solver-faulty")
    place = extendable(task, verifier_texts(task, task.steps[0]))
    assert isinstance(place, ExtendedFile)
    (case, *_) = own_cases(task, place, dict(environment_files(task)), 0)
    assert not list(own_pins(case, {"passed": False, "why": "AssertionError"}))
    plain = replace(case, body={**case.body, "numbers": []})
    assert list(own_pins(plain, {"passed": True, "notes": []}))
    assert not list(own_pins(plain, {"passed": False, "why": "AssertionError"}))


def test_tests_that_cannot_be_extended_are_told_of(tmp_path: Path) -> None:
    task = harbor(tmp_path, {"tests/test.sh": "#!/bin/sh\nnode /tests/run.js\n", "tests/run.js": "process.exit(0)\n"})
    found = extendable(task, verifier_texts(task, task.steps[0]))
    assert isinstance(found, str)
    assert found.startswith("its tests are in JavaScript, and new ones can be added to ")


def test_the_last_of_several_steps_gets_the_new_tests(tmp_path: Path) -> None:
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
    found = extendable(task, verifier_texts(task, last_step(task)))
    assert isinstance(found, ExtendedFile)
    assert found.path == "steps/two/tests/test_it.py"
    assert instruction_of(task).split() == ["Do", "one.", "Do", "two."]
