"""From what the tests did to cases: the same again, and the same with other input."""

from __future__ import annotations

import json

from harness.harden.cases import ask_cases, paths_in, reduced, run_cases_of, starts
from harness.harden.pins import Pins
from harness.judging.stated import read_stated
from harness.trial.watching.calls import Call, Given

ROOT = "/tmp/pytest-of-root/pytest-0/test_a0"
OWN = ["/app/plan.py", "/app/tool"]


def call(argv: tuple[str, ...], given: dict[str, str], cwd: str = "/app") -> Call:
    inputs = (("/dev/shm/kept/0", ROOT),) if given else ()
    files = tuple(Given(f"{ROOT}/{name}", text) for name, text in given.items())
    return Call("run", " ".join(argv), "t", argv, cwd, inputs=inputs, given=files)


def test_what_a_test_gave_a_program_moves_with_its_folder() -> None:
    (start,) = starts([call(("python3", "/app/plan.py", f"{ROOT}/in.json"), {"in.json": "{}"})], OWN)
    assert start.argv == ("python3", "/app/plan.py", "{folder}/in.json")
    assert [file.path for file in start.files] == ["in.json"]
    assert start.cwd == "/app"


def test_a_folder_that_a_program_runs_in_moves_too() -> None:
    (start,) = starts([call(("python3", "/app/plan.py", "in.json"), {"in.json": "{}"}, cwd=ROOT)], OWN)
    assert (start.argv[-1], start.cwd) == ("in.json", "{folder}")


def test_other_programs_than_the_solution_s_are_no_cases() -> None:
    assert not starts([call(("git", "status"), {}), call(("curl", "http://localhost"), {})], OWN)


def test_a_program_whose_input_is_not_known_is_no_case() -> None:
    unknown = Call("run", "x", "t", ("/app/tool", f"{ROOT}/in.bin"), "/app", inputs=(("/dev/shm/kept/0", ROOT),))
    assert not starts([unknown], OWN)
    stays = Call(
        "run", "x", "t", ("/app/tool", "/tests/in.bin"), "/app", inputs=(("/dev/shm/kept/0", "/tests/in.bin"),)
    )
    (start,) = starts([stays], OWN)
    assert (start.argv, start.files) == (("/app/tool", "/tests/in.bin"), ())


def test_options_that_the_instruction_names_and_take_no_value_are_tried() -> None:
    found = starts([call(("/app/tool", f"{ROOT}/a.txt"), {"a.txt": "x\n"})], OWN)
    instruction = "`/app/tool FILE [--keep PATTERN] [--dry-run]`: `--dry-run` writes nothing."
    cases = list(run_cases_of(found, instruction, {}, 0))
    assert [case.how for case in cases] == ["as the tests call it", "as the tests call it, twice", "with --dry-run"]
    assert cases[2].body["argv"] == ["/app/tool", "{folder}/a.txt", "--dry-run"]


def test_every_document_that_is_combined_anew_has_a_twin_that_says_the_same() -> None:
    one = call(("/app/tool", f"{ROOT}/a.json"), {"a.json": json.dumps({"x": [{"v": "1"}, {"v": "2"}]})})
    cases = {case.id: case for case in run_cases_of(starts([one], OWN), "", {}, 0)}
    combined = [case for case in cases.values() if case.twin]
    assert combined
    for case in combined:
        mine, other = (json.loads(cases[name].body["files"][0]["text"]) for name in (case.id, case.twin))
        assert {key: sorted(map(json.dumps, value)) for key, value in mine.items()} == {
            key: sorted(map(json.dumps, value)) for key, value in other.items()
        }


def test_a_reduced_case_has_one_thing_less() -> None:
    one = call(("/app/tool", f"{ROOT}/a.json"), {"a.json": json.dumps({"x": [1, 2], "y": [3]})})
    (case,) = [case for case in run_cases_of(starts([one], OWN), "", {}, 0) if case.how == "as the tests call it"]
    less = [json.loads(each.body["files"][0]["text"]) for each in reduced(case)]
    assert {"y": [3]} in less
    assert {"x": [1], "y": [3]} in less
    assert all(each.cost < case.cost for each in reduced(case))


def test_bursts_are_tried_only_where_a_limit_is_spoken_of() -> None:
    calls = [Call("ask", "GET /a", "t", to="127.0.0.1:8080"), Call("ask", "GET /b", "t", to="example.org:80")]
    assert [case.id for case in ask_cases(calls, "Serve the files.")] == ["ask-0"]
    assert "burst-0" in [case.id for case in ask_cases(calls, "Each client may make 1 request per second.")]


def test_paths_of_an_instruction_are_read_without_what_surrounds_them() -> None:
    assert paths_in("Write `/app/out/a.json` (not /tmp/x/b.txt).") == {"/app/out/a.json", "/tmp/x/b.txt"}


def test_a_file_right_in_the_passing_folder_is_brought_and_what_is_written_beside_it_moves() -> None:
    given = (Given("/tmp/in.img", "abc"),)
    words = ("/app/tool", "/tmp/in.img", "/tmp/out")
    (start,) = starts([Call("run", "x", "t", words, "/app", inputs=(("/k/0", "/tmp/in.img"),), given=given)], OWN)
    assert start.argv == ("/app/tool", "{folder}/in.img", "{folder}/out")
    assert [file.path for file in start.files] == ["in.img"]
    assert start.cwd == "/app"


def test_data_is_brought_as_it_is_and_cut() -> None:
    given = (Given("/tmp/in.img", "\xff\0ab", binary=True),)
    inputs = (("/k/0", "/tmp/in.img"),)
    found = starts([Call("run", "x", "t", ("/app/tool", "/tmp/in.img"), "/app", inputs=inputs, given=given)], OWN)
    assert len(list(run_cases_of(found, "Add its bytes.", {}, 0))) == 2
    (own, _, *changed) = run_cases_of(found, "Add its bytes; a truncated file is refused.", {}, 0)
    assert own.body["files"] == [{"path": "in.img", "text": "\xff\0ab", "age": 0, "binary": True}]
    assert [case.body["files"][0]["text"] for case in changed] == ["\xff\0", "\xff\0a", "", "\xff\0ab\xff\0"]
    assert all(case.body["files"][0]["binary"] for case in changed)


def test_what_a_test_has_written_to_its_own_folder_is_written_to_the_case_s() -> None:
    given = (Given("/app/in.img", "abc"),)
    words = ("/app/tool", "/app/in.img", f"--out={ROOT}/out.db")
    (start,) = starts([Call("run", "x", "t", words, ROOT, inputs=(("/k/0", "/app/in.img"),), given=given)], OWN)
    assert start.argv == ("/app/tool", "{folder}/in.img", "--out={folder}/out.db")
    assert start.cwd == "{folder}"


def test_a_second_run_is_stated_only_where_the_instruction_speaks_of_one() -> None:
    found = starts([call(("/app/tool", f"{ROOT}/a.txt"), {"a.txt": "x\n"})], OWN)
    for instruction, why in (("Copy it.", "that it can be run again"), ("It may be run again.", "")):
        (case,) = [case for case in run_cases_of(found, instruction, {}, 0) if case.id == "twice-0"]
        assert (case.body["times"], case.unstated) == (2, why)
        seen = {"ends": True, "status": 0, "out": "", "err": "", "files": {}}
        (pin, *_) = Pins(case, read_stated(instruction, []), "").of(seen)
        assert (pin.says, pin.unstated) == ("it ends well", why)
