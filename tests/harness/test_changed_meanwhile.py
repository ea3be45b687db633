"""A task whose folder changes while it is audited or checked: the result is of what it was before, and says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.check import run_check
from harness.engine.contract import Command
from harness.findings.model import Finding
from harness.judging.controls import ControlSettings
from harness.lab.workers import Threads
from harness.report.check import check_json
from harness.runs import Silent
from harness.task.model import Unusable
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.stages.test_controls import GOOD
from tests.harness.tasks import HARBOR, harbor, read
from tests.harness.test_audit import Found, looking_at, only, run, solve, solves, task, without_times

CHANGED = "changed-meanwhile"


def engine_that(does: Callable[[], None], *, after: int = 0) -> FakeEngine:
    """Tests that look at one key. Something happens once, as the solution runs for the `after`th time."""
    count = [0]

    def solving(box: FakeBox, command: Command) -> Does:
        count[0] += 1
        if count[0] == after + 1:
            does()
        return solve(box, command)

    return FakeEngine([(SOLVE, solving), (VERIFY, looking_at("port"))])


def nothing() -> None:
    pass


def changed(findings: tuple[Finding, ...]) -> list[str]:
    return [each.title for each in findings if each.id == CHANGED]


def verdicts(found: Found) -> Any:
    """Everything but what is said of the change itself."""
    report = without_times(found)
    for entry in report["tasks"]:
        entry["findings"] = [each for each in entry["findings"] if each["id"] != CHANGED]
    return report


def in_place(path: Path, text: str) -> None:
    """As an editor does that keeps the file: a link to it would change, too."""
    with path.open("r+") as file:
        file.write(text)
        file.truncate()


def test_an_edit_meanwhile_changes_no_result_and_is_named(tmp_path: Path) -> None:
    before = run(engine_that(nothing), [task(tmp_path)], tmp_path / "before")
    made = task(tmp_path)
    kept = (made.path / "solution/solve.sh").read_text()

    def edit() -> None:
        in_place(made.path / "solution/solve.sh", kept.replace("8080", "1"))
        in_place(made.path / "tests/test.sh", "#!/bin/bash\nexit 0\n")
        (made.path / "tests/new.txt").write_text("new")
        (made.path / "instruction.md").unlink()

    engine = engine_that(edit)
    found = run(engine, [made], tmp_path / "run")
    assert verdicts(found) == verdicts(before)
    (said,) = changed(only(found).findings)
    assert said == (
        "While it ran instruction.md was removed, solution/solve.sh was changed, tests/new.txt was added, "
        "1 more; this is the result of the task from before that."
    )
    assert found.report()["tasks"][0]["digest"] == made.digest


def test_a_resume_measures_the_changed_task_and_remembers_the_restored_one(tmp_path: Path) -> None:
    made = task(tmp_path)
    script = made.path / "tests/test.sh"
    kept = script.read_text()
    first = run(engine_that(lambda: in_place(script, f"{kept}# more\n")), [made], tmp_path / "run")
    assert changed(only(first).findings)
    shutil.copytree(tmp_path / "run", tmp_path / "changed")
    engine = engine_that(nothing)
    assert changed(only(run(engine, [read(made.path)], tmp_path / "changed")).findings) == []
    assert solves(engine) > 0
    in_place(script, kept)
    engine = engine_that(nothing)
    restored = run(engine, [read(made.path)], tmp_path / "run")
    assert solves(engine) == 0
    assert changed(only(restored).findings) == []
    assert verdicts(restored) == verdicts(first)


def test_a_task_that_is_deleted_meanwhile_has_its_result(tmp_path: Path) -> None:
    before = run(engine_that(nothing), [task(tmp_path)], tmp_path / "before")
    made = task(tmp_path)
    found = run(engine_that(lambda: shutil.rmtree(made.path)), [made], tmp_path / "run")
    assert verdicts(found) == verdicts(before)
    assert changed(only(found).findings) == [
        "While it ran its folder was removed; this is the result of the task from before that."
    ]


def test_what_was_changed_and_put_back_is_no_change(tmp_path: Path) -> None:
    made = task(tmp_path)
    script = made.path / "tests/test.sh"
    kept = script.read_text()

    def edit() -> None:
        script.unlink()
        script.write_text(kept)
        script.chmod(0o755)

    assert changed(only(run(engine_that(edit), [made], tmp_path / "run")).findings) == []


def test_a_task_that_is_edited_before_its_turn_is_measured_as_it_is_then(tmp_path: Path) -> None:
    made = task(tmp_path)
    in_place(made.path / "instruction.md", "The key `port` is 8080. The file is new.\n")
    now = read(made.path)
    assert now.digest != made.digest
    found = run(engine_that(nothing), [made], tmp_path / "run")
    assert only(found).task.digest == now.digest  # type: ignore[union-attr]  # it can be used
    assert changed(only(found).findings) == []
    engine = engine_that(nothing)
    run(engine, [now], tmp_path / "run")
    assert solves(engine) == 0


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (shutil.rmtree, "Its folder cannot be read any more: No such file or directory."),
        (lambda folder: (folder / "tests/test.sh").unlink(), "There is no tests/test.sh, so nothing can be paid."),
    ],
    ids=["removed", "broken"],
)
def test_a_task_that_is_gone_before_its_turn_is_unmeasured(
    tmp_path: Path, does: Callable[[Path], None], why: str
) -> None:
    made = task(tmp_path)
    does(made.path)
    found = only(run(engine_that(nothing), [made], tmp_path / "run"))
    assert isinstance(found.task, Unusable)
    assert [each.title for each in found.findings] == [why]
    assert str(found.task.path) == str(made.path)


def test_no_report_names_the_copy_and_none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    sources: list[Path] = []

    class Watching(FakeBox):
        def put(self, source: Path, target: str) -> None:
            sources.append(source)
            if source.name == "tests":
                raise OSError(5, "broken", str(source))
            super().put(source, target)

    monkeypatch.setattr("tests.harness.fake_engine.FakeBox", Watching)
    found = run(engine_that(nothing), [task(tmp_path)], tmp_path / "run")
    assert {source.is_relative_to(scratch) for source in sources if source.name == "tests"} == {True}
    report = json.dumps(found.report())
    assert str(scratch) not in report
    assert str(read(only(found).task.shown_path).path / "tests") in report
    assert list(scratch.iterdir()) == []


def test_a_check_runs_on_what_the_task_was_at_its_start(tmp_path: Path) -> None:
    made = harbor(tmp_path / "a")
    tests: list[bytes] = []

    def edit(box: FakeBox, _command: Command) -> Does:
        in_place(made.path / "tests/test.sh", "#!/bin/bash\nexit 0\n")
        return Does()

    def verify(box: FakeBox, command: Command) -> Does:
        tests.append(box.files["/tests/test.sh"])
        answer = GOOD[-1][1]
        return answer(box, command) if callable(answer) else answer

    engine = FakeEngine([(SOLVE, edit), (VERIFY, verify)])
    done = run_check(
        Threads.here(engine, 1), [made], ControlSettings(repeat=2, network="off"), watcher=Silent(),
        command=lambda each: each.name, options={},
    )  # fmt: skip
    assert tests == [HARBOR["tests/test.sh"].encode()] * 4
    (checked,) = done.checked
    assert changed(checked.findings) == [
        "While it ran tests/test.sh was changed; this is the result of the task from before that."
    ]
    assert checked.task.path == made.path
    assert check_json(done)["tasks"][0]["path"] == str(made.path)
