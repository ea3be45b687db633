"""Programs that the tests give a folder that was there before."""

from __future__ import annotations

from base64 import b64encode

from harness.harden.cases import ProgramStart, run_cases_of
from harness.harden.given_folders import with_copies
from harness.trial.end_state import EndState
from harness.trial.watching.calls import Given

START = ProgramStart(("/app/tool", "/app/data", "{folder}/out.txt"), "/app", "", (), "/app/tool", 0)
ENVIRONMENT = {"data/rows.json": Given("data/rows.json", '[{"n": 1}, {"n": 5}]'), "other.txt": Given("other.txt", "x")}


def left(**contents: bytes) -> EndState:
    outputs = {f"/app/data/{name}": b64encode(data).decode() for name, data in contents.items()}
    return EndState(dict.fromkeys(outputs, "f 644 0 0 -"), (), outputs)


def test_a_folder_is_brought_with_what_is_known_of_it() -> None:
    (found,) = with_copies([START], left(more=b"\0\xff"), ENVIRONMENT)
    assert found.argv == ("/app/tool", "{folder}/data", "{folder}/out.txt")
    assert [(file.path, file.text, file.binary) for file in found.files] == [
        ("data/more", "\0\xff", True),
        ("data/rows.json", '[{"n": 1}, {"n": 5}]', False),
    ]


def test_what_solving_leaves_there_is_there_instead_of_what_was() -> None:
    (found,) = with_copies([START], left(**{"rows.json": b"[]"}), ENVIRONMENT)
    assert [file.text for file in found.files] == ["[]"]


def test_a_folder_of_which_nothing_is_known_is_not_brought() -> None:
    assert not list(with_copies([START], left(), {}))
    named = ProgramStart(("/app/tool", "/app/other"), "/app", "", (), "/app/tool", 0)
    assert not list(with_copies([named], left(more=b"x"), ENVIRONMENT))


def test_what_is_in_the_copy_is_changed() -> None:
    (found,) = with_copies([START], left(), ENVIRONMENT)
    changed = [case for case in run_cases_of([found], "", {}, 0) if case.id.startswith("changed-")]
    assert {file["path"] for case in changed for file in case.body["files"]} == {"data/rows.json"}
    assert len({file["text"] for case in changed for file in case.body["files"]}) > 5
